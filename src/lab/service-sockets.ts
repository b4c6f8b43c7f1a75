import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { numberAt, objectsAt, textAt } from '../kubernetes/read.ts';
import { nameOf, namespaceOf } from './api-server/object.ts';
import type { KubernetesObject } from './api-server/object.ts';
import type { ControlPlane } from './control-plane/control-plane.ts';
import { readyPods, targetPortOf } from './control-plane/endpoints.ts';

/** A listening socket of this machine that stands for a port of a Service. */
interface Opening {
  readonly address: string;
  readonly port: number;
  /** Where a connection goes, asked anew for each one. */
  readonly service: KubernetesObject;
  readonly servicePort: number;
}

/**
 * Opens on loopback what the gateways' Services expose: each port at the load balancer's addresses, and each node port.
 * A port whose gateway does not listen is closed, so that clients are refused as behind a real Service.
 */
export class ServiceSockets {
  readonly #controlPlane: ControlPlane;
  readonly #servers = new Map<string, Server>();
  readonly #sockets = new Set<Socket>();
  #retry: NodeJS.Timeout | undefined;

  /** @param reserved servers that already listen, by `address:port`: they keep a chosen port from being taken. */
  constructor(controlPlane: ControlPlane, reserved: ReadonlyMap<string, Server>) {
    this.#controlPlane = controlPlane;
    for (const [key, server] of reserved) this.#serve(key, server);
  }

  /** Opens and closes sockets until they fit the Services. */
  update(): void {
    const wanted = new Map(this.#openings().map((opening) => [keyOf(opening), opening]));
    for (const [key, server] of this.#servers) {
      if (wanted.has(key)) continue;
      server.close();
      this.#servers.delete(key);
    }
    for (const [key, { address, port }] of wanted) {
      if (this.#servers.has(key)) continue;
      const server = createServer();
      // The port may still be held: by the lab itself, which closed it a moment ago, or by another program.
      server.on('error', () => {
        this.#servers.delete(key);
        this.#retry ??= setTimeout(() => {
          this.#retry = undefined;
          this.update();
        }, 200).unref();
      });
      server.listen(port, address);
      this.#serve(key, server);
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#retry);
    for (const socket of this.#sockets) socket.destroy();
    const closed = [...this.#servers.values()].map((server) => new Promise((resolve) => server.close(resolve)));
    this.#servers.clear();
    await Promise.all(closed);
  }

  #serve(key: string, server: Server): void {
    this.#servers.set(key, server);
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      this.#accept(key, socket);
    });
  }

  #accept(key: string, socket: Socket): void {
    const opening = this.#openings().find((candidate) => keyOf(candidate) === key);
    const target = opening && this.#targetOf(opening);
    if (!target) {
      socket.resetAndDestroy();
      return;
    }
    const end = (address = '', port = 0): string => `${address.includes(':') ? `[${address}]` : address}:${port}`;
    target.gateway.accept(socket, {
      port: target.port,
      localAddress: end(target.podAddress, target.port),
      remoteAddress: end(socket.remoteAddress, socket.remotePort),
    });
  }

  /** What should be open now: only ports behind which a ready gateway pod listens. */
  #openings(): readonly Opening[] {
    const services = this.#controlPlane.view.list('Service');
    return services.flatMap(openingsOf).filter((opening) => this.#targetOf(opening) !== undefined);
  }

  #targetOf({ service, servicePort }: Opening) {
    const port = objectsAt(service, 'spec', 'ports').find(({ value }) => numberAt(value, 'port') === servicePort);
    for (const pod of readyPods(service, this.#controlPlane.view)) {
      const gateway = this.#controlPlane.gatewayOf(namespaceOf(pod), nameOf(pod));
      const target = port && targetPortOf(port.value, pod);
      if (gateway && target !== undefined && gateway.ports.includes(target)) {
        return { gateway, port: target, podAddress: textAt(pod, 'status', 'podIP') ?? '' };
      }
    }
    return undefined;
  }
}

function openingsOf(service: KubernetesObject): readonly Opening[] {
  const addresses = objectsAt(service, 'status', 'loadBalancer', 'ingress').flatMap(
    ({ value }) => textAt(value, 'ip') ?? [],
  );
  return objectsAt(service, 'spec', 'ports').flatMap(({ value }) => {
    const servicePort = numberAt(value, 'port') ?? 0;
    const nodePort = numberAt(value, 'nodePort');
    const balanced = addresses.map((address) => ({ address, port: servicePort, service, servicePort }));
    const onNode = nodePort === undefined ? [] : [{ address: '127.0.0.1', port: nodePort, service, servicePort }];
    return [...balanced, ...onNode].filter(({ address, port }) => isOurs(address) && port > 1023);
  });
}

/** The lab opens nothing that another machine could reach. */
function isOurs(address: string): boolean {
  return address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address);
}

function keyOf({ address, port }: Pick<Opening, 'address' | 'port'>): string {
  return `${address}:${port}`;
}
