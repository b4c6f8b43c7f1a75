import { kinds } from '../kubernetes/kinds.ts';
import { at, booleanAt, numberAt, objectAt, objectsAt, textAt, textMapAt, textsAt } from '../kubernetes/read.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import { derive, type Evidence } from './evidence.ts';
import { gatewayClassClaim, ingressClaim, meansIstio } from './claims.ts';
import { meshConfig } from './mesh.ts';

export type TlsMode = 'PASSTHROUGH' | 'SIMPLE' | 'MUTUAL' | 'AUTO_PASSTHROUGH' | 'ISTIO_MUTUAL' | 'OPTIONAL_MUTUAL';

/** A host of a server. `namespace` limits which routes may bind: absent or `*` is any, `.` is the Gateway's own. */
export interface ServerHost {
  readonly host: string;
  readonly namespace?: string;
  /** As it stands in the object: `shop/*.example.com`. */
  readonly text: string;
}

/** TLS settings as written. Lists that stand for one or several values are always lists here. */
export interface ServerTls {
  readonly mode: TlsMode;
  /** False where the object leaves `mode` out: an Istio Gateway then means PASSTHROUGH. */
  readonly modeWritten: boolean;
  readonly credentialNames: readonly CredentialName[];
  readonly caCertCredentialName?: string;
  readonly caReferences: readonly CaReference[];
  readonly serverCertificate?: string;
  readonly privateKey?: string;
  readonly caCertificates?: string;
  readonly tlsCertificates: readonly { readonly serverCertificate?: string; readonly privateKey?: string }[];
  readonly caCrl?: string;
  readonly subjectAltNames: readonly string[];
  readonly verifyCertificateSpki: readonly string[];
  readonly verifyCertificateHash: readonly string[];
  readonly minProtocolVersion?: string;
  readonly maxProtocolVersion?: string;
  readonly cipherSuites: readonly string[];
  readonly httpsRedirect: boolean;
  /** Whether the object has any TLS block at all. */
  readonly written: boolean;
}

/** A credential by the value that names it. `namespace` is set where the reference itself names one (Gateway API). */
export interface CredentialName {
  readonly name: string;
  readonly namespace?: string;
  readonly path: string;
}

/** Gateway API: where the CA of the clients is. */
export interface CaReference {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly path: string;
}

/**
 * One server of an Istio Gateway, one `tls` entry of an Ingress, or one listener of a Gateway API gateway:
 * what a gateway pod is told to do on one port for some hosts.
 */
export interface Server {
  readonly key: string;
  readonly from: 'Gateway' | 'Ingress' | 'GatewayAPI';
  readonly owner: Resource;
  readonly index: number;
  /** The field path of the server in its owner: `spec.servers[0]`. */
  readonly path: string;
  readonly port: number;
  readonly portName: string;
  /** Upper case, as Istio reads it. */
  readonly protocol: string;
  readonly bind?: string;
  readonly hosts: readonly ServerHost[];
  readonly tls?: ServerTls;
  /** Labels that a pod must have; undefined: the pods are found by other means (Gateway API), empty: every gateway. */
  readonly selector?: Readonly<Record<string, string>>;
  /** Gateway API: the listener's name, which routes and status refer to. */
  readonly listener?: string;
  readonly allowedRoutes?: JsonObject;
}

export const isTlsProtocol = (protocol: string): boolean => protocol === 'HTTPS' || protocol === 'TLS';
export const isHttpProtocol = (protocol: string): boolean =>
  protocol === 'HTTP' || protocol === 'HTTP2' || protocol === 'GRPC' || protocol === 'GRPC-WEB';

/** Whether the gateway itself ends TLS for this server. */
export function terminatesTls(server: Server): boolean {
  return (
    isTlsProtocol(server.protocol) &&
    server.tls !== undefined &&
    server.tls.mode !== 'PASSTHROUGH' &&
    server.tls.mode !== 'AUTO_PASSTHROUGH'
  );
}

