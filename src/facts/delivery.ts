import type { CredentialUse } from './credentials.ts';
import type { Evidence } from './evidence.ts';
import { probesOf, type ReadProbe } from './probes.ts';
import { heldBy } from './proxies.ts';

/** What dumps and probes show of a credential's arrival, pod by pod where that can be told. */
export interface Delivery {
  /** NAMESPACE/NAME of pods that have the credential, and of pods that wait for it or refused it. */
  readonly having: readonly string[];
  readonly lacking: readonly string[];
  /** Whether clients were answered with a certificate, and whether any was cut off before the server said a word. */
  readonly answered: boolean;
  readonly cutOff: boolean;
}

const isAnswered = ({ probe }: ReadProbe): boolean => probe.protocol !== undefined || (probe.chain?.length ?? 0) > 0;

const isCutOff = (read: ReadProbe): boolean =>
  !isAnswered(read) && ['reset', 'closed', 'refused'].includes(read.probe.outcome);

const podsOf = (probes: readonly ReadProbe[]): readonly string[] =>
  probes.flatMap(({ probe }) => (probe.pod === undefined ? [] : [probe.pod]));

/** Whether a credential reached the Envoys that ask for it. Dumps go before probes, which see one pod behind a balancer. */
export function deliveryOf(evidence: Evidence, use: CredentialUse): Delivery {
  const held = use.workload ? heldBy(evidence, use.workload, use.sdsName) : [];
  const podsIn = (...states: readonly string[]): readonly string[] =>
    held.flatMap(({ envoy, state }) => (states.includes(state) ? [`${envoy.namespace}/${envoy.pod}`] : []));
  const dumped = new Set(held.map(({ envoy }) => `${envoy.namespace}/${envoy.pod}`));
  const probes = probesOf(evidence)(use.server);
  const answered = probes.filter(isAnswered);
  const cutOff = probes.filter(isCutOff);
  const seen = (reads: readonly ReadProbe[]): readonly string[] => podsOf(reads).filter((pod) => !dumped.has(pod));
  return {
    having: [...new Set([...podsIn('active'), ...seen(answered)])],
    lacking: [...new Set([...podsIn('warming', 'refused'), ...seen(cutOff)])],
    answered: answered.length > 0,
    cutOff: cutOff.length > 0,
  };
}

/** Nothing speaks against it, and something for it: the credential is in use now. */
export const isDelivered = ({ having, lacking, answered, cutOff }: Delivery): boolean =>
  lacking.length === 0 && !cutOff && (having.length > 0 || answered);

/** Only some of the pods lack it: those are named in a fault, the others still answer. */
export const lackingSome = ({ having, lacking }: Delivery): readonly string[] | undefined =>
  having.length > 0 && lacking.length > 0 ? lacking : undefined;
