import type { EnvoyLoadedCertificate, EnvoyState } from '../model/envoy.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { present } from './present.ts';
import { writeConfigDump, writeNode } from './write-config-dump.ts';

export interface AdminPage {
  /** The name of the file in a snapshot: `config_dump.json`, `certs.json`, `stats.txt`, … */
  readonly file: string;
  readonly text: string;
}

/** Writes a state as the admin pages that it was read from; what was not collected gives no page. */
export function writeAdminPages(state: Partial<EnvoyState>): readonly AdminPage[] {
  const dumped = state.node?.statsInclusion ?? state.clusters ?? state.listeners ?? state.routeConfigs ?? state.secrets;
  const pages: [string, string | undefined][] = [
    ['config_dump.json', dumped && writeConfigDump(state)],
    ['certs.json', state.loadedCertificates && writeCerts(state.loadedCertificates)],
    ['stats.txt', state.stats && writeStats(state.stats)],
    ['server_info.json', state.node && writeServerInfo(state.node)],
    ['listeners.json', state.boundListeners && writeBoundListeners(state.boundListeners)],
    ['clusters.txt', state.endpoints && writeClusters(state.endpoints)],
    ['init_dump.json', state.waitingFor && writeInitDump(state.waitingFor)],
  ];
  return pages.flatMap(([file, text]) => (text === undefined ? [] : [{ file, text }]));
}

function page(content: Json): string {
  return `${JSON.stringify(content, undefined, 1)}\n`;
}

export function writeCerts(certificates: readonly EnvoyLoadedCertificate[]): string {
  const contexts = Map.groupBy(certificates, ({ context }) => context ?? {});
  return page({
    certificates: [...contexts.values()].map((each) => ({
      ca_cert: each.filter(({ role }) => role === 'ca').map(writeLoaded),
      cert_chain: each.filter(({ role }) => role === 'leaf').map(writeLoaded),
    })),
  });
}

function writeLoaded(certificate: EnvoyLoadedCertificate): JsonObject {
  return present({
    path: certificate.path,
    serial_number: certificate.serialNumber,
    subject_alt_names: certificate.subjectAltNames.map(writeName),
    valid_from: certificate.validFrom,
    expiration_time: certificate.expirationTime,
  });
}

function writeName(name: string): JsonObject {
  if (name.includes('://')) return { uri: name };
  return name.includes(':') || /^\d+(?:\.\d+){3}$/.test(name) ? { ip_address: name } : { dns: name };
}

export function writeStats(stats: NonNullable<EnvoyState['stats']>): string {
  if (Object.keys(stats).length === 0) return page({ stats: [] });
  return Object.entries(stats)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');
}

export function writeServerInfo(node: NonNullable<EnvoyState['node']>): string {
  return page(
    present({
      version: `/${node.envoyVersion ?? ''}///${node.ssl ?? ''}`,
      state: node.state,
      node: writeNode(node),
    }),
  );
}

export function writeBoundListeners(names: NonNullable<EnvoyState['boundListeners']>): string {
  return page({ listener_statuses: names.map((name) => ({ name })) });
}

export function writeClusters(endpoints: NonNullable<EnvoyState['endpoints']>): string {
  // An empty page would be no answer: the JSON form can say that there is none.
  if (endpoints.length === 0) return page({ cluster_statuses: [] });
  return endpoints
    .map(
      ({ cluster, address, healthy }) =>
        `${cluster}::${address}::health_flags::${healthy ? 'healthy' : '/failed_eds_health'}\n`,
    )
    .join('');
}

export function writeInitDump(targets: NonNullable<EnvoyState['waitingFor']>): string {
  return page({ unready_targets_dumps: targets.length > 0 ? [{ target_names: targets }] : [] });
}
