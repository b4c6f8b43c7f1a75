import type { Command } from '../model/finding.ts';
import type { Probe } from '../model/probe.ts';
import { tlsVersion } from './versions.ts';

/** What a command needs beyond the record: files, which a record of a run does not name. */
export interface ClientFiles {
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly caFile?: string;
}

/** The parts of a record that say what was asked. */
export type Asked = Pick<
  Probe,
  | 'host'
  | 'sni'
  | 'address'
  | 'port'
  | 'pod'
  | 'via'
  | 'scheme'
  | 'proxyProtocol'
  | 'clientCertificate'
  | 'offered'
  | 'trust'
> & { readonly http?: Pick<NonNullable<Probe['http']>, 'path'> };

/** The body is of no interest, and a proxy of the environment would hide the gateway. */
const quietCurl = ['curl', '-sv', '-o', '/dev/null', '--noproxy', '*'];

/** The local end of a port-forward in commands. */
const forwardedPort = 8443;

/**
 * The command lines that repeat a probe by hand, in the order to run them: for a pod first the port-forward that leads
 * to it (it runs until it is stopped), then curl, then, for https, `openssl s_client`.
 */
export function equivalentCommands(asked: Asked, files: ClientFiles = {}): readonly Command[] {
  const { forward, at } = way(asked);
  return [
    ...(forward ? [forward] : []),
    curl(asked, at, files),
    ...(asked.scheme === 'http' || asked.proxyProtocol ? [] : [openssl(asked, at, files)]),
  ];
}

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** A pod's address is known inside of its cluster only. */
function way({ via, pod, address, port }: Asked): { readonly forward?: Command; readonly at: Endpoint } {
  const [namespace, name] = pod?.split('/') ?? [];
  if (via !== 'pod' || namespace === undefined || name === undefined) return { at: { address, port } };
  const argv = ['kubectl', '-n', namespace, 'port-forward', `pod/${name}`, `${forwardedPort}:${port}`];
  return { forward: { argv }, at: { address: '127.0.0.1', port: forwardedPort } };
}

/**
 * curl sends as server name what stands in the URL, and none for an address. A name other than the host therefore goes
 * into the URL and the host into the header; what curl would verify then is not what the probe did, so it verifies
 * nothing, and that is left to openssl.
 */
function curl(asked: Asked, at: Endpoint, files: ClientFiles): Command {
  const { host, sni, port, scheme = 'https' } = asked;
  const named = scheme === 'http' ? host : sni;
  const name = bracketed(named ?? at.address);
  const isHost = name === bracketed(host);
  const urlPort = named === null ? at.port : port;
  const url = `${scheme}://${withPort(name, urlPort, scheme)}${asked.http?.path ?? '/'}`;
  return {
    argv: [
      ...quietCurl,
      ...(named === null ? [] : redirection(name, port, at)),
      ...(isHost ? [] : ['-H', `Host: ${withPort(bracketed(host), port, scheme)}`]),
      ...(asked.proxyProtocol ? ['--haproxy-protocol'] : []),
      ...(scheme === 'https' ? curlTls(asked, isHost, files) : []),
      url,
    ],
  };
}

function redirection(name: string, port: number, at: Endpoint): readonly string[] {
  const address = bracketed(at.address);
  return port === at.port
    ? ['--resolve', `${name}:${port}:${address}`]
    : ['--connect-to', `${name}:${port}:${address}:${at.port}`];
}

function curlTls(asked: Asked, verifies: boolean, files: ClientFiles): readonly string[] {
  const { min, max, ciphers, alpn } = asked.offered ?? {};
  return [
    ...(asked.trust === 'none' || !verifies ? ['-k'] : []),
    ...(trustsFile(asked) && verifies ? ['--cacert', files.caFile ?? asked.trust ?? ''] : []),
    ...clientWords(asked, files, ['--cert', '--key']),
    ...(min === undefined ? [] : [`--tlsv${number(min)}`]),
    ...(max === undefined || tlsVersion(max) === 'TLSv1.3' ? [] : ['--tls-max', number(max)]),
    ...(ciphers === undefined ? [] : ['--ciphers', ciphers]),
    ...(alpn && !alpn.includes('h2') ? [alpn.length === 0 ? '--no-alpn' : '--http1.1'] : []),
  ];
}

function withPort(name: string, port: number, scheme: 'https' | 'http'): string {
  return port === (scheme === 'https' ? 443 : 80) ? name : `${name}:${port}`;
}

function openssl(asked: Asked, at: Endpoint, files: ClientFiles): Command {
  const { min, max, ciphers, alpn = [] } = asked.offered ?? {};
  const oldest = tlsVersion(min ?? '') ?? 'TLSv1.2';
  const newest = tlsVersion(max ?? '') ?? 'TLSv1.3';
  const client: Command = {
    argv: [
      'openssl',
      's_client',
      '-connect',
      `${bracketed(at.address)}:${at.port}`,
      ...(asked.sni === null ? ['-noservername'] : ['-servername', asked.sni]),
      ...(asked.trust === 'none' ? [] : ['-verify_hostname', asked.host]),
      ...(trustsFile(asked) ? ['-CAfile', files.caFile ?? asked.trust ?? ''] : []),
      ...clientWords(asked, files, ['-cert', '-key']),
      '-min_protocol',
      oldest,
      '-max_protocol',
      newest,
      ...(ciphers === undefined ? [] : ['-cipher', ciphers]),
      ...(alpn.length === 0 ? [] : ['-alpn', alpn.join(',')]),
      '-showcerts',
    ],
  };
  // An empty line on its input, or s_client waits for words to send.
  return { argv: ['echo'], pipe: client };
}

function trustsFile({ trust }: Asked): boolean {
  return trust !== undefined && trust !== 'none' && trust !== 'system';
}

function clientWords(
  { clientCertificate }: Asked,
  { certFile = '<CLIENT_CERT>', keyFile = '<CLIENT_KEY>' }: ClientFiles,
  [cert, key]: readonly [string, string],
): readonly string[] {
  return clientCertificate === 'none' ? [] : [cert, certFile, key, keyFile];
}

function number(version: string): string {
  return (tlsVersion(version) ?? version).replace(/^TLSv1$/, 'TLSv1.0').replace('TLSv', '');
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