export const asksClients = (server: Server): boolean =>
  terminatesTls(server) && (server.tls?.mode === 'MUTUAL' || server.tls?.mode === 'OPTIONAL_MUTUAL');

/** Whether the object names a certificate, by a Secret or by files, whatever its mode makes of it. */
export const namesCertificate = ({ tls }: Server): boolean =>
  tls !== undefined &&
  (tls.credentialNames.length > 0 || tls.serverCertificate !== undefined || tls.tlsCertificates.length > 0);

/** `shop/*.example.com` into its namespace and its host. Host names do not tell case. */
export function readHost(text: string): ServerHost {
  const slash = text.indexOf('/');
  if (slash < 0) return { host: text.toLowerCase(), text };
  return { namespace: text.slice(0, slash), host: text.slice(slash + 1).toLowerCase(), text };
}

const modes: ReadonlySet<string> = new Set([
  'PASSTHROUGH',
  'SIMPLE',
  'MUTUAL',
  'AUTO_PASSTHROUGH',
  'ISTIO_MUTUAL',
  'OPTIONAL_MUTUAL',
]);

const isMode = (text: string | undefined): text is TlsMode => text !== undefined && modes.has(text);

/** A field only where the object has a text for it. */
function optional<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  const field: Partial<Record<K, string>> = {};
  if (value !== undefined && value !== '') field[key] = value;
  return field;
}

function credentialNames(tls: JsonObject, path: string): readonly CredentialName[] {
  const several = textsAt(tls, 'credentialNames').map((name, i) => ({ name, path: `${path}.credentialNames[${i}]` }));
  if (several.length > 0) return several;
  const one = textAt(tls, 'credentialName');
  return one === undefined || one === '' ? [] : [{ name: one, path: `${path}.credentialName` }];
}

const noTls = {
  caReferences: [],
  tlsCertificates: [],
  subjectAltNames: [],
  verifyCertificateSpki: [],
  verifyCertificateHash: [],
  cipherSuites: [],
  httpsRedirect: false,
  written: true,
} as const;

function readTls(tls: JsonObject, path: string): ServerTls {
  const mode = textAt(tls, 'mode');
  return {
    ...noTls,
    mode: isMode(mode) ? mode : 'PASSTHROUGH',
    modeWritten: isMode(mode),
    credentialNames: credentialNames(tls, path),
    tlsCertificates: objectsAt(tls, 'tlsCertificates').map(({ value }) => ({
      ...optional('serverCertificate', textAt(value, 'serverCertificate')),
      ...optional('privateKey', textAt(value, 'privateKey')),
    })),
    subjectAltNames: textsAt(tls, 'subjectAltNames'),
    verifyCertificateSpki: textsAt(tls, 'verifyCertificateSpki'),
    verifyCertificateHash: textsAt(tls, 'verifyCertificateHash'),
    cipherSuites: textsAt(tls, 'cipherSuites'),
    httpsRedirect: booleanAt(tls, 'httpsRedirect') ?? false,
    ...optional('caCertCredentialName', textAt(tls, 'caCertCredentialName')),
    ...optional('serverCertificate', textAt(tls, 'serverCertificate')),
    ...optional('privateKey', textAt(tls, 'privateKey')),
    ...optional('caCertificates', textAt(tls, 'caCertificates')),
    ...optional('caCrl', textAt(tls, 'caCrl')),
    ...optional('minProtocolVersion', textAt(tls, 'minProtocolVersion')),
    ...optional('maxProtocolVersion', textAt(tls, 'maxProtocolVersion')),
  };
}

const keyOf = (owner: Resource, from: string, index: number): string =>
  `${from}/${owner.namespace}/${owner.name}#${index}`;

