import { kinds } from '../kubernetes/kinds.ts';
import { textMapAt } from '../kubernetes/read.ts';
import { atLeast, before, type Release } from '../istio/release.ts';
import { caSuffix, readCredentialName, sdsName, type CredentialReference } from '../istio/sds-names.ts';
import type { Gap, Lookup } from '../model/coverage.ts';
import type { Resource } from '../model/resource.ts';
import type { Secret, SecretValue } from '../model/secret.ts';
import { readSecretValue } from '../x509/read-secret-value.ts';
import { derive, type Evidence } from './evidence.ts';
import { attachmentOf } from './attachments.ts';
import { isUngranted, placeOf, placeOfReference, type Denial } from './credential-references.ts';
import { release } from './mesh.ts';
import { asksClients, servers, terminatesTls, type CaReference, type CredentialName, type Server } from './servers.ts';
import type { Workload } from './workloads.ts';

/** What is in the place where istiod (or the old agent) looks: a Secret, or for a CA a ConfigMap read as one. */
export type CredentialState =
  | { readonly state: 'pair'; readonly secret: Secret; readonly certKey: string; readonly keyKey: string }
  | { readonly state: 'ca'; readonly secret: Secret; readonly caKey: string }
  | { readonly state: 'wrong-keys'; readonly secret: Secret; readonly found: readonly string[] }
  | { readonly state: 'empty'; readonly secret: Secret; readonly keys: readonly string[] }
  | { readonly state: 'absent' }
  | { readonly state: 'unknown'; readonly gap: Gap };

/**
 * One credential that one server asks for on one workload: the key pair, or the CA of the clients.
 * Mounted files are not here: see `file-mounts.ts`.
 */
export interface CredentialUse {
  readonly server: Server;
  /** Absent when no gateway pod is known: the place is then a guess, and `assumed` is set. */
  readonly workload?: Workload;
  readonly role: 'pair' | 'ca';
  /** The field that names it, and its value. */
  readonly path: string;
  readonly written: string;
  readonly reference: CredentialReference;
  /** The name by which Envoy asks. */
  readonly sdsName: string;
  /** Where istiod looks. For a CA: where it looks first; `fallback` is where it looks when that does not exist. */
  readonly namespace: string;
  readonly name: string;
  readonly fallback?: string;
  readonly state: CredentialState;
  /** The place is a guess: no pod was seen, but exactly one Secret of that name. */
  readonly assumed: boolean;
  /** Cross-namespace and not granted: istiod refuses before it looks. */
  readonly denied?: Denial;
}

const hasText = (value: SecretValue | undefined): boolean => value !== undefined && value.kind !== 'empty';

/** The key pair of a Secret, as istiod 1.8 and later takes it; the older agent took the same two forms. */
export function pairOf(secret: Secret): CredentialState {
  const { values } = secret;
  for (const [certKey, keyKey] of [
    ['cert', 'key'],
    ['tls.crt', 'tls.key'],
  ] as const) {
    if (hasText(values[certKey]) && hasText(values[keyKey])) return { state: 'pair', secret, certKey, keyKey };
  }
  for (const keys of [
    ['cert', 'key'],
    ['tls.crt', 'tls.key'],
  ]) {
    if (keys.every((key) => Object.hasOwn(values, key))) return { state: 'empty', secret, keys };
  }
  return { state: 'wrong-keys', secret, found: Object.keys(values).sort() };
}

/** The keys under which a CA is read, in the order in which they are tried (istio-gateway-tls 3.1, 3.5). */
export function caKeys(rules: Release | undefined, separate: boolean): readonly string[] {
  if (atLeast(rules, 1, 8)) return ['cacert', 'ca.crt'];
  const keys = atLeast(rules, 1, 6) ? ['cacert', 'ca.crt'] : ['cacert'];
  return separate ? [...keys, 'tls.crt'] : keys;
}

export function caOf(secret: Secret, rules: Release | undefined, separate: boolean): CredentialState {
  const keys = caKeys(rules, separate);
  const caKey = keys.find((key) => hasText(secret.values[key]));
  if (caKey !== undefined) return { state: 'ca', secret, caKey };
  const present = keys.filter((key) => Object.hasOwn(secret.values, key));
  if (present.length > 0) return { state: 'empty', secret, keys: present };
  return { state: 'wrong-keys', secret, found: Object.keys(secret.values).sort() };
}

/** Secret types that istiod never watches since 1.12: one of those reads as missing. */
const unwatched = new Set(['helm.sh/release.v1', 'kubernetes.io/service-account-token']);

/** Names of Secrets that were seen without their contents, by namespace. */
const namesSeen = derive((evidence) => Map.groupBy(evidence.snapshot.secretNames, ({ namespace }) => namespace));

