import { atLeast } from '../istio/release.ts';
import { kinds } from '../kubernetes/kinds.ts';
import { groupKind, subjectOf } from '../kubernetes/names.ts';
import type { Certificate, RevocationList } from '../model/certificate.ts';
import type { Gap } from '../model/coverage.ts';
import type { Observation, Subject } from '../model/finding.ts';
import type { Secret, SecretValue } from '../model/secret.ts';
import { attachmentOf } from './attachments.ts';
import { credentialsOf, type CredentialUse } from './credentials.ts';
import { derive, type Evidence } from './evidence.ts';
import { followPath } from './file-mounts.ts';
import { inlineContexts } from './inline-contexts.ts';
import { release } from './mesh.ts';
import { heldBy } from './proxies.ts';
import { asksClients, servers, type Server } from './servers.ts';
import type { Workload } from './workloads.ts';

/** A value of a Secret (or ConfigMap) by its key. */
export interface KeyedValue {
  readonly secret: Secret;
  readonly key: string;
  readonly value: SecretValue;
}

/**
 * What one gateway workload verifies the clients of one server with. `anchors` is undefined where neither the Secret nor
 * Envoy's own copy could be read.
 */
export interface ClientTrust {
  readonly server: Server;
  readonly workload?: Workload;
  /** The object to mend: the Secret or ConfigMap with the CA; where it is not known, the Gateway's field. */
  readonly subject: Subject;
  readonly anchors?: readonly Certificate[];
  /** Where the anchors were read. */
  readonly from?: 'secret' | 'config-dump';
  readonly seen: readonly Observation[];
  readonly ca?: KeyedValue;
  readonly list?: KeyedValue;
  readonly lists: readonly RevocationList[];
  readonly gap?: Gap;
  readonly sdsName?: string;
  /** Envoy takes any certificate of the bundle as an anchor, also an intermediate (1.25, Istio 1.17). */
  readonly partialChain: boolean;
}

const notRead: Gap = { reason: 'not-collected', detail: 'the CA of the clients was not part of the evidence' };

const mostNamed = 4;

