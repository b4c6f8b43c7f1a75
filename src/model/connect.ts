/** `--resolve HOST:PORT:ADDRESS`, as curl reads it. `host` is `*` for every host; the addresses are tried in order. */
export interface ResolveRule {
  readonly host: string;
  readonly port: number;
  readonly addresses: readonly string[];
}

/** `--connect-to HOST1:PORT1:HOST2:PORT2`, as curl reads it. What is absent of `from` matches all, of `to` stays as asked. */
export interface ConnectToRule {
  readonly from: { readonly host?: string; readonly port?: number };
  readonly to: { readonly host?: string; readonly port?: number };
}
