import { rootCertificates } from 'node:tls';
import type { Certificate } from '../model/certificate.ts';
import { readCertificate } from './read-certificate.ts';

let roots: readonly Certificate[] | undefined;

/** The roots of the public web, as Mozilla keeps them and this Node brings them. Read at the first call. */
export function publicRoots(): readonly Certificate[] {
  roots ??= rootCertificates.flatMap((pem) => readCertificate(pem) ?? []);
  return roots;
}
