import { X509Certificate } from 'node:crypto';
import { getCACertificates } from 'node:tls';
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

const parsed = new WeakMap<Trust, readonly X509Certificate[]>();

/** The same, parsed. */
export function anchorsOf(trust: Trust): readonly X509Certificate[] {
  const known = parsed.get(trust);
  if (known) return known;
  const anchors = rootsOf(trust).map((pem) => new X509Certificate(pem));
  parsed.set(trust, anchors);
  return anchors;
}
