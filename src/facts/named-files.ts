import { atLeast, before } from '../istio/release.ts';
import type { LogEvent } from '../model/log-event.ts';
import { attachmentOf } from './attachments.ts';
import { derive, type Evidence } from './evidence.ts';
import { followPath, type MountedFile } from './file-mounts.ts';
import { eventsOf, isOfWorkload } from './log-events.ts';
import { release } from './mesh.ts';
import { probesOf } from './probes.ts';
import { heldBy } from './proxies.ts';
import { asksClients, servers, terminatesTls, type Server } from './servers.ts';
import type { Workload } from './workloads.ts';

/** A certificate file that a Gateway names by its path in the pod, and where that path leads. */
export interface NamedFile {
  readonly server: Server;
  readonly workload: Workload;
  /** The field that names it. */
  readonly field: string;
  readonly file: string;
  /** Whether it is the chain of the pair, which `/certs` and clients show. */
  readonly isChain: boolean;
  readonly mounted: MountedFile;
  /** How Envoy asks the agent for it, since 1.10. */
  readonly sdsName: string;
}

interface Written {
  readonly field: string;
  readonly file: string;
  readonly isChain: boolean;
  readonly sdsName: string;
}

function pairFiles(
  path: string,
  { serverCertificate, privateKey }: { readonly serverCertificate?: string; readonly privateKey?: string },
): readonly Written[] {
  const sdsName = `file-cert:${serverCertificate ?? ''}~${privateKey ?? ''}`;
  return [
    ...(serverCertificate === undefined
      ? []
      : [{ field: `${path}.serverCertificate`, file: serverCertificate, isChain: true, sdsName }]),
    ...(privateKey === undefined ? [] : [{ field: `${path}.privateKey`, file: privateKey, isChain: false, sdsName }]),
  ];
}

/** The files that a server names and its release reads; none where a credential is named, which goes before files. */
function filesOf(server: Server): readonly Written[] {
  const { tls } = server;
  if (!tls || tls.credentialNames.length > 0 || tls.mode === 'ISTIO_MUTUAL') return [];
  const path = `${server.path}.tls`;
  const ca = asksClients(server) ? tls.caCertificates : undefined;
  return [
    ...pairFiles(path, tls),
    ...tls.tlsCertificates.flatMap((one, index) => pairFiles(`${path}.tlsCertificates[${index}]`, one)),
    ...(ca === undefined
      ? []
      : [{ field: `${path}.caCertificates`, file: ca, isChain: false, sdsName: `file-root:${ca}` }]),
  ];
}

export const namedFiles = derive((evidence): readonly NamedFile[] =>
  servers(evidence)
    .filter(terminatesTls)
    .flatMap((server) =>
      filesOf(server).flatMap((written) =>
        attachmentOf(evidence, server).workloads.map((workload) => ({
          server,
          workload,
          ...written,
          mounted: followPath(evidence, workload, written.file),
        })),
      ),
    ),
);

const isOlder = (evidence: Evidence, { workload }: NamedFile): boolean =>
  before(workload.release ?? release(evidence), 1, 10);

/** Whether Envoy itself opens the files, once, as up to 1.9: it refuses the whole listener where one is missing. */
export const readsFilesItself = isOlder;

const noFile = /no such file|Invalid path|unable to read file|not a directory/;

/**
 * The newest line that says that a file could not be read: Envoy's refusal of the listener up to 1.9, which names the
 * path, and the agent's own since 1.10, which names the secret.
 */
export function fileComplaint(evidence: Evidence, named: NamedFile): LogEvent | undefined {
  const { file, sdsName, workload } = named;
  const kinds = isOlder(evidence, named) ? (['listener-refused'] as const) : (['file-secret-failed'] as const);
  return eventsOf(evidence, ...kinds)
    .filter(({ reason = '', resource }) => (resource === undefined ? reason.includes(file) : resource === sdsName))
    .filter(({ reason = '' }) => noFile.test(reason))
    .findLast((event) => isOfWorkload(event, workload));
}

/** What dumps and probes show of a server whose pair lies in files. */
export interface FileDelivery {
  readonly works: boolean;
  readonly fails: boolean;
}

export function fileDelivery(evidence: Evidence, { server, workload, sdsName }: NamedFile): FileDelivery {
  const held = atLeast(workload.release ?? release(evidence), 1, 10) ? heldBy(evidence, workload, sdsName) : [];
  const probes = probesOf(evidence)(server).map(({ probe }) => probe);
  const answered = probes.some(({ protocol, chain }) => protocol !== undefined || (chain?.length ?? 0) > 0);
  const cutOff = probes.some(
    ({ outcome, protocol }) => protocol === undefined && outcome !== 'ok' && outcome !== 'timeout',
  );
  const waits = held.some(({ state }) => state === 'warming' || state === 'refused');
  return {
    works: !waits && !cutOff && (answered || held.some(({ state }) => state === 'active')),
    fails: waits || cutOff,
  };
}
