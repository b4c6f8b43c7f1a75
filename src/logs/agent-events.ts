import { ofResource } from './event-fields.ts';
import type { EventFields, LogPattern, Parts } from './log-pattern.ts';

/** Both the node agent of Istio 1.1–1.4 and the pilot-agent of 1.5–1.7 print these lines. */
export const agents = ['node-agent', 'gateway'] as const;

/** One event about the secret in the message, or about the resource before it. */
export function aboutSecret(
  kind: EventFields['kind'],
  more: (parts: Parts) => Partial<EventFields> = () => ({}),
): NonNullable<LogPattern['events']> {
  return (parts, { resource }) => [{ ...ofResource(parts['secret'] ?? resource), ...more(parts), kind }];
}
