import type { Evidence } from '../../facts/evidence.ts';
import { serversUsing, type KeyPair, type PairUse } from '../../facts/key-pairs.ts';
import type { RefusalReason } from '../../facts/refusal-reason.ts';
import { refusalsSeen } from '../../facts/refused-credentials.ts';
import { isStillServed } from '../../facts/still-served.ts';
import { subjectOf } from '../../kubernetes/names.ts';
import type { Fix, Observation } from '../../model/finding.ts';
import type { Secret } from '../../model/secret.ts';
import type { Fault } from '../check.ts';
import { affectedBy, confirmServers } from './chain-fault.ts';

/** Whether clients still get an older certificate in spite of the refusal: told of every server, or not at all. */
const goesOn = (evidence: Evidence, uses: readonly PairUse[]): boolean =>
  uses.length > 0 && uses.every((use) => isStillServed(evidence, use) === true);

/** What a refusal comes to for clients, as a sentence. */
export function consequenceOf(evidence: Evidence, uses: readonly PairUse[]): string {
  if (goesOn(evidence, uses)) {
    return 'Envoy refuses the change and goes on with the pair that it had before; after its next restart every handshake of these hosts is reset.';
  }
  return serversUsing(uses).every(({ from }) => from === 'GatewayAPI')
    ? 'istiod leaves the listener out of the gateway, and every handshake of its host is reset.'
    : 'Envoy refuses the pair, and every handshake of these hosts is reset without an alert.';
}

interface About {
  /** The Secret to mend and its key. */
  readonly secret: Secret;
  readonly key: string;
  readonly title: string;
  readonly what: string;
  readonly detail: string;
  /** The words in which Envoy or istiod refuse it. */
  readonly reasons: readonly RefusalReason[];
  readonly fix: Fix;
  readonly misleading?: readonly string[];
  readonly ruledOut?: readonly string[];
  readonly evidence?: readonly Observation[];
}

/** A pair that was read and that Envoy refuses. */
export function refusedPair(evidence: Evidence, { uses }: Pick<KeyPair, 'uses'>, about: About): Fault {
  const { secret, key, title, what, detail, reasons, fix, misleading = [], ruledOut = [] } = about;
  const servers = serversUsing(uses);
  const seen = uses.flatMap((use) => refusalsSeen(evidence, { ...use, role: 'pair' }, reasons));
  const unique = [...new Map(seen.map((one) => [`${one.ref}|${one.detail}`, one])).values()];
  const still = goesOn(evidence, uses);
  return {
    subject: subjectOf(secret, `data[${key}]`),
    title,
    message: `${what} ${consequenceOf(evidence, uses)}`,
    evidence: [
      { source: 'secret', ref: `${secret.namespace}/${secret.name}`, detail: `${key}: ${detail}` },
      ...(about.evidence ?? []),
      ...unique.slice(0, 4),
    ],
    affects: affectedBy(uses),
    confidence: uses.every(({ assumed }) => assumed) ? 0.8 : 0.95,
    severity: still ? 'warning' : 'error',
    fix,
    confirm: confirmServers(servers),
    misleading: [
      ...misleading,
      ...(still ? ['Clients notice nothing yet: Envoy keeps the last pair that it took.'] : []),
    ],
    ruledOut,
  };
}