/** Whether a list of names stands in for the Secrets of a namespace, as in a bug-report, and lacks this one. */
function isUnlisted(evidence: Evidence, namespace: string, name: string): boolean {
  const names = evidence.snapshot.source.kind === 'files' ? namesSeen(evidence).get(namespace) : undefined;
  return names !== undefined && names.every((one) => one.name !== name);
}

function look(evidence: Evidence, namespace: string, name: string, rules: Release | undefined): Lookup<Secret> {
  const found = evidence.secret(namespace, name);
  if (found.state === 'found' && unwatched.has(found.value.type) && atLeast(rules, 1, 12)) return { state: 'absent' };
  if (found.state === 'unknown' && found.gap.reason === 'not-collected' && isUnlisted(evidence, namespace, name)) {
    return { state: 'absent' };
  }
  return found;
}

function stateOf(found: Lookup<Secret>, read: (secret: Secret) => CredentialState): CredentialState {
  if (found.state === 'found') return read(found.value);
  return found.state === 'absent' ? { state: 'absent' } : { state: 'unknown', gap: found.gap };
}

function pairUse(
  evidence: Evidence,
  server: Server,
  workload: Workload | undefined,
  credential: CredentialName,
): CredentialUse | undefined {
  const rules = workload?.release ?? release(evidence);
  const place =
    server.from === 'GatewayAPI'
      ? placeOfReference(evidence, server, credential)
      : workload && placeOf(evidence, server, workload, credential);
  if (!place) return assumedUse(evidence, server, credential);
  if (place.reference.scheme !== 'kubernetes' && place.reference.scheme !== 'kubernetes-gateway') return undefined;
  return {
    server,
    ...(workload && { workload }),
    role: 'pair',
    path: credential.path,
    written: credential.name,
    sdsName: sdsName(place.reference, before(rules, 1, 8)),
    ...place,
    state: stateOf(look(evidence, place.namespace, place.name, rules), pairOf),
    assumed: false,
  };
}

/** No pod was seen, so that nobody can say where the Secret belongs: the only one of that name is the one, if any. */
function assumedUse(evidence: Evidence, server: Server, credential: CredentialName): CredentialUse | undefined {
  const reference = readCredentialName(credential.name);
  if (reference.scheme !== 'kubernetes' && reference.scheme !== 'kubernetes-gateway') return undefined;
  const only = evidence.secretsNamed(reference.name);
  const [secret] = only;
  const nowhere = only.length === 0 && evidence.gap(kinds.secret, '*') === undefined;
  const unknown: CredentialState = {
    state: 'unknown',
    gap: { reason: 'not-collected', detail: 'no pod of the gateway was seen' },
  };
  return {
    server,
    role: 'pair',
    path: credential.path,
    written: credential.name,
    reference,
    sdsName: sdsName(reference, before(release(evidence), 1, 8)),
    namespace: secret?.namespace ?? reference.namespace ?? '',
    name: reference.name,
    state: only.length === 1 && secret ? pairOf(secret) : nowhere ? { state: 'absent' } : unknown,
    assumed: true,
  };
}

/** The CA of the clients: NAME-cacert, else the pair's own Secret; or what `caCertCredentialName` names, verbatim (1.28). */
function caUse(evidence: Evidence, server: Server, pair: CredentialUse): CredentialUse {
  const rules = pair.workload?.release ?? release(evidence);
  const own = server.tls?.caCertCredentialName;
  const shared = {
    server,
    ...(pair.workload && { workload: pair.workload }),
    role: 'ca' as const,
    assumed: pair.assumed,
  };
  if (own !== undefined && atLeast(rules, 1, 28)) {
    const reference = readCredentialName(own);
    const namespace = reference.namespace ?? pair.namespace;
    const isCaName = reference.name.endsWith(caSuffix);
    const read = (secret: Secret): CredentialState => (isCaName ? caOf(secret, rules, true) : pairOf(secret));
    const found =
      reference.scheme === 'configmap' ? configMapCa(evidence, namespace, reference.name, rules) : undefined;
    return {
      ...shared,
      path: `${server.path}.tls.caCertCredentialName`,
      written: own,
      reference,
      sdsName: sdsName(reference, false),
      namespace,
      name: reference.name,
      state: found ?? stateOf(look(evidence, namespace, reference.name, rules), read),
    };
  }
  const reference = { ...pair.reference, name: `${pair.reference.name}${caSuffix}` };
  const separate = look(evidence, pair.namespace, `${pair.name}${caSuffix}`, rules);
  const first = stateOf(separate, (secret) => caOf(secret, rules, true));
  const second =
    first.state === 'absent'
      ? stateOf(look(evidence, pair.namespace, pair.name, rules), (secret) => caOf(secret, rules, false))
      : first;
  return {
    ...shared,
    path: pair.path,
    written: pair.written,
    reference,
    sdsName: sdsName(reference, before(rules, 1, 8)),
    namespace: pair.namespace,
    name: `${pair.name}${caSuffix}`,
    fallback: pair.name,
    state: second,
    ...(pair.denied !== undefined && { denied: pair.denied }),
  };
}

