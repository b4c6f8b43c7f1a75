import type { JsonObject } from '../../model/json.ts';
import { numberAt, objectAt, objectsAt, textAt, textsAt } from '../../kubernetes/read.ts';
import type { Kind } from '../api-server/kinds.ts';
import type { KubernetesObject } from '../api-server/object.ts';
import { commonHost } from './host-names.ts';

/**
 * What istiod's validating webhook says of an object, for the mistakes that people make around TLS. A scenario's own
 * objects do not pass here: what is stored past admission may exist in a real cluster, too.
 * @returns the message of the refusal, or `undefined`.
 */
export function istioAdmission(kind: Kind, object: KubernetesObject): string | undefined {
  if (kind.group !== 'networking.istio.io') return undefined;
  const problems =
    kind.kind === 'Gateway' ? gatewayProblems(object) : kind.kind === 'VirtualService' ? routeProblems(object) : [];
  const all = [...problems];
  if (all.length === 0) return undefined;
  const denied = 'admission webhook "rev.validation.istio.io" denied the request: configuration is invalid: ';
  if (all.length === 1) return denied + all.join('');
  return `${denied}${all.length} errors occurred:\n${all.map((problem) => `\t* ${problem}\n`).join('')}\n`;
}

function* gatewayProblems(gateway: KubernetesObject): Generator<string> {
  const servers = objectsAt(gateway, 'spec', 'servers').map(({ value }) => value);
  if (servers.length === 0) yield 'gateway must have at least one server';
  const names = new Set<string>();
  for (const server of servers) {
    const name = textAt(server, 'port', 'name') ?? '';
    if (name === '') yield 'port name must be set: ';
    else if (names.has(name)) yield `port names in servers must be unique: duplicate name ${name}`;
    names.add(name);
    yield* serverProblems(server);
  }
}

function* serverProblems(server: JsonObject): Generator<string> {
  const number = numberAt(server, 'port', 'number');
  if (!objectAt(server, 'port')) yield 'port is required';
  else if (number === undefined || number < 1 || number > 65535)
    yield `port number ${number ?? 0} must be in the range 1..65535`;
  const hosts = textsAt(server, 'hosts');
  if (hosts.length === 0) yield 'server config must contain at least one host';
  for (const host of hosts) yield* hostProblems(host.slice(host.indexOf('/') + 1));
  const protocol = (textAt(server, 'port', 'protocol') ?? '').toUpperCase();
  const tls = objectAt(server, 'tls');
  const isTls = protocol === 'HTTPS' || protocol === 'TLS';
  if (isTls && !tls) yield 'server must have TLS settings for HTTPS/TLS protocols';
  if (!isTls && tls && hasCertificates(tls)) {
    yield protocol === 'TCP'
      ? 'server cannot have TLS settings for non HTTPS/TLS ports'
      : 'server cannot have TLS settings for plain text HTTP ports';
  }
  if (isTls && tls) yield* tlsProblems(tls);
}

/** A mode other than PASSTHROUGH, or files. A credential without a mode passes here, and is then ignored. */
function hasCertificates(tls: JsonObject): boolean {
  const mode = textAt(tls, 'mode') ?? 'PASSTHROUGH';
  return (
    mode !== 'PASSTHROUGH' || ['serverCertificate', 'privateKey', 'caCertificates'].some((field) => textAt(tls, field))
  );
}

function* hostProblems(host: string): Generator<string> {
  if (host === '*') return;
  if (!host.includes('.')) yield `short names (non FQDN) are not allowed`;
  if (/\*/.test(host.replace(/^\*\./, ''))) yield `partial wildcard "${host}" not allowed`;
}

function* tlsProblems(tls: JsonObject): Generator<string> {
  const mode = textAt(tls, 'mode') ?? 'PASSTHROUGH';
  const credential = textAt(tls, 'credentialName') ?? textsAt(tls, 'credentialNames')[0];
  const [certificate, key, ca] = ['serverCertificate', 'privateKey', 'caCertificates'].map((field) =>
    textAt(tls, field),
  );
  if (mode === 'ISTIO_MUTUAL') {
    if (credential !== undefined) yield 'ISTIO_MUTUAL TLS cannot have associated credentialName';
    if (certificate !== undefined) yield 'ISTIO_MUTUAL TLS cannot have associated server certificate';
    return;
  }
  if (!['SIMPLE', 'MUTUAL', 'OPTIONAL_MUTUAL'].includes(mode) || credential !== undefined) return;
  if (certificate === undefined) yield `${mode} TLS requires a server certificate`;
  if (key === undefined) yield `${mode} TLS requires a private key`;
  if (mode !== 'SIMPLE' && ca === undefined) yield `${mode} TLS requires a client CA bundle`;
}

function* routeProblems(service: KubernetesObject): Generator<string> {
  const hosts = textsAt(service, 'spec', 'hosts');
  if (hosts.length === 0) yield 'virtual service must have at least one host';
  for (const { value: rule } of objectsAt(service, 'spec', 'tls')) {
    const matches = objectsAt(rule, 'match');
    if (matches.length === 0) yield 'TLS route must have at least one match condition';
    for (const { value: match } of matches) {
      for (const name of textsAt(match, 'sniHosts')) {
        if (hosts.some((host) => commonHost(host, name) === name.toLowerCase())) continue;
        yield `SNI host "${name}" is not a compatible subset of any of the virtual service hosts: [${hosts.join(', ')}]`;
      }
    }
  }
}
