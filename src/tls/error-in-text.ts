import { errorCode } from './error-codes.ts';
import type { ErrorCode } from './error-codes.ts';

/** What curl, OpenSSL, Go, Java and shells say instead of a code. The first that fits counts. */
const phrases: readonly (readonly [RegExp, string])[] = [
  [
    /wrong version number|first record does not look like a TLS handshake|unsupported or unrecognized SSL message/i,
    'ERR_SSL_WRONG_VERSION_NUMBER',
  ],
  [/packet length too long/i, 'ERR_SSL_PACKET_LENGTH_TOO_LONG'],
  [
    /client sent an HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS port|:http request\b/i,
    'ERR_SSL_HTTP_REQUEST',
  ],
  [/unexpected eof while reading|EOF occurred in violation of protocol/i, 'ERR_SSL_UNEXPECTED_EOF_WHILE_READING'],
  [/unsupported protocol/i, 'ERR_SSL_UNSUPPORTED_PROTOCOL'],
  [/connection (?:was )?reset|reset by peer/i, 'ECONNRESET'],
  [/connection refused/i, 'ECONNREFUSED'],
  [/no route to host|host is unreachable/i, 'EHOSTUNREACH'],
  [/network is unreachable/i, 'ENETUNREACH'],
  [/broken pipe/i, 'EPIPE'],
  [/connection timed out|operation timed out|i\/o timeout|connect timed out/i, 'ETIMEDOUT'],
  [/could not resolve host|no such host|name or service not known|nodename nor servname/i, 'ENOTFOUND'],
  [/temporary failure in name resolution/i, 'EAI_AGAIN'],
  [/other side closed|socket hang up/i, 'UND_ERR_SOCKET'],
];

/**
 * The error that a text of a client speaks of, other than an alert or a certificate that does not verify: by a code of
 * Node that stands in it, or by the usual words for it.
 */
export function errorCodeInText(text: string): ErrorCode | undefined {
  for (const [word] of text.matchAll(/\b[A-Z][A-Z_]{3,}\b/g)) {
    const found = errorCode(word);
    if (found) return found;
  }
  const phrase = phrases.find(([words]) => words.test(text));
  return phrase && errorCode(phrase[1]);
}
