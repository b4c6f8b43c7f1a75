import type { EnvoyFilterChain, EnvoyListener, EnvoySecret, EnvoyState } from '../model/envoy.ts';
import { derive, type Evidence } from './evidence.ts';
import type { Workload } from './workloads.ts';

const envoysByPod = derive(
  (evidence) => new Map(evidence.snapshot.envoys.map((envoy) => [`${envoy.namespace}/${envoy.pod}`, envoy])),
);

/** What the Envoys of a workload's pods say; pods without evidence are left out. */
export function envoysOf(evidence: Evidence, workload: Workload): readonly EnvoyState[] {
  const known = envoysByPod(evidence);
  return workload.pods.flatMap((pod) => known.get(`${pod.namespace}/${pod.name}`) ?? []);
}

/** How one Envoy holds a secret. `refused`: it shows content, but no TLS context was built of it. */
export type HeldState = 'active' | 'warming' | 'refused' | 'not-asked';

export interface HeldSecret {
  readonly envoy: EnvoyState;
  readonly state: HeldState;
  readonly secret?: EnvoySecret;
}

/** What is asked of one Envoy again and again: a gateway may hold thousands of secrets and chains. */
interface EnvoyIndex {
  readonly serials?: ReadonlySet<string>;
  readonly secrets: ReadonlyMap<string, readonly EnvoySecret[]>;
  readonly warming: ReadonlySet<string>;
}

const indexes = new WeakMap<EnvoyState, EnvoyIndex>();

function indexOf(envoy: EnvoyState): EnvoyIndex {
  const known = indexes.get(envoy);
  if (known) return known;
  const secrets = envoy.secrets ?? [];
  const index: EnvoyIndex = {
    secrets: Map.groupBy(secrets, ({ name }) => name),
    warming: new Set(secrets.filter(({ state }) => state === 'warming').map(({ name }) => name)),
    ...(envoy.loadedCertificates && {
      serials: new Set(envoy.loadedCertificates.map(({ serialNumber }) => serialNumber)),
    }),
  };
  indexes.set(envoy, index);
  return index;
}

/**
 * Whether Envoy built a TLS context with this content. A refused secret is listed as active with the refused content,
 * and only `/certs` tells the difference: it holds the leaf of each pair and the first certificate of each CA
 * [seen: 1.29.5]. Undefined where that cannot be told: no `/certs`, no certificate, or a chain that waits for another
 * secret and is not built because of that one.
 */
function isLoaded(envoy: EnvoyState, secret: EnvoySecret): boolean | undefined {
  const { serials, warming } = indexOf(envoy);
  const first = secret.certificates[0];
  if (!serials || !first) return undefined;
  if (serials.has(first.serialNumber)) return true;
  const waits = ({ tls }: EnvoyFilterChain): boolean =>
    [...(tls?.secrets ?? []), ...(tls?.validationSecret === undefined ? [] : [tls.validationSecret])].some((name) =>
      warming.has(name),
    );
  const chains = chainsWith(envoy, secret.name);
  return chains.some(({ chain }) => !waits(chain)) ? false : undefined;
}

/** The state of a secret, by the name that Envoy asks for, in one Envoy; undefined when its secrets were not seen. */
export function heldIn(envoy: EnvoyState, sdsName: string): HeldSecret | undefined {
  if (!envoy.secrets) return undefined;
  const named = indexOf(envoy).secrets.get(sdsName) ?? [];
  const active = named.find(({ state }) => state === 'active');
  if (active) {
    const pemRefused = active.content === 'key-pair' && active.certificates.length === 0;
    const refused = pemRefused || isLoaded(envoy, active) === false;
    return { envoy, state: refused ? 'refused' : 'active', secret: active };
  }
  const warming = named.find(({ state }) => state === 'warming');
  return warming ? { envoy, state: 'warming', secret: warming } : { envoy, state: 'not-asked' };
}

/** The state of a secret in each Envoy of a workload. */
export const heldBy = (evidence: Evidence, workload: Workload, sdsName: string): readonly HeldSecret[] =>
  envoysOf(evidence, workload).flatMap((envoy) => heldIn(envoy, sdsName) ?? []);

/** The version of each listener that is in force: static or active. */
export const activeListeners = (envoy: EnvoyState): readonly EnvoyListener[] =>
  (envoy.listeners ?? []).filter(({ state, udp }) => (state === 'active' || state === 'static') && !udp);

export const listenerOnPort = (envoy: EnvoyState, port: number): EnvoyListener | undefined =>
  activeListeners(envoy).find((listener) => listener.port === port);

/** All chains of an Envoy that refer to a secret, with their listeners. */
export function chainsWith(
  envoy: EnvoyState,
  sdsName: string,
): readonly { readonly listener: EnvoyListener; readonly chain: EnvoyFilterChain }[] {
  return activeListeners(envoy).flatMap((listener) =>
    listener.chains
      .filter(({ tls }) => tls?.secrets.includes(sdsName) === true || tls?.validationSecret === sdsName)
      .map((chain) => ({ listener, chain })),
  );
}
