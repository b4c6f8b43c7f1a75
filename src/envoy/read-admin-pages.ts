import type { EnvoyEndpoint, EnvoyLoadedCertificate, EnvoyNode } from '../model/envoy.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { booleanAt, isObject, objectAt, objectsAt, textAt, textsAt } from '../kubernetes/read.ts';
import { present } from './present.ts';
import { readAddress, usableHealth } from './read-cluster.ts';
import { readNode } from './read-node.ts';

/**
 * Readers of Envoy's smaller admin pages. Each takes the page as text and gives undefined where it is no such page: an
 * error message in its place, or a page that was cut off.
 */
function parse(text: string): JsonObject | undefined {
  try {
    const value: Json = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Reads `/certs`. Identical contexts, which Envoy repeats for every filter chain and cluster, are given once. */
export function readCerts(text: string): readonly EnvoyLoadedCertificate[] | undefined {
  const page = parse(text);
  if (!page || !('certificates' in page || Object.keys(page).length === 0)) return undefined;
  const contexts = new Map<string, readonly Omit<EnvoyLoadedCertificate, 'context'>[]>();
  for (const { value } of objectsAt(page, 'certificates')) {
    const certificates = [...loaded(value, 'cert_chain', 'leaf'), ...loaded(value, 'ca_cert', 'ca')];
    if (certificates.length > 0) contexts.set(JSON.stringify(certificates), certificates);
  }
  return [...contexts.values()].flatMap((certificates, context) =>
    certificates.map((certificate) => ({ ...certificate, context })),
  );
}

function loaded(context: JsonObject, field: string, role: EnvoyLoadedCertificate['role']) {
  return objectsAt(context, field).map(({ value }) =>
    present({
      role,
      // whole bytes here, and no leading zeros in the model: 09b7… and 9b7… are one number [seen: Envoy 1.38.3]
      serialNumber: (textAt(value, 'serial_number') ?? '').toLowerCase().replace(/^0+(?=.)/, ''),
      subjectAltNames: objectsAt(value, 'subject_alt_names').flatMap(
        ({ value: name }) => textAt(name, 'dns') ?? textAt(name, 'uri') ?? textAt(name, 'ip_address') ?? [],
      ),
      path: textAt(value, 'path'),
      validFrom: textAt(value, 'valid_from'),
      expirationTime: textAt(value, 'expiration_time'),
    }),
  );
}

/** Reads `/listeners`, as JSON or as the lines `NAME::ADDRESS`: the names of the bound listeners. */
export function readBoundListeners(text: string): readonly string[] | undefined {
  if (!text.trimStart().startsWith('{')) {
    const names = text.split('\n').flatMap((line) => /^(\S+?)::(?:\[|\d|\/|@)/.exec(line)?.[1] ?? []);
    return names.length > 0 ? names : undefined;
  }
  const page = parse(text);
  if (!page || !('listener_statuses' in page || Object.keys(page).length === 0)) return undefined;
  return objectsAt(page, 'listener_statuses').flatMap(({ value }) => textAt(value, 'name') ?? []);
}

/** Reads `/server_info`: the version is `<commit>/1.38.3/Clean/RELEASE/BoringSSL`. */
export function readServerInfo(text: string): EnvoyNode | undefined {
  const page = parse(text);
  const version = textAt(page, 'version');
  if (!page || version === undefined) return undefined;
  const [, number, , , ssl] = version.split('/');
  return {
    ...readNode(objectAt(page, 'node')),
    ...present({ envoyVersion: number || undefined, ssl: ssl || undefined, state: textAt(page, 'state') }),
  };
}

/** Reads `/init_dump`: the targets that keep listeners from going live; none once nothing waits. */
export function readInitDump(text: string): readonly string[] | undefined {
  const page = parse(text);
  if (!page || !('unready_targets_dumps' in page || Object.keys(page).length === 0)) return undefined;
  const targets = objectsAt(page, 'unready_targets_dumps').flatMap(({ value }) => textsAt(value, 'target_names'));
  return [...new Set(targets)];
}

/** Reads `/clusters`, as JSON or as the lines `CLUSTER::ADDRESS::KEY::VALUE`. */
export function readClusters(text: string): readonly EnvoyEndpoint[] | undefined {
  if (!text.trimStart().startsWith('{')) return readClusterLines(text);
  const page = parse(text);
  if (!page || !('cluster_statuses' in page)) return undefined;
  return objectsAt(page, 'cluster_statuses').flatMap(({ value: status }) => {
    const cluster = textAt(status, 'name') ?? '';
    return objectsAt(status, 'host_statuses').flatMap(({ value }) => {
      const address = readAddress(objectAt(value, 'address'));
      return address === undefined ? [] : [{ cluster, address, healthy: isHealthy(objectAt(value, 'health_status')) }];
    });
  });
}

function isHealthy(health: JsonObject | undefined): boolean {
  const failed = ['failed_active_health_check', 'failed_outlier_check'];
  return (
    usableHealth.has(textAt(health, 'eds_health_status') ?? 'UNKNOWN') &&
    !failed.some((check) => booleanAt(health, check) === true)
  );
}

const flags = '::health_flags::';

function readClusterLines(text: string): readonly EnvoyEndpoint[] | undefined {
  if (!text.includes('::')) return undefined;
  return text.split('\n').flatMap((line) => {
    const end = line.lastIndexOf(flags);
    if (end < 0) return [];
    const place = line.slice(0, end);
    // The address of an IPv6 host holds the separator itself: `CLUSTER::[fd00::1]:80`.
    const start = place.endsWith(']') || /\]:\d+$/.test(place) ? place.lastIndexOf('::[') : place.lastIndexOf('::');
    if (start < 0) return [];
    const states = line.slice(end + flags.length).trim();
    const healthy = !/failed|timeout|excluded|draining/.test(states);
    return [{ cluster: place.slice(0, start), address: place.slice(start + 2), healthy }];
  });
}
