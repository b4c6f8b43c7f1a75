import { groupKind } from '../kubernetes/names.ts';
import { numberAt, objectAt, objectsAt, textAt } from '../kubernetes/read.ts';
import type { Resource } from '../model/resource.ts';
import { derive, type Evidence } from './evidence.ts';

/** The API groups of cert-manager: the second is that of the releases before 0.11. */
const groups = ['cert-manager.io', 'certmanager.k8s.io'] as const;
const acmeGroups = ['acme.cert-manager.io', 'certmanager.k8s.io'] as const;

/** A condition as cert-manager and others write it into `status.conditions`. */
export interface StatusCondition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly since?: string;
}

export function statusCondition(object: Resource, type: string): StatusCondition | undefined {
  const found = objectsAt(object.body, 'status', 'conditions').find(({ value }) => textAt(value, 'type') === type);
  if (!found) return undefined;
  const since = textAt(found.value, 'lastTransitionTime');
  return {
    status: textAt(found.value, 'status') ?? '',
    reason: textAt(found.value, 'reason') ?? '',
    message: textAt(found.value, 'message') ?? '',
    ...(since !== undefined && { since }),
  };
}

/** A step of an issuance that does not go on: a request, an order, a challenge, or the issuer. */
export interface StuckStep {
  readonly object: Resource;
  readonly says: string;
}

/** A Certificate of cert-manager with all that is under way for it. */
export interface Issuance {
  readonly certificate: Resource;
  /** The Secret that it writes, in its own namespace. */
  readonly secretName: string;
  /** Absent where nobody has written a status. */
  readonly ready?: StatusCondition;
  readonly requests: readonly Resource[];
  readonly orders: readonly Resource[];
  readonly challenges: readonly Resource[];
  readonly notAfter?: string;
  readonly renewalTime?: string;
  readonly failedAttempts?: number;
}

export const isReady = ({ ready }: Issuance): boolean => ready?.status === 'True';

const listOf = (evidence: Evidence, kind: string, of: readonly string[]): readonly Resource[] =>
  of.flatMap((group) => evidence.list(`${kind}.${group}`).items);

/** What stands above an object: its owners, and for requests the annotation that names the Certificate. */
function parentsOf(object: Resource): readonly string[] {
  const { namespace, owners, annotations } = object;
  const named = groups.flatMap((group) => annotations[`${group}/certificate-name`] ?? []);
  return [
    ...owners.map(({ kind, name }) => `${kind}/${namespace}/${name}`),
    ...named.map((name) => `Certificate/${namespace}/${name}`),
  ];
}

const childrenByParent = derive((evidence) => {
  const known = new Map<string, Resource[]>();
  const all = [
    ...listOf(evidence, 'CertificateRequest', groups),
    ...listOf(evidence, 'Order', acmeGroups),
    ...listOf(evidence, 'Challenge', acmeGroups),
  ];
  for (const object of all) {
    for (const parent of new Set(parentsOf(object))) {
      const own = known.get(parent);
      if (own) own.push(object);
      else known.set(parent, [object]);
    }
  }
  return known;
});

/** The objects below one, of a kind, newest first. */
function below(evidence: Evidence, parents: readonly Resource[], kind: string): readonly Resource[] {
  const found = parents.flatMap(
    (parent) => childrenByParent(evidence).get(`${parent.kind}/${parent.namespace}/${parent.name}`) ?? [],
  );
  return [...new Set(found)]
    .filter((object) => object.kind === kind)
    .sort((a, b) => (b.createdAt ?? '').localeCompare(a.createdAt ?? ''));
}

function issuanceOf(evidence: Evidence, certificate: Resource): readonly Issuance[] {
  const secretName = textAt(certificate.body, 'spec', 'secretName');
  if (secretName === undefined) return [];
  const ready = statusCondition(certificate, 'Ready');
  const requests = below(evidence, [certificate], 'CertificateRequest');
  const orders = below(evidence, [certificate, ...requests], 'Order');
  const challenges = below(evidence, [certificate, ...orders], 'Challenge');
  const notAfter = textAt(certificate.body, 'status', 'notAfter');
  const renewalTime = textAt(certificate.body, 'status', 'renewalTime');
  const failedAttempts = numberAt(certificate.body, 'status', 'failedIssuanceAttempts');
  return [
    {
      certificate,
      secretName,
      requests,
      orders,
      challenges,
      ...(ready && { ready }),
      ...(notAfter !== undefined && { notAfter }),
      ...(renewalTime !== undefined && { renewalTime }),
      ...(failedAttempts !== undefined && { failedAttempts }),
    },
  ];
}