/** A ConfigMap reduced as a Secret is: a CA is public, and it is read as one in a Secret is. */
function secretOfConfigMap(configMap: Resource): Secret {
  const { body: _body, ...meta } = configMap;
  const values = Object.entries(textMapAt(configMap.body, 'data')).map(
    ([key, text]) => [key, readSecretValue(key, Buffer.from(text))] as const,
  );
  return { ...meta, type: '', values: Object.fromEntries(values), invalidBase64: [] };
}

function configMapCa(evidence: Evidence, namespace: string, name: string, rules: Release | undefined): CredentialState {
  const found = evidence.get(kinds.configMap, namespace, name);
  const read: Lookup<Secret> = found.state === 'found' ? { ...found, value: secretOfConfigMap(found.value) } : found;
  return stateOf(read, (configMap) => caOf(configMap, rules, false));
}

function caReferenceUse(
  evidence: Evidence,
  server: Server,
  workload: Workload | undefined,
  ca: CaReference,
): CredentialUse {
  const namespace = ca.namespace ?? server.owner.namespace;
  const isConfigMap = ca.kind === 'ConfigMap';
  const reference: CredentialReference = {
    scheme: isConfigMap ? 'configmap' : 'kubernetes-gateway',
    namespace,
    name: isConfigMap ? ca.name : `${ca.name}${caSuffix}`,
  };
  const rules = workload?.release ?? release(evidence);
  const state = isConfigMap
    ? configMapCa(evidence, namespace, ca.name, rules)
    : stateOf(look(evidence, namespace, ca.name, rules), (secret) => caOf(secret, rules, false));
  return {
    server,
    ...(workload && { workload }),
    role: 'ca',
    path: ca.path,
    written: ca.name,
    reference,
    sdsName: sdsName(reference, false),
    namespace,
    name: ca.name,
    state,
    assumed: false,
    ...(isUngranted(evidence, server, ca.kind, namespace, ca.name) && { denied: 'no-grant' as const }),
  };
}

/** Credentials that a release does not ask for although they are written: an Ingress's before 1.6, two names before 1.27. */
function isIgnored(server: Server, rules: Release | undefined): boolean {
  if (server.from === 'Ingress') return before(rules, 1, 6);
  const several = server.tls?.credentialNames.some(({ path }) => path.includes('.credentialNames[')) === true;
  return several && before(rules, 1, 27);
}

function usesOn(evidence: Evidence, server: Server, workload: Workload | undefined): readonly CredentialUse[] {
  const { tls } = server;
  if (!tls || tls.mode === 'ISTIO_MUTUAL') return [];
  if (isIgnored(server, workload?.release ?? release(evidence))) return [];
  const pairs = tls.credentialNames.flatMap((credential) => pairUse(evidence, server, workload, credential) ?? []);
  const first = pairs[0];
  if (!asksClients(server)) return pairs;
  if (tls.caReferences.length > 0) {
    return [...pairs, ...tls.caReferences.map((ca) => caReferenceUse(evidence, server, workload, ca))];
  }
  return first ? [...pairs, caUse(evidence, server, first)] : pairs;
}

/** Every credential that a TLS-terminating server asks for, on each workload that takes the server. */
export const credentialUses = derive((evidence): readonly CredentialUse[] =>
  servers(evidence)
    .filter(terminatesTls)
    .flatMap((server) => {
      const { workloads, gap } = attachmentOf(evidence, server);
      if (workloads.length > 0) return workloads.flatMap((workload) => usesOn(evidence, server, workload));
      // pods were seen and none takes the server: nothing is asked for; istiod judges those of the Gateway API all the same
      return gap || server.from === 'GatewayAPI' ? usesOn(evidence, server, undefined) : [];
    }),
);

const usesByServer = derive((evidence) => Map.groupBy(credentialUses(evidence), ({ server }) => server.key));

export const credentialsOf = (evidence: Evidence, server: Server): readonly CredentialUse[] =>
  usesByServer(evidence).get(server.key) ?? [];

/** A Secret in use, once, with every use of it: what a check about a Secret's content runs over. */
export interface SecretUse {
  readonly secret: Secret;
  readonly uses: readonly CredentialUse[];
}

/** The Secrets that servers really get, by role. */
export const secretsInUse = derive((evidence): readonly SecretUse[] => {
  const found = new Map<string, { secret: Secret; uses: CredentialUse[] }>();
  for (const use of credentialUses(evidence)) {
    const { state } = use;
    if (state.state === 'absent' || state.state === 'unknown') continue;
    const key = `${state.secret.kind}/${state.secret.namespace}/${state.secret.name}`;
    const known = found.get(key) ?? { secret: state.secret, uses: [] };
    known.uses.push(use);
    found.set(key, known);
  }
  return [...found.values()];
});
