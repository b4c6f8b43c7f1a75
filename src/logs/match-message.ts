import { agentDeliveryPatterns } from './agent-delivery-patterns.ts';
import { agentLookupPatterns } from './agent-lookup-patterns.ts';
import { connectionPatterns, noisePatterns } from './connection-patterns.ts';
import { envoyPatterns } from './envoy-patterns.ts';
import { istiodConfigPatterns } from './istiod-config-patterns.ts';
import { istiodDenialPatterns } from './istiod-denial-patterns.ts';
import { istiodRefusalPatterns } from './istiod-refusal-patterns.ts';
import { istiodSecretPatterns } from './istiod-secret-patterns.ts';
import type { LogMeaning, LogPattern, MessageContext, Parts, Writer } from './log-pattern.ts';

/** All patterns; where several fit, the first one holds. */
export const logPatterns: readonly LogPattern[] = [
  ...istiodSecretPatterns,
  ...istiodDenialPatterns,
  ...istiodRefusalPatterns,
  ...istiodConfigPatterns,
  ...agentLookupPatterns,
  ...agentDeliveryPatterns,
  ...envoyPatterns,
  ...connectionPatterns,
  ...noisePatterns,
];

export interface MessageMatch {
  readonly pattern: LogPattern;
  readonly parts: Parts;
  readonly context: MessageContext;
  /** What it means: that of the reason in it, where that one is known. */
  readonly meaning: LogMeaning;
}

/** A cue may stand in a message by chance before the place that is meant. */
const mostTries = 4;

const agentPrefix =
  /^(?:CONNECTION ID: (?<connection>\S*), RESOURCE NAME: (?<first>[^,]*), EVENT: |(?:node:\S+ )?resource:(?<second>\S+) )/;

/**
 * The pattern of a message, without its envelope. `writer` is whose log it stands in; without it, patterns of all are
 * tried. Linear in the length of the message.
 */
export function matchMessage(message: string, writer?: Writer, labels?: string): MessageMatch | undefined {
  const prefix = agentPrefix.exec(message);
  const resource = prefix?.groups?.['first'] ?? prefix?.groups?.['second'];
  const context = { ...(resource !== undefined && { resource }), ...(labels !== undefined && { labels }) };
  const from = prefix ? prefix[0].length : 0;
  for (const pattern of logPatterns) {
    if (writer !== undefined && !pattern.writers.includes(writer)) continue;
    const parts = matchAt(pattern, message, from);
    if (parts) return { pattern, parts, context, meaning: meaningOf(pattern, parts) };
  }
  return undefined;
}

function matchAt(pattern: LogPattern, message: string, from: number): Parts | undefined {
  let at = message.indexOf(pattern.cue, from);
  for (let tries = 0; at >= 0 && tries < mostTries; tries += 1) {
    pattern.rest.lastIndex = at + pattern.cue.length;
    const match = pattern.rest.exec(message);
    if (match) return { ...named(match.groups), before: message.slice(from, at).trim(), message };
    at = message.indexOf(pattern.cue, at + 1);
  }
  return undefined;
}

function meaningOf(pattern: LogPattern, parts: Parts): LogMeaning {
  const reason = pattern.reason && parts[pattern.reason.part]?.trimStart();
  if (reason === undefined) return pattern;
  const known = pattern.reason?.known.find(({ text }) => {
    text.lastIndex = 0;
    return text.test(reason);
  });
  return known ?? pattern;
}

function named(groups: Readonly<Record<string, string | undefined>> | undefined): Parts {
  return Object.fromEntries(
    Object.entries(groups ?? {}).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
