import { IstlsError } from '../../model/errors.ts';
import type { Gap } from '../../model/coverage.ts';
import { ProxyFailure } from './proxy-tunnel.ts';
import { oneLine } from './server-text.ts';

/** Why no answer came, both as evidence (a gap of one look) and as a reason not to start at all. */
export interface ConnectionFailure {
  readonly gap: Gap;
  readonly error: IstlsError;
}

const verification: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; is the clock of this machine right?',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed and not the one that the kubeconfig trusts',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an authority that the kubeconfig does not trust',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate comes from an authority that the kubeconfig does not trust',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from an authority that the kubeconfig does not trust',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes from an authority that the kubeconfig does not trust',
  CERT_SIGNATURE_FAILURE: 'its certificate is not signed by the authority that the kubeconfig trusts',
};

const notTls = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNKNOWN_PROTOCOL/;

/** Reads what Node reports when a request gets no answer. `server` is how messages name the API server. */
export function connectionFailure(cause: unknown, server: string): ConnectionFailure {
  const error = flattened(cause);
  const code = error.code ?? '';
  if (cause instanceof IstlsError) return { gap: { reason: 'forbidden', detail: cause.message }, error: cause };
  if (cause instanceof ProxyFailure) return proxyFailure(cause, server);
  if (notTls.test(code) || notTls.test(error.message.replaceAll(' ', '_').toUpperCase())) {
    return tlsFailure(server, 'it does not speak TLS on that port', 'Is the port that of plain HTTP, or of a proxy?');
  }
  const verified = verification[code];
  if (verified !== undefined) return tlsFailure(server, `${verified} (${code})`, authorityHint);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return tlsFailure(server, oneLine(error.message), 'tls-server-name in the kubeconfig sets the name to verify.');
  }
  if (/^(ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO|CERT_|CRL_)/.test(code)) {
    return tlsFailure(server, oneLine(error.message), 'A refusal by the server often means the client certificate.');
  }
  return unreachable(server, error);
}

const authorityHint = 'Is certificate-authority-data of the right cluster? A proxy that intercepts TLS looks the same.';

function tlsFailure(server: string, why: string, hint: string): ConnectionFailure {
  return {
    gap: { reason: 'unreachable', detail: `TLS to the API server failed: ${why}` },
    error: new IstlsError('api-tls-failed', `TLS to the API server ${server} failed: ${why}.`, { exit: 3, hint }),
  };
}

function proxyFailure(failure: ProxyFailure, server: string): ConnectionFailure {
  const hint =
    failure.status === 407
      ? 'The proxy wants a user and password: http://USER:PASSWORD@HOST:PORT.'
      : 'NO_PROXY excepts servers; proxy-url in the kubeconfig names a proxy of its own.';
  return {
    gap: { reason: 'unreachable', detail: oneLine(failure.message) },
    error: new IstlsError('proxy-failed', `The API server ${server} cannot be reached: ${oneLine(failure.message)}.`, {
      exit: 3,
      hint,
    }),
  };
}

function unreachable(server: string, failure: Failure): ConnectionFailure {
  const why = said(failure);
  return {
    gap: { reason: failure.code === 'ETIMEDOUT' ? 'timeout' : 'unreachable', detail: why },
    error: new IstlsError('api-unreachable', `The API server ${server} cannot be reached: ${why}.`, {
      exit: 3,
      hint: 'Does `kubectl get --raw /version` answer? Look at the VPN, the address in the kubeconfig, the proxy.',
    }),
  };
}

function said({ code, message }: Failure): string {
  if (code === 'ENOTFOUND') return 'its name does not resolve (ENOTFOUND)';
  if (code === 'EAI_AGAIN') return 'the name server gave no answer (EAI_AGAIN)';
  if (code === 'ECONNRESET') return `the connection was closed before an answer came (${oneLine(message)})`;
  return oneLine(message);
}

interface Failure {
  readonly code?: string;
  readonly message: string;
}

/** Node wraps the attempts on several addresses of one name into one error with an empty message. */
function flattened(cause: unknown): Failure {
  if (cause instanceof AggregateError) {
    const errors = cause.errors.map(flattened);
    const code = errors.find((error) => error.code !== undefined)?.code;
    return { ...(code !== undefined && { code }), message: errors.map((error) => error.message).join('; ') };
  }
  if (!(cause instanceof Error)) return { message: 'unknown' };
  const code = (cause as NodeJS.ErrnoException).code;
  return { ...(code !== undefined && { code }), message: cause.message };
}
