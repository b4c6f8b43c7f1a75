import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import type { Lab } from '../../src/lab/lab.ts';
import type { Expectation } from '../../src/lab/scenario/scenario.ts';

/** What a client saw, in the words of a scenario's expectations. */
export interface Seen {
  readonly outcome: string;
  readonly status?: number;
  readonly answeredBy?: 'application' | 'gateway';
  readonly verify?: string;
  readonly location?: string;
}

/** Alert numbers by the end of the codes that Node gives them. */
const alertNumbers: Readonly<Record<string, number>> = {
  ALERT_HANDSHAKE_FAILURE: 40,
  ALERT_BAD_CERTIFICATE: 42,
  ALERT_UNSUPPORTED_CERTIFICATE: 43,
  ALERT_CERTIFICATE_REVOKED: 44,
  ALERT_CERTIFICATE_EXPIRED: 45,
  ALERT_CERTIFICATE_UNKNOWN: 46,
  ALERT_UNKNOWN_CA: 48,
  ALERT_PROTOCOL_VERSION: 70,
  ALERT_CERTIFICATE_REQUIRED: 116,
};

/** Does what the expectation describes, as an ordinary client. */
export async function probe(lab: Lab, expectation: Expectation): Promise<Seen> {
  const port = lab.ports[expectation.port];
  if (expectation.port === 'http') return ask(expectation, port).catch(failure);
  const file = (name: string): string | undefined => {
    const path = lab.clientFiles[name];
    return path === undefined ? undefined : readFileSync(path, 'utf8');
  };
  const [ca, cert, key] = ['ca.crt', `${expectation.client}.crt`, `${expectation.client}.key`].map(file);
  if (expectation.client !== undefined && (!cert || !key)) throw new Error(`no files for client ${expectation.client}`);
  const socket = connectTls({
    host: '127.0.0.1',
    port,
    ...(!expectation.withoutSni && { servername: expectation.host }),
    ...(expectation.maxVersion && { maxVersion: expectation.maxVersion }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && key !== undefined && { cert, key }),
    rejectUnauthorized: false,
    // Node checks the name only after the chain; this keeps its verdict for `verify`.
    checkServerIdentity: () => undefined,
    ALPNProtocols: ['http/1.1'],
  });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
      socket.once('end', () => reject(new Error('closed')));
    });
    const verify = await verdict(socket, ca, expectation.host);
    const answer = await ask(expectation, port, socket);
    return { ...answer, ...(verify !== undefined && { verify }) };
  } catch (error) {
    return failure(error);
  } finally {
    socket.destroy();
  }
}

async function verdict(socket: TLSSocket, ca: string | undefined, host: string): Promise<string | undefined> {
  if (ca === undefined) return undefined;
  if (!socket.authorized) return String(socket.authorizationError);
  const certificate = socket.getPeerX509Certificate();
  return certificate?.checkHost(host, { subject: 'never' }) === undefined ? 'ERR_TLS_CERT_ALTNAME_INVALID' : undefined;
}

function ask(expectation: Expectation, port: number, socket?: TLSSocket): Promise<Seen> {
  const { host, path } = expectation;
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      path,
      headers: { host: `${host}:${port}`, connection: 'close' },
      createConnection: () => socket ?? connectTcp(port, '127.0.0.1'),
    });
    request.once('error', reject);
    request.once('response', (response) => {
      response.resume();
      resolve(seenOf(response));
    });
    request.end();
  });
}

function seenOf(response: IncomingMessage): Seen {
  const { location } = response.headers;
  const own =
    response.headers['x-envoy-upstream-service-time'] === undefined && response.headers['server'] === 'istio-envoy';
  return {
    outcome: 'ok',
    status: response.statusCode ?? 0,
    answeredBy: own ? 'gateway' : 'application',
    ...(location !== undefined && { location }),
  };
}

function failure(error: unknown): Seen {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ECONNREFUSED') return { outcome: 'refused' };
  if (code === 'ECONNRESET' && String(error).includes('ECONNRESET')) return { outcome: 'reset' };
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') return { outcome: 'not-tls' };
  const alert = Object.entries(alertNumbers).find(([name]) => code.endsWith(name) || String(error).includes(name));
  if (alert) return { outcome: `alert ${alert[1]}` };
  return { outcome: 'closed' };
}
