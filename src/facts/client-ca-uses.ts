import { named } from '../kubernetes/names.ts';
import type { Observation } from '../model/finding.ts';
import type { LogEvent } from '../model/log-event.ts';
import type { Secret } from '../model/secret.ts';
import { credentialTrail, heldObservations, observed } from './credential-trail.ts';
import { credentialsOf, credentialUses, type CredentialUse } from './credentials.ts';
import { derive, type Evidence } from './evidence.ts';
import { eventsAbout } from './log-events.ts';
import { heldBy } from './proxies.ts';
import type { Server } from './servers.ts';

/**
 * Why no CA for clients reaches Envoy:
 * - `missing`: nothing holds one; `empty`: the key is there without a value;
 * - `wrong-key`: the Secret with -cacert holds it under a key that is not read;
 * - `not-a-ca`: `caCertCredentialName` names a Secret without -cacert, which is sent as a key pair, if it is one.
 */
export interface LackingCa {
  readonly why: 'missing' | 'empty' | 'wrong-key' | 'not-a-ca';
  readonly use: CredentialUse;
  readonly servers: readonly Server[];
  /** The keys that were found in place of a CA's. */
  readonly keys: readonly string[];
  readonly seen: readonly Observation[];
  /** 0 to 1: read in the Secrets, said by istiod with its reason, or only concluded. */
  readonly confidence: number;
}

type Lack = Pick<LackingCa, 'why' | 'keys' | 'seen' | 'confidence'>;

export const isConfigMap = ({ reference }: CredentialUse): boolean => reference.scheme === 'configmap';

/** Named by `caCertCredentialName`, which is taken as it stands (1.28). */
const isVerbatim = ({ path, server }: CredentialUse): boolean => path === `${server.path}.tls.caCertCredentialName`;

function observedKeys({ namespace, name }: { namespace: string; name: string }, keys: readonly string[]): Observation {
  return { source: 'secret', ref: `${namespace}/${name}`, detail: `keys: ${keys.join(', ') || 'none'}` };
}

const hasPairKeys = (keys: readonly string[]): boolean =>
  (keys.includes('tls.crt') && keys.includes('tls.key')) || (keys.includes('cert') && keys.includes('key'));

function ofWrongKeys(use: CredentialUse, secret: Secret, keys: readonly string[]): Lack {
  const { namespace, name } = use;
  const seen = [observedKeys(secret, keys)];
  if (isVerbatim(use) && !isConfigMap(use) && !name.endsWith('-cacert')) {
    return { why: 'not-a-ca', keys, seen, confidence: 0.9 };
  }
  const isOwn = secret.name === name && (name.endsWith('-cacert') || !hasPairKeys(keys));
  if (isOwn) return { why: 'wrong-key', keys, seen, confidence: 0.95 };
  const absent: Observation = { source: 'secret', ref: `${namespace}/${name}`, detail: 'NotFound' };
  return { why: 'missing', keys, seen: [...seen, ...(secret.name === name ? [] : [absent])], confidence: 0.95 };
}

function byObjects(use: CredentialUse): Lack | undefined {
  const { state, namespace, name, fallback } = use;
  if (state.state === 'wrong-keys') return ofWrongKeys(use, state.secret, state.found);
  if (state.state === 'empty') {
    const empty = state.keys.map((key) => `${key} (empty)`);
    return { why: 'empty', keys: state.keys, seen: [observedKeys(state.secret, empty)], confidence: 0.95 };
  }
  // with a fallback, the pair itself is missing as well, and that comes first
  if (state.state !== 'absent' || fallback !== undefined) return undefined;
  const what = isConfigMap(use) ? 'ConfigMap' : 'Secret';
  const seen: Observation = { source: 'resource', ref: `${what} ${namespace}/${name}`, detail: 'NotFound' };
  return { why: 'missing', keys: [], seen: [seen], confidence: 0.93 };
}

const pairKeys: ReadonlySet<string> = new Set(['tls.crt', 'tls.key', 'cert', 'key']);

