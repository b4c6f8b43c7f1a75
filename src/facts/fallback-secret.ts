import { atLeast } from '../istio/release.ts';
import type { Observation } from '../model/finding.ts';
import { observed } from './credential-trail.ts';
import type { CredentialUse } from './credentials.ts';
import type { Evidence } from './evidence.ts';
import { eventsAbout } from './log-events.ts';
import { release } from './mesh.ts';
import { fitsServer, leafOf } from './twins.ts';

/** A Secret that is served in the place of one that is missing. */
export interface FallbackSecret {
  readonly name: string;
  /** Whether its certificate is one for the server's hosts all the same. */
  readonly fits: boolean;
  readonly observations: readonly Observation[];
}

/**
 * The agents of Istio 1.1.7 to 1.7 served `gateway-fallback`, or what INGRESS_GATEWAY_FALLBACK_SECRET named (to 1.4), for
 * a Secret that they did not find (istio-gateway-tls 3.5).
 */
export function fallbackFor(evidence: Evidence, use: CredentialUse): FallbackSecret | undefined {
  const rules = use.workload?.release ?? release(evidence);
  if (!rules || !atLeast(rules, 1, 1, 7) || atLeast(rules, 1, 8)) return undefined;
  const set = evidence.snapshot.settings.find(
    ({ namespace, name }) => namespace === use.namespace && name === 'INGRESS_GATEWAY_FALLBACK_SECRET',
  );
  const name = set?.value ?? 'gateway-fallback';
  const given = eventsAbout(evidence, use, 'secret-fallback').findLast(({ reason }) => reason?.startsWith('gives '));
  const found = evidence.secret(use.namespace, name);
  const leaf = found.state === 'found' ? leafOf(found.value) : undefined;
  if (!given && !leaf) return undefined;
  return {
    name,
    fits: leaf !== undefined && fitsServer(leaf, use.server),
    observations: [
      ...(leaf
        ? [{ source: 'secret' as const, ref: `${use.namespace}/${name}`, detail: `is there: ${leaf.subject}` }]
        : []),
      ...(given ? [observed(given)] : []),
    ],
  };
}
