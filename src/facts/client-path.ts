import type { Certificate } from '../model/certificate.ts';
import { issued, isSelfSigned } from '../x509/chain.ts';
import { isInDate } from './certificate-dates.ts';
import type { Evidence } from './evidence.ts';
import { publicIssuerOf } from './known-certificates.ts';

/**
 * The way a client of today takes through a chain: from the leaf upwards over what it was sent, and out of it as soon as
 * a root that it has of its own issued what it looks at. What stands above that, such as an old cross-signature, is
 * never looked at.
 */
export interface ClientPath {
  readonly links: readonly [Certificate, ...Certificate[]];
  /**
   * `public-root`, `given-ca`: a root that clients have, or that was named with `--cacert`, issued the last link;
   * `self-signed`: the last link is a root that was sent along; `open`: the issuer of the last link was not sent.
   */
  readonly end: 'public-root' | 'given-ca' | 'self-signed' | 'open';
}

const longest = 20;

/** Follows a chain, leaf first. Of several copies of an issuer that fit, one in its dates is taken. */
export function clientPath(evidence: Evidence, chain: readonly [Certificate, ...Certificate[]]): ClientPath {
  const given = evidence.snapshot.question.trusted ?? [];
  const links: [Certificate, ...Certificate[]] = [chain[0]];
  for (let top: Certificate = chain[0]; ;) {
    const here = top;
    if (given.some((ca) => ca.sha256 === here.sha256 || issued(ca, here))) return { links, end: 'given-ca' };
    if (isSelfSigned(here)) return { links, end: 'self-signed' };
    if (publicIssuerOf(here)) return { links, end: 'public-root' };
    const issuers = chain.filter((candidate) => !links.includes(candidate) && issued(candidate, here));
    const next = issuers.find((candidate) => isInDate(candidate, evidence.now)) ?? issuers[0];
    if (!next || links.length >= longest) return { links, end: 'open' };
    links.push(next);
    top = next;
  }
}
