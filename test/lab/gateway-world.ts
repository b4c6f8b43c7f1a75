import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { setImmediate as nextRound } from 'node:timers/promises';
import { kindsOf } from '../../src/lab/api-server/kinds.ts';
import { nameOf, namespaceOf } from '../../src/lab/api-server/object.ts';
import type { KubernetesObject } from '../../src/lab/api-server/object.ts';
import { PodLogs } from '../../src/lab/api-server/pod-logs.ts';
import { ObjectStore } from '../../src/lab/api-server/store.ts';
import { ControlPlane } from '../../src/lab/control-plane/control-plane.ts';
import type { Gateway } from '../../src/lab/gateway/gateway.ts';
import { meshAuthority } from '../../src/lab/mesh-identity.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import type { Minted } from '../../src/pki/certificate-description.ts';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';

/** The CA of every server certificate here. */
export const root = mintCertificate({ subject: 'CN=root', ca: true });

export function pair(name: string): Minted {
  return mintCertificate({ dnsNames: [name], extendedKeyUsage: ['serverAuth'] }, root);
}

export function serialOf(certificate: Minted): string {
  return new X509Certificate(certificate.certificatePem).serialNumber;
}

export function simple(credentialName: string): JsonObject {
  return { mode: 'SIMPLE', credentialName };
}

/** Runs a test in a world of these objects and closes it, whatever comes. */
export async function inWorld(
  objects: readonly KubernetesObject[],
  body: (world: GatewayWorld) => Promise<void>,
): Promise<void> {
  const world = new GatewayWorld(...objects);
  try {
    await body(world);
  } finally {
    world.close();
  }
}

const kinds = kindsOf(['istio', 'gateway-api']);
const gatewayPod = 'gateway-1';

/** One gateway in namespace `edge` with label `istio: edge`, one application `app.shop`, and whatever a test puts beside. */
export class GatewayWorld {
  readonly #store = new ObjectStore();
  readonly #logs = new PodLogs();
  readonly #servers = new Map<number, Promise<Server>>();
  readonly #controlPlane: ControlPlane;

  constructor(...objects: readonly KubernetesObject[]) {
    for (const object of [...infrastructure, ...objects]) this.#put(object);
    const now = (): Date => new Date();
    this.#controlPlane = new ControlPlane({
      store: this.#store,
      kinds,
      logs: this.#logs,
      now,
      identityOf: meshAuthority(now()),
      listenersChanged: () => undefined,
    });
  }

  /** Stores objects and waits until the gateway has taken note. */
  async put(...objects: readonly KubernetesObject[]): Promise<void> {
    for (const object of objects) this.#put(object);
    await nextRound();
    await nextRound();
  }

  async remove(object: KubernetesObject): Promise<void> {
    const kind = kindOf(object);
    this.#store.remove(kind, namespaceOf(object), nameOf(object));
    await nextRound();
    await nextRound();
  }

  /** A real TCP port that leads to a port of the gateway pod, or `undefined` when the gateway does not listen on it. */
  async portTo(port: number): Promise<number | undefined> {
    const gateway = this.#controlPlane.gatewayOf('edge', gatewayPod);
    if (!gateway?.ports.includes(port)) return undefined;
    const known = this.#servers.get(port) ?? this.#listen(gateway, port);
    this.#servers.set(port, known);
    const address = (await known).address();
    return typeof address === 'object' && address !== null ? address.port : undefined;
  }

  async #listen(gateway: Gateway, port: number): Promise<Server> {
    const arrival = { port, localAddress: `127.0.0.1:${port}`, remoteAddress: '127.0.0.1:1' };
    const server = createServer((socket) => gateway.accept(socket, arrival));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return server;
  }

  /** What the gateway and istiod have written, without times and threads. */
  log(of: 'gateway' | 'istiod'): readonly string[] {
    const lines =
      of === 'gateway'
        ? this.#logs.lines('edge', gatewayPod, 'istio-proxy')
        : this.#logs.lines('istio-system', 'istiod-1', 'discovery');
    return lines.map(({ text }) => text.replace(/^\S+\t/, '').replace(/\tthread=\d+$/, ''));
  }

  /** An object as it is stored now. */
  get(groupKind: string, namespace: string, name: string): KubernetesObject | undefined {
    return this.#controlPlane.view.get(groupKind, namespace, name);
  }

  close(): void {
    this.#controlPlane.close();
    for (const listening of this.#servers.values()) void listening.then((server) => server.close());
  }

  #put(object: KubernetesObject): void {
    this.#store.put(kindOf(object), object);
  }
}

