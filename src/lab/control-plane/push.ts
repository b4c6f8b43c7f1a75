import type { ObjectEvent } from '../api-server/store.ts';
import { sameJson } from '../api-server/object.ts';
import type { Notice } from './config.ts';
import { configName } from './configuration.ts';

/** Kinds whose changes istiod does not push: its own output, and what says nothing about configuration. */
const unwatched = new Set(['Endpoints', 'EndpointSlice', 'Event', 'Lease', 'Node', 'ReplicaSet', 'Deployment']);

/** Whether a change is one that istiod would push: not one of a status alone. */
export function isPushed({ kind, object, before }: ObjectEvent): boolean {
  if (unwatched.has(kind.kind)) return false;
  if (!before || kind.kind === 'Pod' || kind.kind === 'Service') return true;
  const fields = new Set([...Object.keys(object), ...Object.keys(before)]);
  fields.delete('status');
  fields.delete('metadata');
  const metadata = ['labels', 'annotations'];
  return (
    [...fields].some((field) => !sameJson(object[field], before[field])) ||
    metadata.some((field) => !sameJson(object.metadata[field], before.metadata[field]))
  );
}

/** A change of Secrets alone goes to the proxies that have them; any other is a push of everything. */
export function isIncremental(changes: readonly ObjectEvent[]): boolean {
  return changes.length > 0 && changes.every(({ kind }) => kind.kind === 'Secret' && kind.group === '');
}

/** The lines with which istiod announces a push. */
export function pushNotices(
  changes: readonly ObjectEvent[],
  push: { readonly number: number; readonly services: number; readonly proxies: number; readonly now: Date },
): readonly Notice[] {
  const [first] = changes;
  if (!first) return [];
  const version = `${push.now.toISOString().slice(0, 19)}Z/${push.number}`;
  const others = changes.length === 1 ? '' : ` and ${changes.length - 1} more configs`;
  const full = !isIncremental(changes);
  const what = `Push debounce stable[${push.number}] ${changes.length} for config ${configName(first.object)}${others}`;
  const pushing = full
    ? `XDS: Pushing Services:${push.services} ConnectedEndpoints:${push.proxies} Version:${version}`
    : `XDS: Incremental Pushing ConnectedEndpoints:${push.proxies} Version:${version}`;
  const debounce = `${what}: 100.${String(push.number % 1000).padStart(3, '0')}ms since last change, 100.9ms since last push, full=${full}`;
  return [debounce, pushing].map((text) => ({ level: 'info', scope: 'ads', text }));
}
