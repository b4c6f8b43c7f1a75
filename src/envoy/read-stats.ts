import type { Json } from '../model/json.ts';
import { isObject, numberAt, objectsAt, textAt } from '../kubernetes/read.ts';

export type EnvoyStats = Readonly<Record<string, number>>;

/**
 * Reads `/stats` as text, as JSON (`?format=json`) or for Prometheus: counters and gauges by Envoy's dotted names.
 * Histograms and text readouts are left out. Prometheus names lose their dots; those of listeners, the TLS inspector and
 * the managers are given back in Envoy's form, all others under the name of their series.
 */
export function readStats(text: string): EnvoyStats | undefined {
  const start = text.trimStart();
  if (start.startsWith('{')) return readJson(text);
  const lines = text.split('\n');
  const stats = start.startsWith('#') || /^envoy_\w+\{/.test(start) ? readPrometheus(lines) : readText(lines);
  return Object.keys(stats).length > 0 ? stats : undefined;
}

function readJson(text: string): EnvoyStats | undefined {
  try {
    const page: Json = JSON.parse(text);
    if (!isObject(page) || !('stats' in page)) return undefined;
    return Object.fromEntries(
      objectsAt(page, 'stats').flatMap(({ value }) => {
        const name = textAt(value, 'name');
        const number = typeof value['value'] === 'number' ? numberAt(value, 'value') : undefined;
        return name === undefined || number === undefined ? [] : [[name, number]];
      }),
    );
  } catch {
    return undefined;
  }
}

function readText(lines: readonly string[]): EnvoyStats {
  const stats: [string, number][] = [];
  for (const line of lines) {
    const at = line.lastIndexOf(': ');
    const value = line.slice(at + 2).trim();
    if (at > 0 && /^-?\d+$/.test(value)) stats.push([line.slice(0, at), Number(value)]);
  }
  return Object.fromEntries(stats);
}

function readPrometheus(lines: readonly string[]): EnvoyStats {
  const stats: [string, number][] = [];
  let histogram = '';
  for (const line of lines) {
    if (line.startsWith('#')) {
      histogram = /^# TYPE (\S+) (?:histogram|summary)$/.exec(line)?.[1] ?? '';
      continue;
    }
    const end = line.lastIndexOf(' ');
    const value = line.slice(end + 1);
    if (end < 0 || !/^-?\d+$/.test(value) || (histogram !== '' && line.startsWith(`${histogram}_`))) continue;
    stats.push([dottedName(line.slice(0, end)), Number(value)]);
  }
  return Object.fromEntries(stats);
}

/** Families by their beginning, the longest first; `*` stands for the listener's address. */
const families = [
  ['envoy_listener_manager_lds_', 'listener_manager.lds.'],
  ['envoy_listener_manager_', 'listener_manager.'],
  ['envoy_cluster_manager_cds_', 'cluster_manager.cds.'],
  ['envoy_cluster_manager_', 'cluster_manager.'],
  ['envoy_server_', 'server.'],
  ['envoy_tls_inspector_', 'tls_inspector.'],
  ['envoy_listener_server_ssl_socket_factory_', 'listener.*.server_ssl_socket_factory.'],
  ['envoy_listener_ssl_', 'listener.*.ssl.'],
  ['envoy_listener_', 'listener.*.'],
] as const;

function dottedName(series: string): string {
  const brace = series.indexOf('{');
  const name = brace < 0 ? series : series.slice(0, brace);
  const labels = brace < 0 ? '' : series.slice(brace + 1, -1);
  const family = families.find(([prefix]) => name.startsWith(prefix));
  if (!family) return series;
  const [prefix, dotted] = family;
  const address = /^(?:envoy_)?listener_address="([^"]*)"$/.exec(labels)?.[1];
  const rest = name.slice(prefix.length);
  if (!dotted.includes('*')) return labels === '' ? dotted + rest : series;
  return address === undefined ? series : dotted.replace('*', () => address) + rest;
}
