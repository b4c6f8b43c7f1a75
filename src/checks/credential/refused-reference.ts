import { credentialTrail } from '../../facts/credential-trail.ts';
import type { CredentialUse } from '../../facts/credentials.ts';
import type { Evidence } from '../../facts/evidence.ts';
import type { Twin } from '../../facts/twins.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Fix } from '../../model/finding.ts';
import type { Fault } from '../check.ts';
import { applyManifest, confirmHost, deleteObject, ownerOfNamespace, replaceField, restoreField } from '../remedies.ts';
import { affectedBy, consequenceOf, reachOf, readerOf, type Uses } from './consequences.ts';
import { copyFix, observedTwin, secretSubject } from './misplaced-secret.ts';
import { referenceGrantFor } from './reference-grant-manifest.ts';

/** What lies where a refused reference leads, and where it would be allowed to lead. */
function placesOf(
  evidence: Evidence,
  use: CredentialUse,
): { readonly there: Twin | undefined; readonly here: boolean } {
  const pods = use.workload?.namespace ?? '';
  const found = evidence.secret(use.namespace, use.name);
  const { namespace, name } = use;
  return {
    there: found.state === 'found' ? { namespace, name, secret: found.value, fits: 'unknown' } : undefined,
    here: evidence.secret(pods, use.name).state === 'found',
  };
}

function deniedFix(use: CredentialUse, there: Twin | undefined, here: boolean): Fix {
  const pods = use.workload?.namespace ?? '<NAMESPACE_OF_THE_GATEWAY_PODS>';
  const { owner } = use.server;
  const rename = {
    commands: [replaceField(owner, use.path, use.name)],
    undo: [restoreField(owner, use.path, use.name)],
  };
  if (use.denied === 'no-grant') {
    const grant = referenceGrantFor([use]);
    return {
      summary: `let Gateways of namespace ${owner.namespace} refer to this one Secret, by a ReferenceGrant beside it`,
      owner: ownerOfNamespace(use.namespace),
      commands: [applyManifest(grant.manifest)],
      undo: [deleteObject(grant.ref)],
      doNot: [],
      widensAccess: `Gateways of namespace ${owner.namespace}, to this one Secret`,
    };
  }
  if (here || !there) {
    return {
      summary: here
        ? `name the Secret without a namespace: namespace ${pods} has one called ${use.name}`
        : `create Secret ${pods}/${use.name}, and name it without a namespace`,
      owner: ownerOfNamespace(owner.namespace),
      ...rename,
      doNot: [],
    };
  }
  const copy = copyFix(use, there, pods);
  return {
    ...copy,
    summary: `put the Secret into namespace ${pods}, and name it without a namespace`,
    commands: [...copy.commands, ...rename.commands],
    undo: [...rename.undo, ...copy.undo],
  };
}

/** `credentialName: other/shop-tls`: understood, and refused before anybody looks. */
export function refusedReferenceFault(evidence: Evidence, uses: Uses): Fault {
  const [first] = uses;
  const { server, namespace, name, written, workload } = first;
  const { there, here } = placesOf(evidence, first);
  const pods = workload?.namespace ?? '';
  const gateway = subjectOf(server.owner, first.path);
  return {
    subject: there ? secretSubject(there) : gateway,
    title: `${named(server.owner)} ${first.path} names ${written}, and its gateway may only have Secrets of namespace ${pods}`,
    message: `${readerOf(evidence, first)} gives a gateway none but the Secrets beside its pods, here those of namespace ${pods}; a namespace in credentialName changes nothing about that. ${consequenceOf(evidence, first)}`,
    evidence: [
      {
        source: 'resource',
        ref: `${named(server.owner)} ${first.path}`,
        detail: `${written}; the pods are in ${pods}`,
      },
      ...(there ? [observedTwin(there)] : []),
      ...credentialTrail(evidence, first),
    ],
    affects: affectedBy(evidence, uses),
    confidence: 0.9,
    ...reachOf(evidence, uses),
    related: there ? [gateway] : [],
    touches: [{ apiVersion: 'v1', kind: 'Secret', namespace, name }],
    fix: deniedFix(first, there, here),
    confirm: confirmHost(server.hosts[0]?.host),
  };
}
