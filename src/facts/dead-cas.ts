import type { Certificate } from '../model/certificate.ts';
import { issued } from '../x509/chain.ts';
import { comparableName } from '../x509/distinguished-name.ts';
import { isInDate } from './certificate-dates.ts';

const sameCa = (a: Certificate, b: Certificate): boolean =>
  comparableName(a.subject) === comparableName(b.subject) && a.publicKey.sha256 === b.publicKey.sha256;

/** A CA of a bundle that is out of its dates and keeps clients out. */
export interface DeadCa {
  readonly ca: Certificate;
  /** Why it does harm although others are good; absent where no other is. */
  readonly hides?: Certificate;
  readonly how: 'alone' | 'before-its-successor' | 'above';
}

/**
 * CAs of a bundle that are out of their dates and keep clients out. An old CA left beside its successor is harmless,
 * except where it stands before one of the same name and key, since the first that fits is taken, and where it issued a
 * valid one of the bundle, since issuers that are in the bundle must be valid too [Envoy 1.38.3].
 */
export function deadCas(anchors: readonly Certificate[], at: Date): readonly DeadCa[] {
  const good = anchors.filter((anchor) => isInDate(anchor, at));
  return anchors.flatMap((ca, place): readonly DeadCa[] => {
    if (isInDate(ca, at)) return [];
    if (good.length === 0) return [{ ca, how: 'alone' }];
    const successor = anchors.slice(place + 1).find((other) => isInDate(other, at) && sameCa(other, ca));
    if (successor) return [{ ca, how: 'before-its-successor', hides: successor }];
    const below = good.find((other) => !sameCa(other, ca) && issued(ca, other));
    const renewed = anchors.slice(0, place).some((other) => isInDate(other, at) && sameCa(other, ca));
    return below && !renewed ? [{ ca, how: 'above', hides: below }] : [];
  });
}
