import type { Gap } from '../model/coverage.ts';
import type { Secret, SecretValue } from '../model/secret.ts';
import { attachmentOf } from './attachments.ts';
import { credentialUses, type CredentialUse } from './credentials.ts';
import { derive, type Evidence } from './evidence.ts';
import { followPath, type MountedFile } from './file-mounts.ts';
import { servers, terminatesTls, type Server } from './servers.ts';
import type { Workload } from './workloads.ts';

/** One server's use of a key pair on one workload, by `credentialName` or by mounted files. */
export interface PairUse {
  readonly server: Server;
  readonly workload?: Workload;
  /** The field that names the pair. */
  readonly path: string;
  /** The name by which Envoy asks; `file-cert:…` for mounted files since 1.10. */
  readonly sdsName: string;
  readonly mounted: boolean;
  /** No pod was seen: the Secret is the only one of that name. */
  readonly assumed: boolean;
}

/** A certificate chain and its key, as they lie in a Secret (mounted files may come from two), with all who use them. */
export interface KeyPair {
  readonly secret: Secret;
  readonly certKey: string;
  readonly chain: SecretValue;
  readonly keySecret: Secret;
  readonly keyKey: string;
  readonly privateKey: SecretValue;
  readonly uses: readonly PairUse[];
}

/** A pair that could not be read: where it lies, as far as that is known. */
export interface UnreadPair {
  readonly use: PairUse;
  /** The Secret by name; absent where a path leads into a volume that is no Secret. */
  readonly secret?: { readonly namespace: string; readonly name: string };
  readonly gap: Gap;
  /** The Secret is known not to exist: what Envoy serves, it serves from memory. */
  readonly absent: boolean;
}

type Found = { readonly pair: Omit<KeyPair, 'uses'>; readonly use: PairUse } | { readonly unread: UnreadPair };

const gone: Gap = { reason: 'not-collected', detail: 'there is no such Secret' };

function useOfCredential(credential: CredentialUse): PairUse {
  const { server, workload, path, sdsName, assumed } = credential;
  return { server, path, sdsName, assumed, mounted: false, ...(workload && { workload }) };
}

function ofCredential(credential: CredentialUse): readonly Found[] {
  const { state, namespace, name } = credential;
  const use = useOfCredential(credential);
  if (credential.denied !== undefined) return [];
  if (state.state === 'unknown' || state.state === 'absent') {
    const absent = state.state === 'absent';
    return [{ unread: { use, secret: { namespace, name }, gap: absent ? gone : state.gap, absent } }];
  }
  if (state.state !== 'pair') return [];
  const { secret, certKey, keyKey } = state;
  const chain = secret.values[certKey];
  const privateKey = secret.values[keyKey];
  return chain && privateKey ? [{ pair: { secret, certKey, chain, keySecret: secret, keyKey, privateKey }, use }] : [];
}

const otherVolume: Gap = {
  reason: 'not-collected',
  detail: 'the files are in a volume that is not made from a Secret',
};

/** A mounted file as the value of a Secret; a gap where the Secret cannot be read; nothing where a link is missing. */
function valueOf(file: MountedFile): { secret: Secret; key: string; value: SecretValue } | Gap | undefined {
  if (file.link === 'other-volume') return otherVolume;
  if (file.link !== 'secret') return undefined;
  if (file.lookup.state === 'unknown') return file.lookup.gap;
  if (file.lookup.state === 'absent') return undefined;
  const value = file.lookup.value.values[file.key];
  return value && value.kind !== 'empty' ? { secret: file.lookup.value, key: file.key, value } : undefined;
}

function ofFiles(
  evidence: Evidence,
  use: PairUse & { readonly workload: Workload },
  files: { readonly certificate: string; readonly key: string },
): readonly Found[] {
  const file = followPath(evidence, use.workload, files.certificate);
  const certificate = valueOf(file);
  const key = valueOf(followPath(evidence, use.workload, files.key));
  if (!certificate || !key) return [];
  if ('reason' in certificate || 'reason' in key) {
    const gap = 'reason' in certificate ? certificate : 'reason' in key ? key : otherVolume;
    const secret = file.link === 'secret' ? { namespace: use.workload.namespace, name: file.secretName } : undefined;
    return [{ unread: { use, gap, absent: false, ...(secret && { secret }) } }];
  }
  const { secret, key: certKey, value: chain } = certificate;
  return [{ pair: { secret, certKey, chain, keySecret: key.secret, keyKey: key.key, privateKey: key.value }, use }];
}

function ofMountedFiles(evidence: Evidence, server: Server): readonly Found[] {
  const { tls } = server;
  if (!tls || tls.credentialNames.length > 0) return [];
  const written = [
    { ...tls, path: `${server.path}.tls.serverCertificate` },
    ...tls.tlsCertificates.map((one, index) => ({ ...one, path: `${server.path}.tls.tlsCertificates[${index}]` })),
  ];
  return attachmentOf(evidence, server).workloads.flatMap((workload) =>
    written.flatMap(({ serverCertificate, privateKey, path }) => {
      if (serverCertificate === undefined || privateKey === undefined) return [];
      const sdsName = `file-cert:${serverCertificate}~${privateKey}`;
      const use = { server, workload, path, sdsName, mounted: true, assumed: false };
      return ofFiles(evidence, use, { certificate: serverCertificate, key: privateKey });
    }),
  );
}

const found = derive((evidence): readonly Found[] => [
  ...credentialUses(evidence).flatMap((use) => (use.role === 'pair' ? ofCredential(use) : [])),
  ...servers(evidence)
    .filter(terminatesTls)
    .flatMap((server) => ofMountedFiles(evidence, server)),
]);

/** Every key pair in use whose Secret could be read, once, with all its uses. */
export const keyPairs = derive((evidence): readonly KeyPair[] => {
  const known = new Map<string, { pair: Omit<KeyPair, 'uses'>; uses: PairUse[] }>();
  for (const one of found(evidence)) {
    if (!('pair' in one)) continue;
    const { secret, certKey, keySecret, keyKey } = one.pair;
    const key = [secret.namespace, secret.name, certKey, keySecret.name, keyKey].join('/');
    const same = known.get(key) ?? { pair: one.pair, uses: [] };
    same.uses.push(one.use);
    known.set(key, same);
  }
  return [...known.values()].map(({ pair, uses }) => ({ ...pair, uses }));
});

/** Every use of a key pair whose Secret could not be read, or no longer exists. */
export const unreadPairs = derive((evidence): readonly UnreadPair[] =>
  found(evidence).flatMap((one) => ('unread' in one ? [one.unread] : [])),
);

/** The servers of some uses, each once. */
export const serversUsing = (uses: readonly PairUse[]): readonly Server[] => [
  ...new Map(uses.map(({ server }) => [server.key, server])).values(),
];