function caText(certificates: readonly Certificate[]): string {
  if (certificates.length === 0) return 'no certificate';
  const named = certificates.slice(0, mostNamed).map(({ subject, notAfter }) => `${subject} (to ${notAfter})`);
  const more = certificates.length - named.length;
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** What the Envoys hold under the name of the CA, where they took it. */
function heldAnchors(evidence: Evidence, workload: Workload | undefined, sdsName: string) {
  const held = workload ? heldBy(evidence, workload, sdsName) : [];
  const active = held.find(({ state, secret }) => state === 'active' && secret?.content === 'validation');
  if (!active?.secret || active.secret.certificates.length === 0) return undefined;
  const { envoy, secret } = active;
  const detail = `${sdsName} ACTIVE: ${caText(secret.certificates)}`;
  const seen: Observation = { source: 'config-dump', ref: `${envoy.namespace}/${envoy.pod}`, detail };
  return { anchors: secret.certificates, from: 'config-dump' as const, seen: [seen] };
}

/** The list beside a CA: `ca.crl` beside `ca.crt`, `crl` beside `cacert`, in Istio 1.19 and later. */
function listBeside({ secret, key }: KeyedValue): KeyedValue | undefined {
  const listKey = key === 'cacert' ? 'crl' : 'ca.crl';
  const value = secret.values[listKey];
  return value && value.kind !== 'empty' ? { secret, key: listKey, value } : undefined;
}

function ofValue(ca: KeyedValue, list: KeyedValue | undefined) {
  const { secret, key, value } = ca;
  const isSecret = groupKind(secret) === kinds.secret;
  const seen: Observation = {
    source: isSecret ? 'secret' : 'resource',
    ref: isSecret ? `${secret.namespace}/${secret.name}` : `${secret.kind} ${secret.namespace}/${secret.name}`,
    detail: `${key}: ${caText(value.certificates)}`,
  };
  return {
    subject: subjectOf(secret, `data[${key}]`),
    anchors: value.certificates,
    from: 'secret' as const,
    seen: [seen],
    ca,
    lists: list?.value.revocationLists ?? [],
    ...(list && { list }),
  };
}

/** Without a look into the Secrets, the CA may lie in either of two; the one with -cacert only where it is known to exist. */
function subjectOfUnread(evidence: Evidence, use: CredentialUse): Subject {
  const { namespace, name, fallback, state, reference, server, path } = use;
  if (state.state !== 'unknown' || reference.scheme === 'configmap') return subjectOf(server.owner, path);
  const seen = evidence.snapshot.secretNames.some((one) => one.namespace === namespace && one.name === name);
  return { apiVersion: 'v1', kind: 'Secret', namespace, name: seen ? name : (fallback ?? name) };
}

function ofCredential(evidence: Evidence, use: CredentialUse): ClientTrust {
  const { server, workload, state, sdsName } = use;
  const rules = workload?.release ?? release(evidence);
  const shared = { server, ...(workload && { workload }), sdsName, partialChain: atLeast(rules, 1, 17) };
  if (state.state === 'ca') {
    const value = state.secret.values[state.caKey];
    if (value && value.kind !== 'withheld') {
      const ca = { secret: state.secret, key: state.caKey, value };
      return { ...shared, ...ofValue(ca, atLeast(rules, 1, 19) ? listBeside(ca) : undefined) };
    }
  }
  const subject = subjectOfUnread(evidence, use);
  const held = heldAnchors(evidence, workload, sdsName);
  if (held) return { ...shared, subject, lists: [], ...held };
  return { ...shared, subject, lists: [], seen: [], gap: state.state === 'unknown' ? state.gap : notRead };
}

function mountedValue(evidence: Evidence, workload: Workload, path: string): KeyedValue | Gap | undefined {
  const file = followPath(evidence, workload, path);
  if (file.link === 'other-volume') return notRead;
  if (file.link !== 'secret') return undefined;
  if (file.lookup.state === 'unknown') return file.lookup.gap;
  if (file.lookup.state === 'absent') return undefined;
  const value = file.lookup.value.values[file.key];
  return value && { secret: file.lookup.value, key: file.key, value };
}

function ofMountedFile(evidence: Evidence, server: Server, workload: Workload, path: string): ClientTrust | undefined {
  const rules = workload.release ?? release(evidence);
  const sdsName = `file-root:${path}`;
  const shared = { server, workload, sdsName, partialChain: atLeast(rules, 1, 17) };
  const ca = mountedValue(evidence, workload, path);
  if (ca && 'value' in ca) {
    const listPath = atLeast(rules, 1, 22) ? server.tls?.caCrl : undefined;
    const list = listPath === undefined ? undefined : mountedValue(evidence, workload, listPath);
    return { ...shared, ...ofValue(ca, list && 'value' in list ? list : undefined) };
  }
  if (!ca) return undefined;
  const subject = subjectOf(server.owner, `${server.path}.tls.caCertificates`);
  const held = heldAnchors(evidence, workload, sdsName) ?? inlineAnchors(evidence, workload, server);
  return { ...shared, subject, lists: [], seen: [], gap: ca, ...held };
}

/** The CA that stands in the listener itself, as in configurations of Istio 1.9 and older. */
function inlineAnchors(evidence: Evidence, workload: Workload, server: Server) {
  const context = inlineContexts(evidence, workload, server).find(({ tls }) => tls.inlineTrustedCa);
  const anchors = context?.tls.inlineTrustedCa;
  if (!context || !anchors) return undefined;
  const { envoy } = context;
  const detail = `trusted_ca of the chain: ${caText(anchors)}`;
  const seen: Observation = { source: 'config-dump', ref: `${envoy.namespace}/${envoy.pod}`, detail };
  return { anchors, from: 'config-dump' as const, seen: [seen] };
}

function trustsOf(evidence: Evidence, server: Server): readonly ClientTrust[] {
  const { tls } = server;
  const uses = credentialsOf(evidence, server).filter(({ role, denied }) => role === 'ca' && denied === undefined);
  if (uses.length > 0) return uses.map((use) => ofCredential(evidence, use));
  const path = tls?.caCertificates;
  if (path === undefined || (tls?.credentialNames.length ?? 0) > 0) return [];
  return attachmentOf(evidence, server).workloads.flatMap(
    (workload) => ofMountedFile(evidence, server, workload, path) ?? [],
  );
}

/** What each server that asks clients for certificates verifies them with, on each workload. */
export const clientTrusts = derive((evidence): readonly ClientTrust[] =>
  servers(evidence)
    .filter(asksClients)
    .flatMap((server) => trustsOf(evidence, server)),
);

const byServer = derive((evidence) => Map.groupBy(clientTrusts(evidence), ({ server }) => server.key));

export const trustOf = (evidence: Evidence, server: Server): readonly ClientTrust[] =>
  byServer(evidence).get(server.key) ?? [];

/** The trusts that one object gives, with all servers that use it: what a check of a CA runs over. */
export const trustsBySubject = derive((evidence): readonly (readonly [ClientTrust, ...ClientTrust[]])[] => {
  const groups = Map.groupBy(
    clientTrusts(evidence),
    ({ subject, ca }) => `${groupKind(subject)}/${subject.namespace}/${subject.name}/${ca?.key ?? subject.path ?? ''}`,
  );
  return [...groups.values()].flatMap(([first, ...rest]) => (first ? [[first, ...rest] as const] : []));
});