function serversOfGateway(owner: Resource): readonly Server[] {
  return objectsAt(owner.body, 'spec', 'servers').flatMap(({ index, value }) => {
    const port = numberAt(value, 'port', 'number');
    if (port === undefined) return [];
    const path = `spec.servers[${index}]`;
    const tls = objectAt(value, 'tls');
    return [
      {
        key: keyOf(owner, 'Gateway', index),
        from: 'Gateway' as const,
        owner,
        index,
        path,
        port,
        portName: textAt(value, 'port', 'name') ?? '',
        protocol: (textAt(value, 'port', 'protocol') ?? '').toUpperCase(),
        hosts: textsAt(value, 'hosts').map(readHost),
        selector: textMapAt(owner.body, 'spec', 'selector'),
        ...optional('bind', textAt(value, 'bind')),
        ...(tls && { tls: readTls(tls, `${path}.tls`) }),
      },
    ];
  });
}

/**
 * What istiod makes of the `tls` entries of an Ingress: HTTPS servers on 443 in mode SIMPLE (1.6 and later).
 * An entry without a secretName makes none; without hosts it means every host.
 */
function serversOfIngress(evidence: Evidence, owner: Resource): readonly Server[] {
  const selector = ingressSelector(evidence);
  return objectsAt(owner.body, 'spec', 'tls').flatMap(({ index, value }) => {
    const secretName = textAt(value, 'secretName');
    const hosts = textsAt(value, 'hosts');
    const path = `spec.tls[${index}]`;
    return [
      {
        key: keyOf(owner, 'Ingress', index),
        from: 'Ingress' as const,
        owner,
        index,
        path,
        port: 443,
        portName: `https-443-ingress-${owner.name}-${owner.namespace}-${index}`,
        protocol: 'HTTPS',
        hosts: (hosts.length > 0 ? hosts : ['*']).map(readHost),
        selector,
        tls: {
          ...noTls,
          mode: 'SIMPLE' as const,
          modeWritten: true,
          credentialNames:
            secretName === undefined || secretName === '' ? [] : [{ name: secretName, path: `${path}.secretName` }],
        },
      },
    ];
  });
}

/** The pods that take Ingresses: MeshConfig `ingressSelector`, else `ingressService`, else the default gateway. */
export function ingressSelector(evidence: Evidence): Readonly<Record<string, string>> {
  const { mesh } = meshConfig(evidence);
  const selector = textAt(mesh, 'ingressSelector');
  if (selector !== undefined && selector !== '') return { istio: selector };
  const service = textAt(mesh, 'ingressService');
  if (service !== undefined && service !== '' && service !== 'istio-ingressgateway') return { istio: service };
  return { istio: 'ingressgateway' };
}

const terminateModes: Readonly<Record<string, TlsMode>> = {
  MUTUAL: 'MUTUAL',
  OPTIONAL_MUTUAL: 'OPTIONAL_MUTUAL',
  ISTIO_MUTUAL: 'ISTIO_MUTUAL',
  ISTIO_SIMPLE: 'ISTIO_MUTUAL',
};

/** The frontend validation of a port (Gateway API 1.4): its own entry, else the default of the whole gateway. */
function caReferences(owner: Resource, port: number): readonly CaReference[] {
  const frontend = objectAt(owner.body, 'spec', 'tls', 'frontend');
  const own = objectsAt(frontend, 'perPort').find(({ value }) => numberAt(value, 'port') === port);
  const [validation, base]: [Json | undefined, string] = own
    ? [at(own.value, 'tls', 'validation'), `spec.tls.frontend.perPort[${own.index}].tls.validation`]
    : [at(frontend, 'default', 'validation'), 'spec.tls.frontend.default.validation'];
  return objectsAt(validation, 'caCertificateRefs').map(({ index, value }) => ({
    kind: textAt(value, 'kind') ?? '',
    name: textAt(value, 'name') ?? '',
    path: `${base}.caCertificateRefs[${index}]`,
    ...optional('namespace', textAt(value, 'namespace')),
  }));
}

