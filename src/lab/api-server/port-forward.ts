import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketConnection, acceptWebSocket } from './web-socket.ts';

/** Opens a connection to a port of a pod, as a process inside the pod would; `undefined` where nothing listens. */
export type DialPod = (namespace: string, pod: string, port: number) => Duplex | undefined;

/** The protocol of Kubernetes for port-forward over WebSockets: per port a data channel and an error channel. */
const protocols = ['v4.channel.k8s.io'];

/** Serves one port-forward. Channel 2n carries the bytes of the n-th port, channel 2n+1 the text of an error. */
export function forwardPorts(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  pod: { readonly namespace: string; readonly name: string; readonly ports: readonly number[] },
  dial: DialPod,
): void {
  if (acceptWebSocket(request, socket, protocols) === undefined) return;
  const channels = new Map<number, Duplex>();
  const connection = new WebSocketConnection(socket, head, {
    message: (data) => channels.get(data[0] ?? 0)?.write(data.subarray(1)),
    closed: () => channels.forEach((channel) => channel.destroy()),
  });
  const send = (channel: number, data: Buffer): void => connection.send(Buffer.concat([Buffer.of(channel), data]));
  pod.ports.forEach((port, index) => {
    // Each channel begins with the number of its port, so that the client can tell them apart.
    const portBytes = Buffer.of(port & 0xff, port >> 8);
    send(index * 2, portBytes);
    send(index * 2 + 1, portBytes);
    const stream = dial(pod.namespace, pod.name, port);
    if (!stream) {
      send(index * 2 + 1, Buffer.from(refusal(pod.name, port)));
      return;
    }
    channels.set(index * 2, stream);
    stream.on('data', (chunk: Buffer) => send(index * 2, chunk));
    stream.on('error', () => connection.close());
    stream.once('close', () => connection.close());
    stream.once('end', () => connection.close());
  });
}

function refusal(pod: string, port: number): string {
  return (
    `error forwarding port ${port} to pod ${pod}, uid : failed to execute portforward in network namespace: ` +
    `failed to connect to localhost:${port} inside namespace: dial tcp4 127.0.0.1:${port}: connect: connection refused`
  );
}
