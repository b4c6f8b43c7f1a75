import { constants } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { createSecureContext, createServer } from 'node:tls';
import type { SecureContextOptions, TLSSocket, TlsOptions } from 'node:tls';
import { judgeClient } from './client-certificate.ts';
import type { ClientHello } from './client-hello.ts';
import type { Credential } from './credential.ts';
import type { TlsPlan } from './plan.ts';
import { encryptedAlert, plaintextAlert } from './tls-alert.ts';
import { VerdictSocket } from './verdict-socket.ts';

/** Envoy's default list for TLS 1.2. */
const defaultCiphers = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
];

/** Always on in BoringSSL, whatever `cipherSuites` says. */
const tls13Suites = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** `transport_socket_connect_timeout` of Istio's gateway chains. */
const handshakeTimeout = 15_000;

/** The values of a chain's secrets, by the part they play. */
export interface ChainSecrets {
  readonly keyPairs: readonly Credential[];
  readonly clientCa?: Credential;
}

/** The TLS end of one filter chain. */
export class ChainTlsServer {
  readonly #plan: TlsPlan;
  readonly #options: TlsOptions;

  constructor(plan: TlsPlan, secrets: ChainSecrets) {
    // A key pair in the place of the CA is an empty validation context to Envoy: no client is asked for anything.
    const asksClients = secrets.clientCa?.kind === 'ca' && plan.clientCertificate !== 'none';
    this.#plan = asksClients ? plan : { ...plan, clientCertificate: 'none' };
    this.#options = optionsOf(this.#plan, secrets);
  }

  /**
   * Takes over a connection whose ClientHello has been read.
   * @param accepted is called when the handshake is complete and the client is admitted; never for one that is refused.
   */
  accept(connection: Duplex, readAhead: Buffer, hello: ClientHello, accepted: (socket: TLSSocket) => void): void {
    const between = new VerdictSocket(connection, readAhead, { awaitVerdict: this.#plan.clientCertificate !== 'none' });
    between.on('error', () => between.destroy());
    // BoringSSL goes on without ALPN where nothing fits, Node would refuse: so nothing is offered then.
    const alpn = this.#plan.alpn.filter((protocol) => hello.alpn.includes(protocol));
    // A server of its own for each connection, so that its events are those of this connection.
    const server = createServer({ ...this.#options, ...(alpn.length > 0 && { ALPNProtocols: [...alpn] }) });
    let trafficSecret = Buffer.alloc(0);
    server.on('keylog', (line) => {
      const [label, , secret = ''] = line.toString('latin1').trim().split(' ');
      if (label === 'SERVER_TRAFFIC_SECRET_0') trafficSecret = Buffer.from(secret, 'hex');
    });
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    server.on('secureConnection', (socket) => {
      socket.on('error', () => socket.destroy());
      const refusal = judgeClient(socket, this.#plan);
      if (refusal === undefined) {
        between.admit();
        accepted(socket);
        return;
      }
      const isTls13 = socket.getProtocol() === 'TLSv1.3';
      const suite = socket.getCipher().name;
      between.refuse(isTls13 ? encryptedAlert(refusal, suite, trafficSecret) : plaintextAlert(refusal));
      socket.destroy();
    });
    server.emit('connection', between);
  }
}

function optionsOf(plan: TlsPlan, { keyPairs, clientCa }: ChainSecrets): TlsOptions {
  const pairs = keyPairs.filter((credential) => credential.kind === 'key-pair');
  const authority = clientCa?.kind === 'ca' ? clientCa : undefined;
  const ciphers = plan.ciphers.length > 0 ? plan.ciphers : defaultCiphers;
  const secure: SecureContextOptions = {
    cert: pairs.map(({ chain }) => chain),
    key: pairs.map(({ key }) => key),
    minVersion: plan.minVersion,
    maxVersion: plan.maxVersion,
    // BoringSSL has no security levels: what it loads and offers is decided elsewhere.
    ciphers: [...tls13Suites, ...ciphers, '@SECLEVEL=0'].join(':'),
    ecdhCurve: 'X25519:P-256',
    honorCipherOrder: true,
    // A resumed session would be admitted without a look at its certificate.
    secureOptions: constants.SSL_OP_NO_TICKET,
    ca: [...(authority?.anchors ?? [])],
    ...(authority?.crl !== undefined && { crl: authority.crl }),
  };
  const asksClients = plan.clientCertificate !== 'none';
  const options: TlsOptions = { ...secure, handshakeTimeout, requestCert: asksClients, rejectUnauthorized: false };
  if (!asksClients) return options;
  // Any certificate of the bundle is an anchor, an intermediate too (Envoy 1.25). A server of Node does not take this
  // option, but it takes a context that has it, for clients that send a name.
  const context = createSecureContext({ ...secure, allowPartialTrustChain: true });
  return { ...options, SNICallback: (_name, callback) => callback(null, context) };
}
