/** Envoy's admin pages by the names of their files in a snapshot, without the ending. */
export type AdminPageKind = 'config_dump' | 'certs' | 'listeners' | 'server_info' | 'clusters' | 'init_dump' | 'stats';

/** What stands near the beginning of each page and of no other, the surest first. */
const signs: readonly (readonly [AdminPageKind, RegExp])[] = [
  ['config_dump', /"@type"\s*:\s*"type\.googleapis\.com\/envoy\.admin\.v(?:3|2alpha)\.\w+ConfigDump/],
  ['certs', /^\s*\{\s*"certificates"\s*:\s*\[/],
  ['listeners', /^\s*\{\s*"listener_statuses"\s*:/],
  ['clusters', /^\s*\{\s*"cluster_statuses"\s*:/],
  ['init_dump', /^\s*\{\s*"unready_targets_dumps"\s*:/],
  ['stats', /^\s*\{\s*"stats"\s*:\s*\[/],
  ['server_info', /^\s*\{[^{}]*"hot_restart_version"\s*:/],
  ['config_dump', /^\s*\{\s*"configs"\s*:\s*[[{]/],
  ['clusters', /^[^\n{]{1,300}::(?:observability_name|default_priority|added_via_api)::/],
  ['stats', /^# TYPE envoy_\w+ \w+$/m],
  ['stats', /^(?:cluster_manager|listener_manager|server)\.[\w.]+: /m],
  ['listeners', /^\S{1,300}::(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:]*\]):\d{1,5}$/m],
];

/**
 * Which admin page a file is, by the first part of its text: files that are collected by hand have any name. Undefined
 * for everything else.
 */
export function recognisePage(head: string): AdminPageKind | undefined {
  const text = head.slice(0, 65_536);
  return signs.find(([, sign]) => sign.test(text))?.[0];
}
