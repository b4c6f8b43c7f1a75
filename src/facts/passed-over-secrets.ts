import { atLeast } from '../istio/release.ts';
import type { CredentialUse } from './credentials.ts';
import type { Evidence } from './evidence.ts';
import { eventsAbout } from './log-events.ts';
import { release } from './mesh.ts';

/** Why the agents of Istio 1.1.3 to 1.7 did not look at a Secret, whatever it held. */
export type PassOver = 'reserved-name' | 'token';

/** Names that were kept for Istio's own Secrets. */
const reserved = /^(?:istio|prometheus)/;

function hasToken(evidence: Evidence, { namespace, name }: CredentialUse): boolean {
  const found = evidence.secret(namespace, name);
  const token = found.state === 'found' ? found.value.values['token'] : undefined;
  return token !== undefined && token.kind !== 'empty';
}

/**
 * Whether the naming rules of the older agents hold (secretfetcher.go, functions isIngressGatewaySecret and
 * isGatewaySecret). They came with 1.1.3 and went with the agents in 1.8: a release that is not known has none of them.
 */
export function hasNamingRules(evidence: Evidence, use: CredentialUse): boolean {
  const rules = use.workload?.release ?? release(evidence);
  return use.role === 'pair' && rules !== undefined && atLeast(rules, 1, 1, 3) && !atLeast(rules, 1, 8);
}

/** The rules by which the agent of a use's release passes its Secret over; none for most. */
export function passedOverFor(evidence: Evidence, use: CredentialUse): readonly PassOver[] {
  if (!hasNamingRules(evidence, use)) return [];
  if (reserved.test(use.name)) return hasToken(evidence, use) ? ['reserved-name', 'token'] : ['reserved-name'];
  // with the name in order, an agent that passes the Secret over can only mean the token
  const said = use.state.state === 'unknown' && eventsAbout(evidence, use, 'secret-reserved-name').length > 0;
  return said || hasToken(evidence, use) ? ['token'] : [];
}
