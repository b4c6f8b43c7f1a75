import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { isIP } from 'node:net';
import type { ProbePlan } from './plan.ts';
import { secureContext } from './secure-contexts.ts';
import type { Wire } from './wire.ts';

export const defaultAlpn = ['h2', 'http/1.1'] as const;

/** What was agreed, and what OpenSSL says of the chain. */
export interface Negotiated {
  readonly protocol: string;
  readonly cipher: string;
  readonly alpn?: string;
  /** Why the chain does not verify, without regard to the name; absent: it does. */
  readonly verifyCode?: string;
}

/** A TLS client on its way. Its errors are caught: they never surface as uncaught events. */
export interface Handshake {
  readonly socket: TLSSocket;
  /** Fulfilled when the client has finished the handshake. Never rejected. */
  readonly finished: Promise<Negotiated>;
  /** Fulfilled when the connection is over, in good order or not. Never rejected. */
  readonly ended: Promise<void>;
  /** The first error, which is the true one: later ones follow from it. */
  readonly error: () => Error | undefined;
  /** The secret that opens the server's flight of TLS 1.3, once it exists. */
  readonly handshakeSecret: () => Buffer | undefined;
}

/** The server name that the plan sends. Clients send no addresses (RFC 6066 section 3). */
export function serverName(plan: ProbePlan): string | null {
  const name = plan.sni === undefined ? plan.host : plan.sni;
  return name === null || name === '' || isIP(name) !== 0 ? null : name;
}

/**
 * Starts TLS on a wire. Whatever certificate the server shows, the handshake goes on: what a verification says is read
 * from `socket.authorizationError` afterwards. Throws as `secureContext` does.
 */
export function startHandshake(wire: Wire, plan: ProbePlan): Handshake {
  const name = serverName(plan);
  const socket = connect({
    socket: wire,
    secureContext: secureContext(plan),
    ALPNProtocols: [...(plan.alpn ?? defaultAlpn)],
    rejectUnauthorized: false,
    // The name is judged apart from the chain, against `host` whatever name was sent.
    checkServerIdentity: () => undefined,
    ...(name !== null && { servername: name }),
  });
  let secret: Buffer | undefined;
  let error: Error | undefined;
  socket.on('keylog', (line) => {
    secret ??= secretOf(line);
  });
  socket.on('error', (first) => {
    error ??= first;
  });
  return {
    socket,
    // Read at once: a refusal that comes with the same bytes closes the socket, and then it knows nothing any more.
    finished: new Promise((resolve) => socket.once('secureConnect', () => resolve(negotiated(socket)))),
    ended: new Promise((resolve) => socket.once('close', () => resolve())),
    error: () => error,
    handshakeSecret: () => secret,
  };
}

function negotiated(socket: TLSSocket): Negotiated {
  const { alpnProtocol, authorizationError } = socket;
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().name,
    ...(typeof alpnProtocol === 'string' && { alpn: alpnProtocol }),
    // Node's types say Error; what it sets is the code.
    ...(authorizationError && { verifyCode: String(authorizationError) }),
  };
}

/** The key log has one line per secret: label, client random, secret in hex (draft-ietf-tls-keylogfile). */
function secretOf(line: Buffer): Buffer | undefined {
  const [label, , secret] = line.toString('latin1').trim().split(' ');
  return label === 'SERVER_HANDSHAKE_TRAFFIC_SECRET' ? Buffer.from(secret ?? '', 'hex') : undefined;
}
