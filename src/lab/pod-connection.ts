import { duplexPair } from 'node:stream';
import type { Duplex } from 'node:stream';
import type { ControlPlane } from './control-plane/control-plane.ts';

/**
 * A connection to a port of a pod, as from inside the pod. Gateways take it on the ports that they listen on, applications
 * on theirs; everything else is refused, Envoy's admin port 15000 too, for there is no Envoy.
 */
export function connectToPod(
  controlPlane: ControlPlane,
  namespace: string,
  pod: string,
  port: number,
): Duplex | undefined {
  const gateway = controlPlane.gatewayOf(namespace, pod);
  if (!gateway) return controlPlane.connectToApplication(namespace, pod, port);
  if (!gateway.ports.includes(port)) return undefined;
  const [near, far] = duplexPair();
  gateway.accept(far, { port, localAddress: `127.0.0.1:${port}`, remoteAddress: '127.0.0.1:0' });
  return near;
}
