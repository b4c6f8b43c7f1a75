import type { Socket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import type { Probe } from '../../model/probe.ts';
import { unlessAborted } from './abort.ts';
import { userAgent } from './user-agent.ts';

export interface HttpRequest {
  readonly scheme: 'https' | 'http';
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

type HttpAnswer = NonNullable<Probe['http']>;

const maxHeaderBytes = 64 * 1024;
/** What is read of a body before the connection is given up: enough for error pages to end by themselves. */
const maxBodyBytes = 64 * 1024;
const maxBodyMs = 500;
const bodyStartLength = 200;

/**
 * Sends one GET over a connection that stands, and gives the answer's head. HTTP/2 if ALPN chose it. Redirects are not
 * followed; the body is read to its end only if it is short and quick. Rejects with an UnreadableAnswer, undici's error
 * or the signal's reason. The connection is destroyed in every case.
 */
export async function request(connection: Duplex, wanted: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  // Loaded when needed: it takes longer to load than a handshake takes.
  const { Client } = await import('undici');
  // The origin is never resolved nor dialled, and host names of evidence are not always fit for a URL.
  const client = new Client(`${wanted.scheme}://probe.invalid`, {
    // Never at once: undici waits for its connector to return first.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- undici types a Socket, and needs a Duplex of it
    connect: (_options, callback) => queueMicrotask(() => callback(null, connection as Socket)),
    allowH2: true,
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  try {
    const asked = client.request({
      method: 'GET',
      path: wanted.path,
      headers: { host: authority(wanted), 'user-agent': userAgent, accept: '*/*' },
      reset: true,
    });
    const { statusCode, headers, body } = await unlessAborted(asked, signal);
    const bodyStart = await readStart(body);
    return {
      status: statusCode,
      path: wanted.path,
      ...answerHeaders(headers),
      ...(statusCode >= 400 && bodyStart !== '' && { bodyStart }),
    };
  } catch (error) {
    throw unreadable(error);
  } finally {
    connection.destroy();
    void client.destroy().catch(() => {});
  }
}

export const unreadableAnswer = 'UNREADABLE_ANSWER';

/** An answer came that is no HTTP, or more of it than is read: the connection itself works. */
export class UnreadableAnswer extends Error {
  readonly code = unreadableAnswer;
}

/** undici has a class for answers that it cannot parse, and no code for each of them. */
function unreadable(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const isTooLong = 'code' in error && error.code === 'UND_ERR_HEADERS_OVERFLOW';
  if (!isTooLong && error.name !== 'HTTPParserError') return error;
  const reason = isTooLong ? `more than ${maxHeaderBytes} bytes of headers` : error.message;
  return new UnreadableAnswer(`the answer cannot be read as HTTP: ${reason}`, { cause: error });
}

/** As curl writes `Host`: the port only where it is not that of the scheme. */
function authority({ scheme, host, port }: HttpRequest): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === (scheme === 'https' ? 443 : 80) ? name : `${name}:${port}`;
}

/** The beginning of a body as text on one line. Ends at the limits, or when the server breaks off; never rejects. */
async function readStart(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  const timer = setTimeout(() => body.destroy(), maxBodyMs);
  try {
    for await (const chunk of body) {
      chunks.push(Buffer.from(chunk));
      size += chunk.length;
      if (size >= maxBodyBytes) break;
    }
  } catch {
    // What came before the break is the beginning all the same.
  } finally {
    clearTimeout(timer);
  }
  const text = Buffer.concat(chunks)
    .subarray(0, bodyStartLength * 4)
    .toString('utf8');
  return text
    .replaceAll(/[\s\p{C}]+/gu, ' ')
    .trim()
    .slice(0, bodyStartLength);
}

/**
 * Headers by lower-case names. What may carry a secret is cut: of cookies only the names stay, of a redirect no query
 * (identity providers put tokens there).
 */
function answerHeaders(
  raw: Readonly<Record<string, string | readonly string[] | undefined>>,
): Pick<HttpAnswer, 'server' | 'headers'> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(raw)) {
    if (value === undefined) continue;
    const values = typeof value === 'string' ? [value] : value;
    headers[name.toLowerCase()] = values.map((one) => withoutSecrets(name.toLowerCase(), one)).join(', ');
  }
  return { headers, ...(headers['server'] !== undefined && { server: headers['server'] }) };
}

function withoutSecrets(name: string, value: string): string {
  if (name === 'set-cookie') return `${value.split('=', 1)[0] ?? ''}=…`;
  if (name === 'location') return value.replace(/[?#].*$/s, '?…');
  return value;
}
