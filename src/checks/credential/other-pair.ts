import { credentialsOf, type CredentialUse } from '../../facts/credentials.ts';
import type { Evidence } from '../../facts/evidence.ts';

/** What happens to a server of which one of two key pairs does not come. */
export interface OtherPair {
  /** Whether clients are served all the same. */
  readonly serves: boolean;
  readonly effect: string;
}

/**
 * A server with two key pairs, of which another one than this is good. Envoy goes on with one of two; the Gateway API
 * takes the second away in silence, but not the first: the listener then shows the gateway's own mesh certificate
 * [both seen: 1.29.5].
 */
export function otherPairOf(evidence: Evidence, use: CredentialUse): OtherPair | undefined {
  const pairs = credentialsOf(evidence, use.server).filter(
    ({ role, workload }) => role === 'pair' && workload?.key === use.workload?.key,
  );
  const other = pairs.find(({ path, state, denied }) => path !== use.path && state.state === 'pair' && !denied);
  if (!other) return undefined;
  if (use.server.from === 'GatewayAPI' && pairs[0]?.path === use.path) {
    return {
      serves: false,
      effect: 'The listener falls back to the certificate that the gateway has for the mesh, which no client trusts.',
    };
  }
  return {
    serves: true,
    effect: `The gateway goes on with ${other.written} alone: clients that need the other kind of key cannot connect.`,
  };
}