function listenerTls(owner: Resource, listener: JsonObject, port: number, path: string): ServerTls | undefined {
  const tls = objectAt(listener, 'tls');
  if (!tls) return undefined;
  const passthrough = textAt(tls, 'mode') === 'Passthrough';
  const option = textMapAt(tls, 'options')['gateway.istio.io/tls-terminate-mode'];
  const ca = passthrough ? [] : caReferences(owner, port);
  const terminate = terminateModes[option ?? ''] ?? (ca.length > 0 ? 'MUTUAL' : 'SIMPLE');
  return {
    ...noTls,
    mode: passthrough ? 'PASSTHROUGH' : terminate,
    modeWritten: true,
    caReferences: ca,
    credentialNames: objectsAt(tls, 'certificateRefs').map(({ index, value }) => ({
      name: textAt(value, 'name') ?? '',
      path: `${path}.tls.certificateRefs[${index}]`,
      ...optional('namespace', textAt(value, 'namespace')),
    })),
  };
}

function listenersOf(owner: Resource): readonly Server[] {
  return objectsAt(owner.body, 'spec', 'listeners').flatMap(({ index, value }) => {
    const port = numberAt(value, 'port');
    if (port === undefined) return [];
    const path = `spec.listeners[${index}]`;
    const tls = listenerTls(owner, value, port, path);
    const allowedRoutes = objectAt(value, 'allowedRoutes');
    const name = textAt(value, 'name') ?? '';
    return [
      {
        key: keyOf(owner, 'GatewayAPI', index),
        from: 'GatewayAPI' as const,
        owner,
        index,
        path,
        port,
        portName: name,
        protocol: (textAt(value, 'protocol') ?? '').toUpperCase(),
        hosts: [readHost(textAt(value, 'hostname') ?? '*')],
        listener: name,
        ...(tls && { tls }),
        ...(allowedRoutes && { allowedRoutes }),
      },
    ];
  });
}

/**
 * Everything that asks an Istio gateway to listen, of all three kinds of configuration. Ingresses and Gateway API
 * gateways that another controller takes are not among them; those that nobody takes although they mean Istio are.
 */
export const servers = derive((evidence): readonly Server[] => [
  ...evidence.list(kinds.gateway).items.flatMap(serversOfGateway),
  ...evidence
    .list(kinds.ingress)
    .items.filter((owner) => meansIstio(ingressClaim(evidence, owner)))
    .flatMap((owner) => serversOfIngress(evidence, owner)),
  ...[kinds.kubernetesGateway, kinds.listenerSet, kinds.experimentalListenerSet]
    .flatMap((kind) => evidence.list(kind).items)
    .filter((owner) => meansIstio(gatewayClassClaim(evidence, owner)))
    .flatMap(listenersOf),
]);

export const serversByKey = derive(
  (evidence): ReadonlyMap<string, Server> => new Map(servers(evidence).map((server) => [server.key, server])),
);

const serversByOwner = derive((evidence) => Map.groupBy(servers(evidence), ({ owner }) => owner));

/** All servers of one object. */
export const serversOfOwner = (evidence: Evidence, owner: Resource): readonly Server[] =>
  serversByOwner(evidence).get(owner) ?? [];

/** Whether a host of a server takes a name: exactly, by a wildcard of any depth (as Envoy's SNI match), or by `*`. */
export function takesName(pattern: string, name: string): boolean {
  if (pattern === '*') return true;
  if (pattern.startsWith('*.')) return name.length > pattern.length - 1 && name.endsWith(pattern.slice(1));
  return pattern === name;
}

/** Whether two hosts, wildcards or not, have a name in common, as Istio compares them in both directions. */
export function hostsMeet(a: string, b: string): boolean {
  if (a === b || a === '*' || b === '*') return true;
  if (a.startsWith('*') && b.startsWith('*')) return a.endsWith(b.slice(1)) || b.endsWith(a.slice(1));
  if (a.startsWith('*')) return b.length > a.length - 1 && b.endsWith(a.slice(1));
  if (b.startsWith('*')) return a.length > b.length - 1 && a.endsWith(b.slice(1));
  return false;
}

export const listedHosts = (server: Server): readonly string[] => server.hosts.map(({ host }) => host);
