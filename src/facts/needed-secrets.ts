import type { Gap } from '../model/coverage.ts';
import type { Certificate } from '../model/certificate.ts';
import type { Secret } from '../model/secret.ts';
import { attachmentOf } from './attachments.ts';
import { credentialUses, type CredentialUse } from './credentials.ts';
import { deliveryOf, isDelivered } from './delivery.ts';
import { derive, type Evidence } from './evidence.ts';
import { followPath } from './file-mounts.ts';
import { servers, terminatesTls, type Server } from './servers.ts';

/** What a Secret that servers need a key pair from holds, as far as whoever writes it is answerable for that. */
export type SecretContent =
  | { readonly state: 'good'; readonly secret: Secret; readonly leaf?: Certificate }
  | { readonly state: 'expired' | 'temporary'; readonly secret: Secret; readonly leaf: Certificate }
  | { readonly state: 'unusable'; readonly secret: Secret; readonly why: string }
  | { readonly state: 'absent' }
  | { readonly state: 'unknown'; readonly gap: Gap };

/** A Secret that servers need, by a credential or by a mounted file, once with all of them. */
export interface NeededSecret {
  readonly namespace: string;
  readonly name: string;
  readonly content: SecretContent;
  readonly servers: readonly Server[];
  /** The uses by credential; mounted files are not among them. */
  readonly uses: readonly CredentialUse[];
}

/** The issuer of what cert-manager puts in while the real certificate is on its way (issue-temporary-certificate). */
const temporaryIssuer = 'CN=cert-manager.local';

function contentOfPair(evidence: Evidence, secret: Secret, certKey: string): SecretContent {
  const leaf = secret.values[certKey]?.certificates[0];
  if (!leaf) return { state: 'good', secret };
  if (leaf.issuer.split(',').includes(temporaryIssuer)) return { state: 'temporary', secret, leaf };
  return { state: +new Date(leaf.notAfter) <= +evidence.now ? 'expired' : 'good', secret, leaf };
}

function contentOfUse(evidence: Evidence, { state }: CredentialUse): SecretContent {
  switch (state.state) {
    case 'pair':
      return contentOfPair(evidence, state.secret, state.certKey);
    case 'ca':
      return { state: 'good', secret: state.secret };
    case 'empty':
      return { state: 'unusable', secret: state.secret, why: `${state.keys.join(' and ')} are not both filled` };
    case 'wrong-keys':
      return {
        state: 'unusable',
        secret: state.secret,
        why: `its keys are ${state.found.join(', ') || 'none at all'}`,
      };
    case 'absent':
      return { state: 'absent' };
    default:
      return state;
  }
}

interface Need extends Omit<NeededSecret, 'servers' | 'uses'> {
  readonly server: Server;
  readonly use?: CredentialUse;
}

function ofFiles(evidence: Evidence, server: Server): readonly Need[] {
  const path = server.tls?.serverCertificate;
  if (path === undefined || server.tls?.credentialNames.length !== 0) return [];
  return attachmentOf(evidence, server).workloads.flatMap((workload) => {
    const file = followPath(evidence, workload, path);
    if (file.link !== 'secret') return [];
    const { namespace } = workload;
    const { secretName: name, lookup, key } = file;
    if (lookup.state !== 'found') return [{ namespace, name, server, content: lookup }];
    const value = lookup.value.values[key];
    const usable = value !== undefined && value.kind !== 'empty';
    const content: SecretContent = usable
      ? contentOfPair(evidence, lookup.value, key)
      : { state: 'unusable', secret: lookup.value, why: `it has nothing under ${key}` };
    return [{ namespace, name, server, content }];
  });
}

/** Every Secret that a server needs its key pair from. Those that istiod refuses to look for are not among them. */
export const neededSecrets = derive((evidence): readonly NeededSecret[] => {
  const needs: readonly Need[] = [
    ...credentialUses(evidence).flatMap((use) =>
      use.role !== 'pair' || use.denied !== undefined || use.assumed
        ? []
        : [{ namespace: use.namespace, name: use.name, server: use.server, use, content: contentOfUse(evidence, use) }],
    ),
    ...servers(evidence)
      .filter(terminatesTls)
      .flatMap((server) => ofFiles(evidence, server)),
  ];
  return [...Map.groupBy(needs, ({ namespace, name }) => `${namespace}/${name}`).values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const { namespace, name, content } = first;
    const own = [...new Map(group.map(({ server }) => [server.key, server])).values()];
    return [{ namespace, name, content, servers: own, uses: group.flatMap(({ use }) => use ?? []) }];
  });
});

/** Whether Envoy goes on with what it received before: a loss or a change of the Secret has not reached clients. */
export const isStillServed = (evidence: Evidence, { uses }: NeededSecret): boolean =>
  uses.length > 0 && uses.every((use) => isDelivered(deliveryOf(evidence, use)));
