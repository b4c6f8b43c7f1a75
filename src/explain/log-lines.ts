import { readEnvelope } from '../logs/envelope.ts';
import type { EventFields } from '../logs/log-pattern.ts';
import type { MessageMatch } from '../logs/match-message.ts';
import { matchMessage } from '../logs/match-message.ts';
import type { Answer } from './answer.ts';

/** What a line of istiod, an agent or Envoy says, with or without its envelope; undefined for another line. */
export function logLine(asked: string): Answer | undefined {
  const envelope = readEnvelope(asked);
  const match = matchMessage(envelope?.message ?? asked, undefined, envelope?.labels);
  if (!match) return undefined;
  const { id, meaning, causes, versions } = match.meaning;
  return {
    kind: 'log-line',
    name: id,
    title: `A line in ${writers(match)}: ${severities[match.meaning.severity]}`,
    facts: facts(match, envelope?.at),
    sections: [{ heading: 'What it means', text: meaning }],
    causes,
    ...(versions.from !== '1.0' && { since: versions.from }),
    ...(versions.to !== undefined && { until: versions.to }),
  };
}

const severities = { error: 'an error', warning: 'a warning', info: 'a note', none: 'no sign of a fault' };
const names = { istiod: "istiod's log", gateway: "the gateway's log", 'node-agent': "the log of the gateway's agent" };

function writers({ pattern }: MessageMatch): string {
  return pattern.writers.map((writer) => names[writer]).join(' or ');
}

function facts({ pattern, parts, context }: MessageMatch, at: string | undefined): NonNullable<Answer['facts']> {
  const events = pattern.events?.(parts, context) ?? [];
  const named = (name: string, value: (event: EventFields) => string | undefined): NonNullable<Answer['facts']> => {
    const values = new Set(events.flatMap((event) => value(event) ?? []));
    return values.size === 0 ? [] : [{ name, value: [...values].join(', ') }];
  };
  return [
    ...(at === undefined ? [] : [{ name: 'time', value: at }]),
    ...named('asked for', ({ resource }) => resource),
    ...named('Secret', ({ secret }) => place(secret)),
    ...named('gateway', ({ proxy }) => place(proxy && { namespace: proxy.namespace, name: proxy.pod })),
    ...named('keys found', ({ keys }) => keys?.join(', ')),
    ...named('Gateway', ({ gateway }) => place(gateway)),
    ...named('hosts', ({ hosts }) => hosts?.join(', ')),
    ...named('listener', ({ listener }) => listener),
    ...named('cluster', ({ cluster }) => cluster),
    ...named('reason', ({ reason }) => reason),
  ];
}

function place(object: { readonly namespace?: string; readonly name?: string } | undefined): string | undefined {
  if (object?.name === undefined) return undefined;
  return object.namespace === undefined ? object.name : `${object.namespace}/${object.name}`;
}
