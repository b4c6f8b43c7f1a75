import type { Certificate } from '../model/certificate.ts';
import type { LogEvent } from '../model/log-event.ts';
import type { Secret } from '../model/secret.ts';
import { standingComplaint } from './credential-log.ts';
import { credentialUses, credentialsOf, secretsInUse, type CredentialUse } from './credentials.ts';
import { derive, type Evidence } from './evidence.ts';
import { servedFor, type ServedCertificate } from './served-certificates.ts';
import { fitsServer, twinsOf, type Twin } from './twins.ts';

/** An older certificate than the one of the Secret is served, or the Secret holds an older one than its like. */
export interface StaleCredential {
  readonly use: CredentialUse;
  readonly secret: Secret;
  /** What the gateway should serve by the Secret. */
  readonly leaf: Certificate;
  /** Older certificates that were seen in its place. */
  readonly served: readonly ServedCertificate[];
  /** A line that says that a change of the Secret was not handed over. */
  readonly line?: LogEvent;
}

const leafOf = ({ state }: CredentialUse): Certificate | undefined =>
  state.state === 'pair' ? state.secret.values[state.certKey]?.certificates[0] : undefined;

/** The certificates that Secrets in use hold now, by fingerprint: being shown one of those is another fault. */
const currentLeaves = derive(
  (evidence) => new Set(secretsInUse(evidence).flatMap(({ uses }) => uses.flatMap((use) => leafOf(use)?.sha256 ?? []))),
);

/** Evidence is read within seconds, and a change takes some to arrive. */
const settling = 15_000;

function isSettling({ changes, createdAt }: Secret, now: Date): boolean {
  const times = [...changes.map(({ at }) => at), ...(createdAt === undefined ? [] : [createdAt])];
  return times.some((time) => +now - Date.parse(time) < settling);
}

const isOlder = (one: Certificate, other: Certificate): boolean =>
  Date.parse(one.notBefore) < Date.parse(other.notBefore) || Date.parse(one.notAfter) < Date.parse(other.notAfter);

/** What was served in the place of the Secret's certificate: an earlier one for the same server. */
function olderServed(evidence: Evidence, use: CredentialUse, leaf: Certificate): readonly ServedCertificate[] {
  const expected = new Set(credentialsOf(evidence, use.server).flatMap((one) => leafOf(one)?.sha256 ?? []));
  return servedFor(evidence, use).filter(
    ({ leaf: other, from }) =>
      !expected.has(other.sha256) &&
      !currentLeaves(evidence).has(other.sha256) &&
      isOlder(other, leaf) &&
      (from === 'config-dump' || fitsServer(other, use.server)),
  );
}

const lost = /^(?:change of an existing Secret refused|Envoy was not connected|Envoy had not answered|got timeout)/;

function staleness(evidence: Evidence, use: CredentialUse): readonly StaleCredential[] {
  const leaf = leafOf(use);
  if (use.role !== 'pair' || use.state.state !== 'pair' || use.denied !== undefined || !leaf) return [];
  const { secret } = use.state;
  if (Date.parse(leaf.notAfter) <= +evidence.now || isSettling(secret, evidence.now)) return [];
  const served = olderServed(evidence, use, leaf);
  const complaint = standingComplaint(evidence, use, 'secret-fetch-failed');
  const line = complaint && lost.test(complaint.reason ?? '') ? complaint : undefined;
  // a line of the past proves nothing where what is served could be seen
  const unseen = servedFor(evidence, use).length === 0;
  if (served.length === 0 && !(line && unseen)) return [];
  return [{ use, secret, leaf, served, ...(line && { line }) }];
}

/** Credentials of which an older certificate is served than their Secret holds. */
export const staleCredentials = derive((evidence): readonly StaleCredential[] =>
  credentialUses(evidence).flatMap((use) => staleness(evidence, use)),
);

/** A Secret that was renewed elsewhere: the gateway's own is good still, and older than one of the same name. */
export interface OutrunSecret {
  readonly use: CredentialUse;
  readonly secret: Secret;
  readonly leaf: Certificate;
  readonly newer: Twin & { readonly leaf: Certificate };
}

/** Written by something that renews it by itself: copies in other namespaces then have dates of their own. */
const isManaged = ({ annotations, owners }: Secret): boolean =>
  owners.length > 0 ||
  Object.keys(annotations).some((key) => /cert-?manager\.(?:io|k8s\.io)\/|reflector|replicator/.test(key));

const lastWrite = ({ changes, createdAt }: Secret): string =>
  [...changes.map(({ at }) => at), createdAt ?? ''].sort().at(-1) ?? '';

function outrun(evidence: Evidence, use: CredentialUse): readonly OutrunSecret[] {
  const leaf = leafOf(use);
  if (use.role !== 'pair' || use.state.state !== 'pair' || use.assumed || !leaf) return [];
  const { secret } = use.state;
  if (evidence.secretsNamed(use.name).length < 2 || Date.parse(leaf.notAfter) <= +evidence.now || isManaged(secret))
    return [];
  const newer = twinsOf(evidence, use).find(
    ({ fits, leaf: other, secret: twin }) =>
      fits === true &&
      other !== undefined &&
      twin !== undefined &&
      Date.parse(other.notBefore) > Date.parse(leaf.notBefore) &&
      Date.parse(other.notAfter) > Date.parse(leaf.notAfter) &&
      lastWrite(twin) >= lastWrite(secret) &&
      leaf.dnsNames.every((name) => other.dnsNames.includes(name)),
  );
  return newer?.leaf ? [{ use, secret, leaf, newer: { ...newer, leaf: newer.leaf } }] : [];
}

/** Secrets whose renewal went into another namespace. */
export const outrunSecrets = derive((evidence): readonly OutrunSecret[] =>
  credentialUses(evidence).flatMap((use) => outrun(evidence, use)),
);
