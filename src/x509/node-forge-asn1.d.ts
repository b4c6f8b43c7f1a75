/**
 * The one module of node-forge that istls reads and writes DER with. Importing it by its path costs 7 ms, all of
 * node-forge 50; `@types/node-forge` describes only the whole, and leaves out the options of `fromDer`.
 */
declare module 'node-forge/lib/asn1.js' {
  export interface Asn1 {
    /** The two class bits in place: 0x00 universal, 0x80 context-specific. */
    readonly tagClass: number;
    /** The tag number, below 31. */
    readonly type: number;
    readonly constructed: boolean;
    /** The children, or the bytes of the value as one character each. */
    readonly value: string | readonly Asn1[];
  }

  export interface FromDerOptions {
    strict?: boolean;
    parseAllBytes?: boolean;
    decodeBitStrings?: boolean;
    maxDepth?: number;
  }

  interface ByteStringBuffer {
    getBytes(): string;
  }

  const asn1: {
    create(tagClass: number, type: number, constructed: boolean, value: string | readonly Asn1[]): Asn1;
    fromDer(bytes: string, options: FromDerOptions): Asn1;
    toDer(node: Asn1): ByteStringBuffer;
    oidToDer(oid: string): ByteStringBuffer;
    derToOid(bytes: string): string;
    utcTimeToDate(text: string): Date;
    generalizedTimeToDate(text: string): Date;
    dateToUtcTime(date: Date): string;
    dateToGeneralizedTime(date: Date): string;
  };
  export default asn1;
}
