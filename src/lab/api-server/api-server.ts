import { createServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { AuditRecord } from './audit.ts';
import { KubernetesApi } from './kubernetes-api.ts';
import type { KubernetesApiOptions } from './kubernetes-api.ts';

export interface ApiServerOptions extends KubernetesApiOptions {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export interface ApiServer {
  readonly port: number;
  /** Every request so far, in order. */
  audit(): readonly AuditRecord[];
  /** Ends all connections, watches included. */
  close(): Promise<void>;
}

/** Starts the API of a simulated cluster on a free port of 127.0.0.1. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const api = new KubernetesApi(options);
  const server = createServer({ cert: options.certificatePem, key: options.privateKeyPem });
  const sockets = new Set<Duplex>();
  server.on('request', (request, response) => {
    api.handle(request, response).catch(() => response.destroy());
  });
  server.on('upgrade', (request, socket, head) => api.upgrade(request, socket, head));
  server.on('connection', (socket: Duplex) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  return {
    port,
    audit: () => [...api.records],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
