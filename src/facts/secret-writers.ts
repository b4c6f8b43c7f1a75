import { kinds } from '../kubernetes/kinds.ts';
import { objectsAt, textAt } from '../kubernetes/read.ts';
import type { Meta, ObjectRef, Resource } from '../model/resource.ts';
import { derive, type Evidence } from './evidence.ts';

/** What writes a Secret and would write it back after a change by hand. */
export interface SecretWriter {
  readonly tool: 'cert-manager' | 'External Secrets' | 'Sealed Secrets';
  /** The object to change, where it is known by name; it may not be in the evidence. */
  readonly ref?: ObjectRef;
  /** That object, where it was read. */
  readonly resource?: Resource;
}

const certificatesBySecret = derive((evidence) =>
  Map.groupBy(
    evidence.list(kinds.certificate).items,
    ({ namespace, body }) => `${namespace}/${textAt(body, 'spec', 'secretName') ?? ''}`,
  ),
);

const externalSecretsByTarget = derive((evidence) =>
  Map.groupBy(
    evidence.list(kinds.externalSecret).items,
    ({ namespace, name, body }) => `${namespace}/${textAt(body, 'spec', 'target', 'name') ?? name}`,
  ),
);

type Named = Pick<Meta, 'namespace' | 'name'> & Partial<Pick<Meta, 'annotations' | 'labels' | 'owners'>>;

function ofCertManager(evidence: Evidence, { namespace, name, annotations }: Named): SecretWriter | undefined {
  const [resource] = certificatesBySecret(evidence).get(`${namespace}/${name}`) ?? [];
  if (resource) return { tool: 'cert-manager', ref: resource, resource };
  const certificate = annotations?.['cert-manager.io/certificate-name'];
  if (certificate === undefined) return undefined;
  const ref = { apiVersion: 'cert-manager.io/v1', kind: 'Certificate', namespace, name: certificate };
  return { tool: 'cert-manager', ref };
}

/** Who writes a Secret, by the object that names it, by its owner or by the marks that these tools leave on it. */
export function writerOf(evidence: Evidence, secret: Named): SecretWriter | undefined {
  const certManager = ofCertManager(evidence, secret);
  if (certManager) return certManager;
  const { namespace, name } = secret;
  const [external] = externalSecretsByTarget(evidence).get(`${namespace}/${name}`) ?? [];
  if (external) return { tool: 'External Secrets', ref: external, resource: external };
  for (const { apiVersion, kind, name: owner } of secret.owners ?? []) {
    const ref = { apiVersion, kind, namespace, name: owner };
    if (kind === 'ExternalSecret') return { tool: 'External Secrets', ref };
    if (kind === 'SealedSecret') return { tool: 'Sealed Secrets', ref };
    if (kind === 'Certificate') return { tool: 'cert-manager', ref };
  }
  return undefined;
}

/** Whether cert-manager says that the certificate is good and that it will renew it: then a near end is by design. */
export function willRenew({ tool, resource }: SecretWriter, at: Date): boolean {
  if (tool !== 'cert-manager' || !resource) return false;
  const ready = objectsAt(resource.body, 'status', 'conditions').some(
    ({ value }) => textAt(value, 'type') === 'Ready' && textAt(value, 'status') === 'True',
  );
  const renewal = textAt(resource.body, 'status', 'renewalTime');
  return ready && (renewal === undefined || +new Date(renewal) + 3_600_000 > +at);
}