function kindOf(object: KubernetesObject): (typeof kinds)[number] {
  const group = object.apiVersion.includes('/') ? object.apiVersion.replace(/\/.*$/, '') : '';
  const kind = kinds.find((known) => known.kind === object.kind && known.group === group);
  if (!kind) throw new Error(`no kind ${object.kind}`);
  return kind;
}

export function object(
  apiVersion: string,
  kind: string,
  place: string,
  body: JsonObject,
  ageInDays = 1,
): KubernetesObject {
  const [namespace = '', name = ''] = place.split('/');
  const creationTimestamp = new Date(Date.now() - ageInDays * 24 * 3600_000).toISOString();
  return { apiVersion, kind, metadata: { name, namespace, creationTimestamp, generation: 1 }, ...body };
}

/** A Gateway of Istio for the gateway of this world. */
export function gateway(place: string, servers: readonly Json[], ageInDays = 1): KubernetesObject {
  const spec = { selector: { istio: 'edge' }, servers };
  return object('networking.istio.io/v1', 'Gateway', place, { spec }, ageInDays);
}

export function httpsServer(hosts: readonly string[], tls: JsonObject, port = 443, name = 'https'): JsonObject {
  return { port: { number: port, name: `${name}-${hosts.join('-')}`, protocol: 'HTTPS' }, hosts, tls };
}

/** A VirtualService that sends everything to the application, or has the rules given. */
export function virtualService(
  place: string,
  hosts: readonly string[],
  gateways: readonly string[],
  rules?: JsonObject,
): KubernetesObject {
  const all = { http: [{ route: [{ destination: { host: 'app.shop.svc.cluster.local', port: { number: 80 } } }] }] };
  return object('networking.istio.io/v1', 'VirtualService', place, { spec: { hosts, gateways, ...(rules ?? all) } });
}

export function secret(place: string, texts: Readonly<Record<string, string>>): KubernetesObject {
  const data = Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  return object('v1', 'Secret', place, { type: 'Opaque', data: Object.fromEntries(data) });
}

export function tlsSecret(place: string, pair: Minted, more: Readonly<Record<string, string>> = {}): KubernetesObject {
  return secret(place, { 'tls.crt': pair.certificatePem, 'tls.key': pair.privateKeyPem, ...more });
}

const running = { phase: 'Running', podIP: '10.0.0.9', conditions: [{ type: 'Ready', status: 'True' }] };

function pod(place: string, labels: JsonObject, container: JsonObject): KubernetesObject {
  const made = object('v1', 'Pod', place, {
    spec: { serviceAccountName: 'edge', containers: [container] },
    status: running,
  });
  return { ...made, metadata: { ...made.metadata, labels } };
}

const infrastructure: readonly KubernetesObject[] = [
  pod('istio-system/istiod-1', { app: 'istiod' }, { name: 'discovery' }),
  pod(`edge/${gatewayPod}`, { istio: 'edge' }, { name: 'istio-proxy', args: ['proxy', 'router'] }),
  object('v1', 'ConfigMap', 'istio-system/istio', { data: { mesh: 'accessLogFile: /dev/stdout' } }),
  object('rbac.authorization.k8s.io/v1', 'Role', 'edge/edge', {
    rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['list'] }],
  }),
  object('rbac.authorization.k8s.io/v1', 'RoleBinding', 'edge/edge', {
    roleRef: { kind: 'Role', name: 'edge' },
    subjects: [{ kind: 'ServiceAccount', name: 'edge' }],
  }),
  object('v1', 'Service', 'edge/edge', {
    spec: {
      selector: { istio: 'edge' },
      ports: [80, 443].map((port) => ({ name: `p${port}`, port, targetPort: port })),
    },
  }),
  pod('shop/app-1', { app: 'app' }, { name: 'app', ports: [{ name: 'http', containerPort: 80 }] }),
  object('v1', 'Service', 'shop/app', { spec: { selector: { app: 'app' }, ports: [{ name: 'http', port: 80 }] } }),
];
