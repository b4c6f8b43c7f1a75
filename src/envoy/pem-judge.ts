import type { Certificate, PemProblem } from '../model/certificate.ts';

/** Reads the certificates of a PEM text, and says what is wrong with it. */
export type PemJudge = (pem: string) => {
  readonly certificates: readonly Certificate[];
  readonly problems: readonly PemProblem[];
};
