import { randomUUID } from 'node:crypto';

/** One line of an access log. What is absent is written as `-`. */
export interface AccessLogEntry {
  readonly at: Date;
  readonly method?: string;
  readonly path?: string;
  readonly protocol?: string;
  readonly status: number;
  readonly flags?: string;
  readonly details?: string;
  readonly upstreamFailure?: string;
  readonly bytesReceived?: number;
  readonly bytesSent?: number;
  readonly milliseconds?: number;
  readonly upstreamMilliseconds?: number;
  readonly forwardedFor?: string;
  readonly userAgent?: string;
  readonly authority?: string;
  readonly upstream?: { readonly address: string; readonly cluster: string; readonly localAddress: string };
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly serverName?: string;
  readonly routeName?: string;
}

/** The default text format of Istio 1.9 and later. */
export function accessLogLine(entry: AccessLogEntry): string {
  const isRequest = entry.authority !== undefined;
  const quoted = (value: string | undefined): string => `"${value ?? '-'}"`;
  return [
    `[${entry.at.toISOString()}]`,
    quoted([entry.method ?? '-', entry.path ?? '-', entry.protocol ?? '-'].join(' ')),
    entry.status,
    entry.flags ?? '-',
    entry.details ?? '-',
    '-',
    quoted(entry.upstreamFailure),
    entry.bytesReceived ?? 0,
    entry.bytesSent ?? 0,
    entry.milliseconds ?? 0,
    entry.upstreamMilliseconds ?? '-',
    quoted(entry.forwardedFor),
    quoted(entry.userAgent),
    quoted(isRequest ? randomUUID() : undefined),
    quoted(entry.authority),
    quoted(entry.upstream?.address),
    entry.upstream?.cluster ?? '-',
    entry.upstream?.localAddress ?? '-',
    entry.localAddress,
    entry.remoteAddress,
    entry.serverName ?? '-',
    entry.routeName ?? '-',
  ].join(' ');
}
