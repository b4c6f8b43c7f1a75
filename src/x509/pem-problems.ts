import type { PemProblem } from '../model/certificate.ts';

/**
 * What Envoy does with a value that has the problem. `refused`: it takes nothing of the value (NACK). `passed-over`: it
 * reads the rest as if the block in question were not there. `taken`: it does not mind.
 * A revocation list in which there is nothing to read (`no-pem-block`, `other-blocks-only`, `der` and the like) is
 * taken, and then every client is refused with `unknown_ca` [Envoy 1.38.3]: that is as bad, so it counts as refused.
 */
export type PemEffect = 'refused' | 'passed-over' | 'taken';

export const pemEffects: Readonly<Record<PemProblem, PemEffect>> = {
  empty: 'refused',
  'no-pem-block': 'refused',
  'other-blocks-only': 'refused',
  'base64-twice': 'refused',
  der: 'refused',
  pkcs12: 'refused',
  'utf-16': 'refused',
  'blocks-joined': 'refused',
  'begin-without-end': 'refused',
  'bad-header': 'refused',
  'bad-base64': 'refused',
  'not-a-certificate': 'refused',
  'not-a-crl': 'refused',
  encrypted: 'refused',
  'unreadable-key': 'refused',
  'byte-order-mark': 'passed-over',
  'begin-inside-line': 'passed-over',
  'lost-line-breaks': 'passed-over',
  'several-keys': 'taken',
  'key-among-certificates': 'taken',
};

/** Whether Envoy refuses a value for this. Where a block was passed over and nothing is left, that is a problem too. */
export function isFatal(problem: PemProblem): boolean {
  return pemEffects[problem] === 'refused';
}