/** istiod's line speaks of the Secret that it ended at: with the keys of a pair, that is the fallback. */
function ofEvent(event: LogEvent): Lack | undefined {
  const seen = [observed(event)];
  const keys = event.keys ?? [];
  if (event.kind === 'secret-empty') return { why: 'empty', keys, seen, confidence: 0.85 };
  if (event.kind === 'secret-wrong-keys') {
    const isPair = keys.some((key) => pairKeys.has(key));
    return { why: isPair ? 'missing' : 'wrong-key', keys, seen, confidence: 0.85 };
  }
  return { why: 'missing', keys, seen, confidence: event.kind === 'secret-fetch-failed' ? 0.6 : 0.7 };
}

/** Whether the pair beside the CA arrived: else both are missing for one reason, which is not the CA's. */
function pairIsThere(evidence: Evidence, use: CredentialUse): boolean {
  const pair = credentialsOf(evidence, use.server).find(
    ({ role, workload }) => role === 'pair' && workload === use.workload,
  );
  if (!pair || pair.denied !== undefined || pair.state.state === 'absent') return false;
  if (pair.state.state === 'pair') return true;
  const failed = eventsAbout(
    evidence,
    pair,
    'secret-not-found',
    'secret-wrong-keys',
    'secret-fetch-failed',
    'secret-denied-rbac',
    'secret-denied',
  );
  return failed.length === 0;
}

function byTrail(evidence: Evidence, use: CredentialUse): Lack | undefined {
  if (use.state.state !== 'unknown' || !pairIsThere(evidence, use)) return undefined;
  const held = use.workload ? heldBy(evidence, use.workload, use.sdsName) : [];
  if (held.length > 0 && held.every(({ state }) => state === 'active')) return undefined;
  const lines = eventsAbout(
    evidence,
    use,
    'secret-wrong-keys',
    'secret-empty',
    'secret-not-found',
    'secret-fetch-failed',
  );
  const newest = [...lines].sort((a, b) => (a.at ?? '').localeCompare(b.at ?? '')).at(-1);
  if (newest) return ofEvent(newest);
  const waits = held.length > 0 && held.every(({ state }) => state === 'warming');
  return waits ? { why: 'missing', keys: [], seen: [], confidence: 0.55 } : undefined;
}

/** Every CA for clients that a server asks for and that does not arrive, once for each place. */
export const lackingCas = derive((evidence): readonly LackingCa[] => {
  const found = credentialUses(evidence).flatMap((use) => {
    if (use.role !== 'ca' || use.denied !== undefined || use.assumed) return [];
    const lack = byObjects(use) ?? byTrail(evidence, use);
    return lack ? [{ use, lack }] : [];
  });
  const groups = Map.groupBy(found, ({ use }) => `${use.reference.scheme}|${use.namespace}/${use.name}`);
  return [...groups.values()].flatMap(([first, ...rest]) => {
    if (!first) return [];
    const { use, lack } = first;
    const servers = [...new Set([first, ...rest].map((one) => one.use.server))];
    const trail = lack.confidence > 0.9 ? credentialTrail(evidence, use) : heldObservations(evidence, use);
    return [{ ...lack, use, servers, seen: [...lack.seen, ...trail] }];
  });
});

/** Where a CA for clients was asked for, in words: `Gateway shop/b2b spec.servers[0]`. */
export const askedBy = ({ server }: CredentialUse): string => `${named(server.owner)} ${server.path}`;

/** The CAs of which nothing is known, neither from Secrets nor from Envoy. */
export const unseenCas = derive((evidence): readonly CredentialUse[] =>
  credentialUses(evidence).filter((use) => {
    if (use.role !== 'ca' || use.state.state !== 'unknown') return false;
    const held = use.workload ? heldBy(evidence, use.workload, use.sdsName) : [];
    return !held.some(({ state }) => state === 'active') && byTrail(evidence, use) === undefined;
  }),
);