export const issuances = derive((evidence): readonly Issuance[] =>
  listOf(evidence, 'Certificate', groups).flatMap((certificate) => issuanceOf(evidence, certificate)),
);

const issuancesBySecret = derive((evidence) =>
  Map.groupBy(issuances(evidence), ({ certificate, secretName }) => `${certificate.namespace}/${secretName}`),
);

const issuancesByName = derive((evidence) => Map.groupBy(issuances(evidence), ({ secretName }) => secretName));

/** Certificates that write a Secret of a name, in whatever namespace. */
export const issuancesNamed = (evidence: Evidence, secretName: string): readonly Issuance[] =>
  issuancesByName(evidence).get(secretName) ?? [];

/** The Certificate that is to fill a Secret, by `spec.secretName`; the oldest where two claim it. */
export function issuanceFor(evidence: Evidence, namespace: string, secretName: string): Issuance | undefined {
  const found = issuancesBySecret(evidence).get(`${namespace}/${secretName}`) ?? [];
  return [...found].sort((a, b) => (a.certificate.createdAt ?? '').localeCompare(b.certificate.createdAt ?? ''))[0];
}

const done: ReadonlySet<string> = new Set(['valid', 'ready']);

/** What an order or a challenge says of itself: `pending: Waiting for HTTP-01 challenge propagation: …`. */
function stateOf(object: Resource): string | undefined {
  const state = textAt(object.body, 'status', 'state') ?? '';
  if (done.has(state)) return undefined;
  const reason = textAt(object.body, 'status', 'reason');
  return [state === '' ? 'no state yet' : state, ...(reason === undefined || reason === '' ? [] : [reason])].join(': ');
}

function stuckIssuer(evidence: Evidence, { certificate }: Issuance): readonly StuckStep[] {
  const name = textAt(certificate.body, 'spec', 'issuerRef', 'name');
  const kind = textAt(certificate.body, 'spec', 'issuerRef', 'kind') ?? 'Issuer';
  if (name === undefined) return [];
  const found = groups
    .map((group) => evidence.get(`${kind}.${group}`, kind === 'ClusterIssuer' ? '' : certificate.namespace, name))
    .find(({ state }) => state === 'found');
  if (found?.state !== 'found') return [];
  const ready = statusCondition(found.value, 'Ready');
  if (!ready || ready.status === 'True') return [];
  return [{ object: found.value, says: `Ready=${ready.status} ${ready.reason}: ${ready.message}` }];
}

/** Where an issuance is stuck, the deepest step first: the challenge tells more than the order that waits for it. */
export function stuckSteps(evidence: Evidence, issuance: Issuance): readonly StuckStep[] {
  const ofState = (object: Resource): readonly StuckStep[] => {
    const says = stateOf(object);
    return says === undefined ? [] : [{ object, says }];
  };
  const ofRequest = (object: Resource): readonly StuckStep[] => {
    const ready = statusCondition(object, 'Ready');
    if (ready?.status === 'True') return [];
    return [{ object, says: ready ? `Ready=${ready.status} ${ready.reason}: ${ready.message}` : 'no status yet' }];
  };
  return [
    ...issuance.challenges.flatMap(ofState),
    ...issuance.orders.slice(0, 1).flatMap(ofState),
    ...issuance.requests.slice(0, 1).flatMap(ofRequest),
    ...stuckIssuer(evidence, issuance),
  ];
}

/** Whether the issuer is one of ACME, told by its own object, or by orders. */
export function isAcme(evidence: Evidence, issuance: Issuance): boolean {
  if (issuance.orders.length > 0) return true;
  const name = textAt(issuance.certificate.body, 'spec', 'issuerRef', 'name') ?? '';
  return ['Issuer', 'ClusterIssuer'].some((kind) =>
    listOf(evidence, kind, groups).some((issuer) => issuer.name === name && objectAt(issuer.body, 'spec', 'acme')),
  );
}

export const isCertificate = (object: Resource): boolean =>
  groups.some((group) => groupKind(object) === `Certificate.${group}`);
