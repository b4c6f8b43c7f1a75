import type { Duplex } from 'node:stream';
import type { Question, Snapshot } from '../../model/snapshot.ts';
import { openKubernetesApi, type KubernetesApi } from './api.ts';
import { openAuditFile } from './audit.ts';
import { loadKubeconfig } from './kubeconfig.ts';
import { PodStreamError } from './pod-stream.ts';
import { Walk } from './walk.ts';

export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly as?: string;
  readonly asGroups?: readonly string[];
  readonly requestTimeoutMs?: number;
  readonly concurrency?: number;
  readonly audit?: string;
  readonly istioNamespace: string;
  readonly readSecrets: boolean;
  readonly question: Question;
  readonly now: Date;
  readonly userAgent: string;
  readonly onProgress: (what: string) => void;
}

/** One open cluster: the evidence that was read, and the ways into its pods while the run lasts. */
export interface OpenCluster {
  readonly api: KubernetesApi;
  collect(): Promise<Snapshot>;
  /** What is known so far, for a run that is cut short. */
  snapshot(): Snapshot;
  dial(pod: { readonly namespace: string; readonly pod: string }, port: number): Promise<Duplex>;
  close(): void;
}

/**
 * Opens a cluster as kubectl would. Throws an IstlsError (exit 3) when it cannot be reached or refuses the credentials;
 * afterwards everything that cannot be read is a gap.
 *
 * @param signal the budget of the whole run
 */
export async function openCluster(options: ClusterOptions, signal: AbortSignal): Promise<OpenCluster> {
  const { kubeconfig, context, as, asGroups, audit } = options;
  const access = await loadKubeconfig({
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(context !== undefined && { context }),
    ...((as !== undefined || asGroups) && {
      impersonation: { ...(as !== undefined && { user: as }), ...(asGroups && { groups: asGroups }) },
    }),
    signal,
  });
  const log = audit === undefined ? undefined : openAuditFile(audit);
  const api = await openKubernetesApi(access, {
    signal,
    userAgent: options.userAgent,
    ...(options.requestTimeoutMs !== undefined && { requestTimeoutMs: options.requestTimeoutMs }),
    ...(options.concurrency !== undefined && { concurrency: options.concurrency }),
    ...(log && { audit: log.write }),
  });
  const walk = new Walk(api, { ...options, kind: 'cluster' });
  return {
    api,
    collect: () => walk.collect(),
    snapshot: () => walk.snapshot(),
    dial: async (pod, port) => {
      const connection = await api.podStream(pod, port);
      if (connection.outcome === 'open') return connection.stream;
      throw new PodStreamError('ECONNRESET', connection.gap.detail);
    },
    close: () => {
      api.close();
      log?.close();
    },
  };
}
