/** What a file is by its place in a snapshot, a bug-report archive, or a folder that somebody put together. */
export type Place =
  | { readonly kind: 'log'; readonly namespace: string; readonly pod: string; readonly container: string }
  | { readonly kind: 'envoy'; readonly namespace: string; readonly pod: string; readonly page: EnvoyPage }
  | { readonly kind: 'table'; readonly table: TableName }
  | { readonly kind: 'secret-list' }
  | { readonly kind: 'skip' }
  | { readonly kind: 'objects' };

const envoyPages = ['config_dump', 'certs', 'stats', 'server_info', 'listeners', 'clusters', 'init_dump'] as const;
export type EnvoyPage = (typeof envoyPages)[number];

export type TableName =
  'snapshot.json' | 'secrets.jsonl' | 'probes.jsonl' | 'dns.json' | 'access-reviews.jsonl' | 'changes.jsonl';

const tables: ReadonlySet<string> = new Set<TableName>([
  'snapshot.json',
  'secrets.jsonl',
  'probes.jsonl',
  'dns.json',
  'access-reviews.jsonl',
  'changes.jsonl',
]);

const isTable = (name: string): name is TableName => tables.has(name);

/** The page of Envoy's admin interface by a file's name: `config_dump?include_eds` (bug-report), `config_dump.json`. */
function pageOf(name: string): EnvoyPage | undefined {
  return envoyPages.find((page) => name === page || (name.startsWith(page) && /[.?_-]/.test(name.charAt(page.length))));
}

/** Parts of a bug-report that say nothing of TLS, or say it in text that is not ours to read. */
const bugReportNoise =
  /(^|\/)(cores|cni|analyze|operator)\/|\/(memory|netstat|runtime|metrics)$|\/debug\/|(^|\/)(bug-report\.log|versions|events|cluster-context|kubectl-version)$/;

function ofLog(parts: readonly string[], name: string): Place | undefined {
  if (!/\.log(\.\d+|\.txt)?$/.test(name)) return undefined;
  const container = name.replace(/\.log.*$/, '');
  const [pod, namespace, above] = [parts.at(-2), parts.at(-3), parts.at(-4)];
  if (pod !== undefined && namespace !== undefined && above !== undefined) {
    return { kind: 'log', namespace, pod, container };
  }
  if (pod !== undefined && namespace !== undefined) return { kind: 'log', namespace, pod, container };
  // a log by itself: its name is all there is, `istio-ingressgateway-7b9c-x.log`
  return { kind: 'log', namespace: '', pod: container, container: '' };
}

/** What a file is by its path, `/`-separated. What is not recognised holds objects, or turns out not to. */
export function placeOf(path: string): Place {
  const parts = path.split('/');
  const name = parts.at(-1) ?? path;
  if (isTable(name)) return { kind: 'table', table: name };
  const log = ofLog(parts, name);
  if (log) return log;
  const page = pageOf(name);
  const underProxy = /(^|\/)(envoy|proxies)\//.test(path);
  if (page && (underProxy || page === 'config_dump')) {
    const prometheus = parts.at(-2) === 'stats';
    const [pod = '', namespace = ''] = [parts.at(prometheus ? -3 : -2), parts.at(prometheus ? -4 : -3)];
    return { kind: 'envoy', namespace: underProxy ? namespace : '', pod: underProxy ? pod : '', page };
  }
  if (/(^|\/)stats\/prometheus$/.test(path)) {
    return { kind: 'envoy', namespace: parts.at(-4) ?? '', pod: parts.at(-3) ?? '', page: 'stats' };
  }
  if (/(^|\/)cluster\/secrets$/.test(path)) return { kind: 'secret-list' };
  if (bugReportNoise.test(path)) return { kind: 'skip' };
  if (/\.(md|txt|sh|png|html|crt|pem|key|tar|zip)$/i.test(name)) return { kind: 'skip' };
  return { kind: 'objects' };
}
