import type { ProbeOutcome } from '../model/probe.ts';

/**
 * An error code that Node, OpenSSL or undici gives for a connection, other than a received alert (alerts.ts) and a
 * certificate that does not verify (verification-codes.ts).
 */
export interface ErrorCode {
  readonly code: string;
  /** Where it arises: in the network, in the client's own TLS, in its HTTP, or in what the client was given to use. */
  readonly kind: 'network' | 'tls' | 'http' | 'input';
  readonly meaning: string;
  readonly atGateway: string;
  /** What a probe that ends with it has seen; absent: the probe never came to look. */
  readonly outcome?: ProbeOutcome;
  /** The alert that the client sends to the server with it: the client refuses, not the gateway. */
  readonly sends?: string;
}

export const errorCodes: readonly ErrorCode[] = [
  {
    code: 'ECONNRESET',
    kind: 'network',
    outcome: 'reset',
    meaning: 'The other side cut the connection (RST).',
    atGateway:
      'Before any byte of the server: no filter chain matches the server name, the credential never reached Envoy, a connection limit, or something on the way. Only the first leaves a line in the access log (NR filter_chain_not_found).',
  },
  {
    code: 'ECONNREFUSED',
    kind: 'network',
    outcome: 'refused',
    meaning: 'Nothing listens at this address and port.',
    atGateway:
      'The listener was refused, left out or still waits for its secret; the Service has no such port or no ready pod.',
  },
  {
    code: 'ETIMEDOUT',
    kind: 'network',
    outcome: 'timeout',
    meaning: 'There was no answer in time.',
    atGateway: 'A firewall, security group or NetworkPolicy drops the packets, or the address is not in service.',
  },
  {
    code: 'EHOSTUNREACH',
    kind: 'network',
    outcome: 'unreachable',
    meaning: 'A router, or this machine, knows no way to the address.',
    atGateway: 'The address belongs to another network, or its host is down.',
  },
  {
    code: 'ENETUNREACH',
    kind: 'network',
    outcome: 'unreachable',
    meaning: 'There is no route to the network of the address.',
    atGateway: 'Mostly an IPv6 address and a client that has IPv4 only.',
  },
  {
    code: 'EPIPE',
    kind: 'network',
    outcome: 'closed',
    meaning: 'The other side had closed the connection before everything was written.',
    atGateway: 'Right after a TLS 1.3 handshake with a client certificate asked for: the gateway refused it.',
  },
  {
    code: 'ECONNABORTED',
    kind: 'network',
    outcome: 'closed',
    meaning: 'The connection was given up.',
    atGateway: 'The gateway or something on the way closed it.',
  },
  {
    code: 'EADDRNOTAVAIL',
    kind: 'input',
    meaning: 'This machine has no address to connect from.',
    atGateway: 'Nothing is known of the gateway: this machine has no address of that family, or no port left.',
  },
  {
    code: 'EMFILE',
    kind: 'input',
    meaning: 'This process has too many open files.',
    atGateway: 'Nothing is known of the gateway: lower --concurrency or raise ulimit -n.',
  },
  {
    code: 'EACCES',
    kind: 'input',
    meaning: 'This machine does not permit the connection.',
    atGateway: 'Nothing is known of the gateway: a local firewall or sandbox forbids it.',
  },
  {
    code: 'EPERM',
    kind: 'input',
    meaning: 'This machine does not permit the connection.',
    atGateway: 'Nothing is known of the gateway: a local firewall or sandbox forbids it.',
  },
  {
    code: 'ENOTFOUND',
    kind: 'network',
    meaning: 'The name has no address.',
    atGateway: 'DNS has no record for the host, or this machine asks another DNS than the clients.',
  },
  {
    code: 'EAI_AGAIN',
    kind: 'network',
    meaning: 'The name could not be looked up for now.',
    atGateway: 'The DNS server does not answer; nothing is known of the name.',
  },
  {
    code: 'EPROTO',
    kind: 'tls',
    outcome: 'not-tls',
    meaning: 'TLS failed while something was written; the message holds the true reason.',
    atGateway: 'Read the text behind it: an alert with its number, or "wrong version number".',
  },
  {
    code: 'ERR_SSL_WRONG_VERSION_NUMBER',
    kind: 'tls',
    outcome: 'not-tls',
    meaning: 'What came back is not TLS.',
    atGateway: 'The port speaks plain HTTP: the server is not HTTPS, or TLS ends in front of the gateway.',
  },
  {
    code: 'ERR_SSL_PACKET_LENGTH_TOO_LONG',
    kind: 'tls',
    outcome: 'not-tls',
    meaning: 'What came back is not TLS.',
    atGateway: 'The port speaks another protocol.',
  },
  {
    code: 'ERR_SSL_UNKNOWN_PROTOCOL',
    kind: 'tls',
    outcome: 'not-tls',
    meaning: 'What came back is not TLS.',
    atGateway: 'The port speaks another protocol.',
  },
  {
    code: 'ERR_SSL_BAD_RECORD_TYPE',
    kind: 'tls',
    outcome: 'not-tls',
    meaning: 'What came back is not TLS.',
    atGateway: 'The port speaks another protocol.',
  },
  {
    code: 'ERR_SSL_EXCESSIVE_MESSAGE_SIZE',
    kind: 'tls',
    outcome: 'closed',
    meaning: 'The server sent a message longer than the client takes: a chain of more than 100 kB.',
    atGateway: 'tls.crt holds a whole CA bundle beside the chain.',
  },
  {
    code: 'ERR_SSL_HTTP_REQUEST',
    kind: 'tls',
    outcome: 'not-tls',
    meaning: 'Plain HTTP reached a TLS server.',
    atGateway: 'A client or balancer speaks http:// to the HTTPS port.',
  },
  {
    code: 'ERR_SSL_UNSUPPORTED_PROTOCOL',
    kind: 'tls',
    outcome: 'alert',
    sends: 'protocol_version',
    meaning: 'The server chose a version of TLS that the client does not allow.',
    atGateway: 'The server speaks TLS 1.0 or 1.1 only: maxProtocolVersion, or another device that answers.',
  },
  {
    code: 'ERR_SSL_UNEXPECTED_EOF_WHILE_READING',
    kind: 'tls',
    outcome: 'closed',
    meaning: 'The connection ended in the middle of TLS.',
    atGateway: 'The gateway or something on the way closed it without a word.',
  },
  {
    code: 'ERR_SSL_DH_KEY_TOO_SMALL',
    kind: 'tls',
    outcome: 'alert',
    sends: 'handshake_failure',
    meaning: 'The server offers a Diffie-Hellman group that is too weak.',
    atGateway: 'Envoy does not do this: another device answers.',
  },
  {
    code: 'ERR_SSL_UNSAFE_LEGACY_RENEGOTIATION_DISABLED',
    kind: 'tls',
    outcome: 'alert',
    sends: 'handshake_failure',
    meaning: 'The server does not know secure renegotiation (RFC 5746).',
    atGateway: 'Envoy does not do this: another, old device answers.',
  },
  {
    code: 'ERR_SSL_NO_PROTOCOLS_AVAILABLE',
    kind: 'input',
    meaning: 'The client was told to use a range of versions that is empty, or that its OpenSSL does not allow.',
    atGateway: 'The gateway was not asked.',
  },
  {
    code: 'ERR_SSL_NO_CIPHER_MATCH',
    kind: 'input',
    meaning: 'The cipher list of the client names nothing that its OpenSSL has.',
    atGateway: 'The gateway was not asked.',
  },
  {
    code: 'ERR_SSL_EE_KEY_TOO_SMALL',
    kind: 'input',
    meaning: "The key of the client's certificate is too short for its OpenSSL.",
    atGateway: 'The gateway was not asked. The certificate needs 2048 bits at least.',
  },
  {
    code: 'ERR_SSL_CA_MD_TOO_WEAK',
    kind: 'input',
    meaning: "The client's chain is signed with a digest that its OpenSSL no longer takes.",
    atGateway: 'The gateway was not asked.',
  },
  {
    code: 'UND_ERR_SOCKET',
    kind: 'http',
    outcome: 'closed',
    meaning: 'The connection ended while the answer was awaited.',
    atGateway: 'undici hides the reason: after a TLS 1.3 handshake it may be a refused client certificate.',
  },
  {
    code: 'UND_ERR_CONNECT_TIMEOUT',
    kind: 'network',
    outcome: 'timeout',
    meaning: 'Connection and handshake together took too long.',
    atGateway: 'A firewall, or a handshake that hangs.',
  },
  {
    code: 'UND_ERR_HEADERS_TIMEOUT',
    kind: 'http',
    outcome: 'timeout',
    meaning: 'The request got no answer in time.',
    atGateway: 'TLS is sound; the backend does not answer.',
  },
];

const byCode = new Map(errorCodes.map((entry) => [entry.code, entry]));

export function errorCode(code: string): ErrorCode | undefined {
  return byCode.get(code);
}
