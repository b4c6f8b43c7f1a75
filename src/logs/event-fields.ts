import { readSdsName } from '../envoy/sds-name.ts';
import { present } from '../envoy/present.ts';
import type { LogEvent } from '../model/log-event.ts';

type Fields = Partial<LogEvent>;

/**
 * The fields that name a credential: as Envoy asks for it, and the Secret behind it. `namespace` is that which the line
 * tells beside the name.
 */
export function ofResource(resource: string | undefined, namespace?: string): Fields {
  if (resource === undefined || resource === '') return {};
  const name = readSdsName(resource);
  const base = { resource, ca: name.ca };
  switch (name.scheme) {
    case 'kubernetes':
    case 'kubernetes-gateway':
    case 'configmap':
      return { ...base, secret: present({ namespace: name.namespace ?? namespace, name: name.name }) };
    case 'agent':
      return { ...base, secret: present({ namespace, name: name.name }) };
    default:
      return base;
  }
}

/** The fields for a proxy that istiod names `POD.NAMESPACE`. Only a pod's name may hold a dot. */
export function ofProxy(text: string | undefined): Fields {
  const dot = text?.lastIndexOf('.') ?? -1;
  if (text === undefined || dot <= 0) return {};
  return { proxy: { pod: text.slice(0, dot), namespace: text.slice(dot + 1) } };
}

/** The same for a connection, `POD.NAMESPACE-12`. */
export function ofConnection(text: string | undefined): Fields {
  return ofProxy(text?.replace(/-\d{1,9}$/, ''));
}

/** A Gateway as istiod's lines name it: `NAMESPACE/NAME`, or the name alone. */
export function ofGateway(text: string | undefined): Fields {
  if (text === undefined || text === '') return {};
  const slash = text.indexOf('/');
  return { gateway: slash < 0 ? { name: text } : { namespace: text.slice(0, slash), name: text.slice(slash + 1) } };
}

/** A list as Go prints it: `[a.example.com b.example.com]`, also with quotes and commas. */
export function listOf(text: string | undefined): readonly string[] {
  return (text ?? '').split(/[\s,"]+/).filter((item) => item !== '');
}

/** The keys of `found: a, b, and 2 more...`. */
export function keysOf(text: string | undefined): readonly string[] {
  return (text ?? '').split(', ').filter((key) => key !== '' && !/^and \d{1,9} more/.test(key));
}

/** The names of `a, b, and 3 others`. */
export function namesOf(text: string | undefined): readonly string[] {
  return (text ?? '').split(', ').filter((name) => name !== '' && !/^and \d{1,9} others?$/.test(name));
}
