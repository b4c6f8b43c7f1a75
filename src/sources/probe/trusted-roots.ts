import { getCACertificates } from 'node:tls';
import type { Certificate } from '../../model/certificate.ts';
import { isSelfSigned } from '../../x509/chain.ts';
import { readCertificate } from '../../x509/read-certificate.ts';
import type { Trust } from './plan.ts';

/** Every plan that trusts the public roots shares this one, so that they are parsed once. */
const systemTrust: Trust = { kind: 'system' };

/** One object for one trust: what is made of it is kept by it. */
export function sharedTrust(trust: Trust | undefined): Trust {
  return trust === undefined || trust.kind === 'system' ? systemTrust : trust;
}

/**
 * The certificates that a trust names, PEM. `system` is Node's roots, NODE_EXTRA_CA_CERTS and this machine's store
 * (SSL_CERT_FILE and SSL_CERT_DIR included), because curl would take the last.
 */
export function rootsOf(trust: Trust): readonly string[] {
  if (trust.kind === 'none') return [];
  if (trust.kind === 'certificates') return trust.certificates;
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
}

const read = new WeakMap<Trust, readonly Certificate[]>();

/** The same, read. */
export function anchorsOf(trust: Trust): readonly Certificate[] {
  const known = read.get(trust);
  if (known) return known;
  const anchors = rootsOf(trust).flatMap((pem) => readCertificate(pem) ?? []);
  read.set(trust, anchors);
  return anchors;
}

/** Whether a chain has to end in a root to be trusted. The public roots are taken for roots without a look. */
export function hasRootsOnly(trust: Trust): boolean {
  return trust.kind !== 'certificates' || anchorsOf(trust).every(isSelfSigned);
}
