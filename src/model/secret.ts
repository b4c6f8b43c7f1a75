import type { Certificate, PemProblem, PrivateKeyFacts, RevocationList } from './certificate.ts';
import type { Meta } from './resource.ts';

/**
 * One value of a Secret, as facts. Certificates and revocation lists are public and kept whole;
 * of everything else only the size and what it is stay.
 */
export interface SecretValue {
  readonly kind: 'certificates' | 'private-key' | 'crl' | 'opaque' | 'empty' | 'withheld';
  readonly bytes: number;
  readonly pemProblems: readonly PemProblem[];
  readonly certificates: readonly Certificate[];
  readonly privateKey?: PrivateKeyFacts;
  readonly revocationLists?: readonly RevocationList[];
  /** The text of a value that holds nothing private (certificates, revocation lists), so that a snapshot can keep it. */
  readonly publicText?: string;
}

/** A Secret without its private values. `kind: 'withheld'` is a value that a snapshot left out and says nothing about. */
export interface Secret extends Meta {
  readonly type: string;
  readonly values: Readonly<Record<string, SecretValue>>;
  /** Keys whose value was no base64: the API refuses such a Secret, a file can hold it. */
  readonly invalidBase64: readonly string[];
}
