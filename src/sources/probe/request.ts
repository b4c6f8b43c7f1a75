import { connect as connectHttp2 } from 'node:http2';
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
  /** Whether ALPN chose HTTP/2. */
  readonly http2: boolean;
}

type HttpAnswer = NonNullable<Probe['http']>;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | number | undefined>>;
  readonly body: Readable;
}

const maxHeaderBytes = 64 * 1024;
/** What is read of a body before the connection is given up: enough for error pages to end by themselves. */
const maxBodyBytes = 64 * 1024;
const maxBodyMs = 500;
const bodyStartLength = 200;
const headersOverflow = 'UND_ERR_HEADERS_OVERFLOW';

export const unreadableAnswer = 'UNREADABLE_ANSWER';

/** An answer came that is no HTTP, or more of it than is read: the connection itself works. */
export class UnreadableAnswer extends Error {
  readonly code = unreadableAnswer;
}

/**
 * Sends one GET over a connection that stands, and gives the answer's head. Redirects are not followed; the body is
 * read to its end only if it is short and quick. Rejects with an UnreadableAnswer, Node's error or the signal's reason.
 * The connection is destroyed in every case.
 *
 * HTTP/1.1 goes through undici, HTTP/2 through Node's own client: undici 8 asserts in an event handler, and so ends the
 * process, when an HTTP/2 connection breaks while a request runs on a client that is given up.
 */
export async function request(connection: Duplex, wanted: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  try {
    const asked = wanted.http2
      ? Promise.race([askHttp2(connection, wanted), closing(connection)])
      : askHttp1(connection, wanted);
    const { status, headers, body } = await unlessAborted(asked, signal);
    const bodyStart = await readStart(body);
    return {
      status,
      path: wanted.path,
      ...answerHeaders(headers),
      ...(status >= 400 && bodyStart !== '' && { bodyStart }),
    };
  } catch (error) {
    throw unreadable(error);
  } finally {
    connection.destroy();
  }
}

async function askHttp1(connection: Duplex, wanted: HttpRequest): Promise<Answer> {
  const { Client } = await import('undici');
  // The URL is never resolved nor dialled: the connection stands already.
  const client = new Client('http://probe.invalid', {
    // oxlint-disable-next-line no-unsafe-type-assertion -- undici is content with any Duplex, and says Socket
    connect: (_options, done) => void setImmediate(done, null, connection as Socket),
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const { statusCode, headers, body } = await client.request({
    method: 'GET',
    path: requestTarget(wanted),
    headers: { host: authority(wanted), ...commonHeaders },
    reset: true,
  });
  return { status: statusCode, headers, body };
}

function askHttp2(connection: Duplex, wanted: HttpRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // The URL is never resolved nor dialled, and host names of evidence are not always fit for one.
    const session = connectHttp2('https://probe.invalid', { createConnection: () => connection });
    session.on('error', reject);
    const stream = session.request({
      ':authority': authority(wanted),
      ':path': requestTarget(wanted),
      ...commonHeaders,
    });
    stream.once('response', ({ ':status': status = 0, ...headers }) => resolve({ status, headers, body: stream }));
    stream.on('error', reject);
    stream.once('close', () => {
      reject(new Error('the server closed the stream without an answer'));
      session.destroy();
    });
  });
}

/** Rejects when the connection is over, which a client for HTTP/2 does not always notice. */
function closing(connection: Duplex): Promise<never> {
  return new Promise((_resolve, reject) => {
    const onClose = (): void => reject(new Error('the connection was closed'));
    if (connection.closed) onClose();
    else connection.once('close', onClose);
  });
}

const commonHeaders = { 'user-agent': userAgent, accept: '*/*' };

/** What may not stand in a request line goes as browsers send it. */
function requestTarget({ path }: HttpRequest): string {
  return path.replaceAll(/[^\x21-\x7e]+/g, encodeURIComponent);
}

/** As curl writes `Host`: the port only where it is not that of the scheme. */
function authority({ scheme, host, port }: HttpRequest): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === (scheme === 'https' ? 443 : 80) ? name : `${name}:${port}`;
}

/** What the parser cannot read has a code of its own (HPE_…), or only a name where it is no HTTP from the first byte. */
function unreadable(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = 'code' in error && error.code !== undefined ? String(error.code) : '';
  const tooLong = code === headersOverflow || code === 'HPE_HEADER_OVERFLOW';
  if (!tooLong && !code.startsWith('HPE_') && error.name !== 'HTTPParserError') return error;
  const reason = tooLong ? `more than ${maxHeaderBytes} bytes of headers` : code || error.message;
  return new UnreadableAnswer(`the answer cannot be read as HTTP: ${reason}`, { cause: error });
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
function answerHeaders(raw: Answer['headers']): Pick<HttpAnswer, 'server' | 'headers'> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(raw)) {
    if (value === undefined || name.startsWith(':')) continue;
    headers[name] = [value]
      .flat()
      .map((one) => withoutSecrets(name, String(one)))
      .join(', ');
  }
  return { headers, ...(headers['server'] !== undefined && { server: headers['server'] }) };
}

function withoutSecrets(name: string, value: string): string {
  if (name === 'set-cookie') return `${value.split('=', 1)[0] ?? ''}=…`;
  if (name === 'location') return value.replace(/[?#].*$/s, '?…');
  return value;
}
