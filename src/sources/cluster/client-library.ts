import type https from 'node:https';
import tls from 'node:tls';
import type { KubeConfig } from '@kubernetes/client-node';
import { objectAt, textAt } from '../../kubernetes/read.ts';
import { IstlsError } from '../../model/errors.ts';
import type { ApiTls } from './api-agent.ts';
import type { KubeContext } from './kube-context.ts';
import { trustedByThisMachine } from './proxy-tunnel.ts';
import { oneLine } from './server-text.ts';
import type { ResolvedContext } from './user-credentials.ts';

/** What the client library makes of a context: how to speak TLS, and with which headers. */
export interface LibraryOptions {
  readonly tls: ApiTls;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * A context as the client library sees it, without any proxy: the way to the server is `api-agent.ts`. The library is
 * loaded here and nowhere else, because that takes longer than most runs take to read a cluster.
 */
export async function libraryFor(
  context: KubeContext,
  { cluster, user }: ResolvedContext,
  server: URL,
): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const library = new KubeConfig();
  const name = context.name ?? 'in-cluster';
  // The library speaks plain HTTP (as `kubectl proxy` serves it) only to servers that need not be verified.
  const unverified = server.protocol === 'http:' ? { 'insecure-skip-tls-verify': true } : {};
  library.loadFromString(
    JSON.stringify({
      clusters: [{ name, cluster: { ...cluster, ...unverified } }],
      // Without any user the library applies neither the authority nor the server name.
      users: [{ name, user }],
      contexts: [{ name, context: { cluster: name, user: name } }],
      'current-context': name,
    }),
  );
  return library;
}

/**
 * Asks the library for what a request needs; an auth-provider gets its token here.
 *
 * @throws IstlsError `auth-provider-failed`, `kubeconfig-incomplete` for an authority without a certificate,
 *   `client-certificate-unusable`
 */
export async function libraryOptions(library: KubeConfig, context: KubeContext): Promise<LibraryOptions> {
  const options: https.RequestOptions = {};
  try {
    await library.applyToHTTPSOptions(options);
  } catch (cause) {
    const provider = textAt(objectAt(context.user, 'auth-provider'), 'name') ?? '';
    const why = cause instanceof Error ? oneLine(cause.message) : 'unknown';
    throw new IstlsError(
      'auth-provider-failed',
      `The auth-provider "${provider}" of user "${context.userName}" gave no credential: ${why}.`,
      { exit: 3, hint: 'Log in again; newer kubeconfigs use a credential plugin (exec) instead.' },
    );
  }
  return { tls: tlsOf(options, context), headers: headersOf(options) };
}

function headersOf(options: https.RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  if (options.auth) headers['Authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (typeof value === 'string') headers[name] = value;
  }
  return headers;
}

function tlsOf({ ca, cert, key, servername, rejectUnauthorized }: https.RequestOptions, context: KubeContext): ApiTls {
  if (ca && !String(ca).includes('-----BEGIN')) {
    throw new IstlsError(
      'kubeconfig-incomplete',
      `The certificate-authority of cluster "${context.clusterName}" holds no PEM certificate.`,
      { exit: 3 },
    );
  }
  try {
    return {
      secureContext: tls.createSecureContext({ ca: ca ?? trustedByThisMachine(), cert, key }),
      ...(servername && { servername }),
      // Said either way, so that NODE_TLS_REJECT_UNAUTHORIZED has no say.
      rejectUnauthorized: rejectUnauthorized !== false,
    };
  } catch (error) {
    const why = oneLine(error instanceof Error ? error.message : '');
    throw new IstlsError(
      'client-certificate-unusable',
      `The client certificate and key of user "${context.userName}" cannot be used: ${why}.`,
      { exit: 3, hint: 'Both must be PEM, belong together, and the key must not be encrypted.' },
    );
  }
}
