import { deliveryOf, isDelivered } from '../../facts/delivery.ts';
import type { Evidence } from '../../facts/evidence.ts';
import type { Blind } from '../check.ts';
import type { Uses } from './consequences.ts';

/**
 * What cannot be told of a Secret that could not be read, for the servers of which nobody has seen that they have it.
 * Where no pod is known the gap is that of the pods, which others tell.
 */
export function* unreadSecret(evidence: Evidence, uses: Uses, about: string): Iterable<Blind> {
  const [{ state, assumed }] = uses;
  if (state.state !== 'unknown' || assumed) return;
  const unserved = uses.filter((use) => !isDelivered(deliveryOf(evidence, use)));
  if (unserved.length > 0) yield { blind: state.gap, about, affects: unserved.map(({ server }) => ({ server })) };
}
