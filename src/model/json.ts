/** What a JSON or YAML document can hold. Everything that comes from outside is one of these until it has been read. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [field: string]: Json | undefined;
}
