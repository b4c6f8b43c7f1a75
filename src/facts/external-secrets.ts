import { kinds } from '../kubernetes/kinds.ts';
import { objectsAt, textAt } from '../kubernetes/read.ts';
import type { Resource } from '../model/resource.ts';
import { derive, type Evidence } from './evidence.ts';
import { statusCondition } from './issuance.ts';

/** The controllers that write Secrets from somewhere outside the cluster. */
export type WriterKind = 'external-secret' | 'sealed-secret' | 'csi-driver';

/** An object from which a controller writes a Secret of the same namespace. */
export interface SecretWriter {
  readonly kind: WriterKind;
  readonly object: Resource;
  readonly secretName: string;
  /** `unknown`: nobody has written a status, which the CSI driver never does. */
  readonly synced: boolean | 'unknown';
  /** What its status says of the last attempt. */
  readonly says?: string;
  readonly since?: string;
}

/** External Secrets before 2021 had another group, and its outcome in a field of its own. */
const olderExternalSecret = 'ExternalSecret.kubernetes-client.io';

function fromCondition(
  object: Resource,
  type: string,
): Pick<SecretWriter, 'synced'> & Partial<Pick<SecretWriter, 'says' | 'since'>> {
  const condition = statusCondition(object, type);
  if (!condition) return { synced: 'unknown' };
  const { status, reason, message, since } = condition;
  return {
    synced: status === 'True',
    says: [`${type}=${status}`, reason, message].filter((word) => word !== '').join(' '),
    ...(since !== undefined && { since }),
  };
}

function externalSecret(object: Resource): SecretWriter {
  const secretName = textAt(object.body, 'spec', 'target', 'name') ?? object.name;
  return { kind: 'external-secret', object, secretName, ...fromCondition(object, 'Ready') };
}

function externalSecretOfOld(object: Resource): SecretWriter {
  const status = textAt(object.body, 'status', 'status');
  return {
    kind: 'external-secret',
    object,
    secretName: object.name,
    synced: status === undefined ? 'unknown' : status === 'SUCCESS',
    ...(status !== undefined && { says: status }),
  };
}

function sealedSecret(object: Resource): SecretWriter {
  const secretName = textAt(object.body, 'spec', 'template', 'metadata', 'name') ?? object.name;
  return { kind: 'sealed-secret', object, secretName, ...fromCondition(object, 'Synced') };
}

/** The CSI driver makes a Secret only while some pod mounts the volume, and removes it with the last of them. */
function providerClass(object: Resource): readonly SecretWriter[] {
  return objectsAt(object.body, 'spec', 'secretObjects').flatMap(({ value }) => {
    const secretName = textAt(value, 'secretName');
    return secretName === undefined ? [] : [{ kind: 'csi-driver' as const, object, secretName, synced: 'unknown' }];
  });
}

const writers = derive((evidence): readonly SecretWriter[] => [
  ...evidence.list(kinds.externalSecret).items.map(externalSecret),
  ...evidence.list(olderExternalSecret).items.map(externalSecretOfOld),
  ...evidence.list(kinds.sealedSecret).items.map(sealedSecret),
  ...evidence.list(kinds.secretProviderClass).items.flatMap(providerClass),
]);

const writersBySecret = derive((evidence) =>
  Map.groupBy(writers(evidence), ({ object, secretName }) => `${object.namespace}/${secretName}`),
);

export const writerOf = (evidence: Evidence, namespace: string, secretName: string): SecretWriter | undefined =>
  writersBySecret(evidence).get(`${namespace}/${secretName}`)?.[0];
