import net from 'node:net';
import type { Duplex } from 'node:stream';
import { acceptWebSocket, type ServerSocket } from './web-socket.ts';
import type { SeenRequest, Upgrade } from './https-server.ts';

/** As containerd words it. */
export function dialFailure(port: number, code: string): string {
  const why = code === 'ECONNREFUSED' ? 'connection refused' : code;
  return (
    `error forwarding port ${port} to pod 0a1b, uid : failed to execute portforward in network namespace ` +
    `"/var/run/netns/cni-1": failed to connect to localhost:${port} inside namespace "0a1b", ` +
    `IPv4: dial tcp4 127.0.0.1:${port}: connect: ${why}`
  );
}

/** Begins a port-forward as a kubelet does: the port, twice, each on its channel. */
export function beginForward(request: SeenRequest, socket: Duplex, head: Buffer): { ws: ServerSocket; port: number } {
  const ws = acceptWebSocket(request, socket, head);
  const port = Number(request.query.get('ports'));
  const prefix = Buffer.alloc(2);
  prefix.writeUInt16LE(port);
  ws.send(0, prefix);
  ws.send(1, prefix);
  return { ws, port };
}

/** Forwards like a kubelet, to real ports on loopback: `ports` says where each port of the pod really is. */
export function forwarding(ports: Readonly<Record<number, number>>): Upgrade {
  return (request, socket, head) => {
    const { ws, port } = beginForward(request, socket, head);
    const upstream = net.connect(ports[port] ?? 1, '127.0.0.1');
    upstream.on('error', (error: NodeJS.ErrnoException) => {
      ws.send(1, dialFailure(port, error.code ?? ''));
      ws.close();
    });
    ws.onMessage((_, payload) => {
      if (!upstream.write(payload)) {
        ws.raw.pause();
        upstream.once('drain', () => ws.raw.resume());
      }
    });
    upstream.on('data', (chunk: Buffer) => {
      if (!ws.send(0, chunk)) {
        upstream.pause();
        ws.raw.once('drain', () => upstream.resume());
      }
    });
    upstream.once('end', () => ws.close());
    void ws.closed.then(() => upstream.destroy());
  };
}
