import { readBoundListeners, readCerts, readInitDump, readServerInfo } from '../../envoy/read-admin-pages.ts';
import { mergeStates } from '../../envoy/merge-states.ts';
import { readConfigDump, type ConfigDumpPart } from '../../envoy/read-config-dump.ts';
import { readStats } from '../../envoy/read-stats.ts';
import type { Gap } from '../../model/coverage.ts';
import type { EnvoyState } from '../../model/envoy.ts';
import type { ContainerLog } from '../../model/snapshot.ts';
import type { KubernetesApi } from './api.ts';
import type { PodRef } from './pod-socket.ts';

/** What was read of one pod, and why the rest was not. */
export interface ProxyReading {
  readonly state: EnvoyState;
  readonly gaps: readonly Gap[];
}

/** Slices of the dump that a diagnosis needs; never the whole, which is hundreds of megabytes on a large gateway. */
const slices: readonly { readonly resource: string; readonly asked: readonly ConfigDumpPart[] }[] = [
  { resource: 'dynamic_listeners', asked: ['listeners'] },
  { resource: 'dynamic_active_secrets', asked: ['secrets'] },
  { resource: 'dynamic_warming_secrets', asked: ['secrets'] },
  { resource: 'dynamic_route_configs', asked: ['routeConfigs'] },
  { resource: 'dynamic_active_clusters', asked: ['clusters'] },
];

const statsFilter = '^(listener|listener_manager|sds|tls_inspector|server|cluster_manager|cluster\\.xds-grpc)';

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

const gapOfError = (error: unknown): Gap => {
  const known = typeof error === 'object' && error !== null && 'gap' in error ? error.gap : undefined;
  if (typeof known === 'object' && known !== null && 'reason' in known && 'detail' in known) {
    // oxlint-disable-next-line no-unsafe-type-assertion -- both errors of a pod's stream carry a Gap
    return known as Gap;
  }
  return { reason: 'unreadable', detail: error instanceof Error ? error.message : String(error) };
};

type Page = (path: string, read: (body: AsyncIterable<Uint8Array>) => Promise<Partial<EnvoyState>>) => Promise<void>;

/** Reads one gateway pod's Envoy through its admin interface. What fails is a gap; what was read before stays. */
export async function readProxy(api: KubernetesApi, pod: PodRef): Promise<ProxyReading> {
  const admin = api.envoyAdmin(pod);
  const parts: Partial<EnvoyState>[] = [];
  const gaps: Gap[] = [];
  const page: Page = async (path, read) => {
    const found = await admin.get(path);
    if (found.state === 'unknown') gaps.push(found.gap);
    if (found.state !== 'found') return;
    try {
      parts.push(await read(found.value.body));
    } catch (error) {
      gaps.push(gapOfError(error));
    }
  };
  const dump =
    (asked: readonly ConfigDumpPart[]) =>
    async (body: AsyncIterable<Uint8Array>): Promise<Partial<EnvoyState>> => {
      const reading = await readConfigDump(body, { asked });
      for (const detail of reading.problems) gaps.push({ reason: 'unreadable', detail });
      return reading.state;
    };
  const text =
    (read: (text: string) => Partial<EnvoyState>) =>
    async (body: AsyncIterable<Uint8Array>): Promise<Partial<EnvoyState>> =>
      read(await textOf(body));
  // the first page decides how the pod is reached; the others then follow over the same connection
  await page(
    '/server_info',
    text((body) => field('node', readServerInfo(body))),
  );
  if (parts.length > 0) {
    for (const { resource, asked } of slices) await page(`/config_dump?resource=${resource}`, dump(asked));
    await page('/config_dump?mask=bootstrap', dump([]));
    await page(
      '/certs',
      text((body) => field('loadedCertificates', readCerts(body))),
    );
    await page(
      '/listeners?format=json',
      text((body) => field('boundListeners', readBoundListeners(body))),
    );
    await page(
      '/init_dump?mask=listener',
      text((body) => field('waitingFor', readInitDump(body))),
    );
    const filter = encodeURIComponent(statsFilter);
    await page(
      `/stats?filter=${filter}`,
      text((body) => field('stats', readStats(body))),
    );
  }
  return { state: { ...mergeStates(...parts), namespace: pod.namespace, pod: pod.pod }, gaps };
}

function field<K extends keyof EnvoyState>(key: K, value: EnvoyState[K] | undefined): Partial<EnvoyState> {
  const state: Partial<EnvoyState> = {};
  return value === undefined ? state : Object.assign(state, { [key]: value });
}

/** How much of a log is read: the last hours, and a bound for what is chatty. */
const logLimits = { sinceSeconds: 6 * 3600, tailLines: 20_000, limitBytes: 8 * 1024 * 1024 };

/** The log of one container, or why there is none. */
export async function readContainerLog(
  api: KubernetesApi,
  pod: PodRef,
  container: string,
): Promise<{ readonly log?: ContainerLog; readonly gap?: Gap }> {
  return api.collectLog({ ...pod, container }, logLimits);
}
