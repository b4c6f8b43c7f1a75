import { objectsAt, textAt } from '../kubernetes/read.ts';
import type { Server } from './servers.ts';

/** One condition of a listener of a Gateway API gateway. */
export interface ListenerCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** What istiod wrote into the status of a server's listener; nothing for an Istio Gateway or an Ingress. */
export function listenerConditions(server: Server): readonly ListenerCondition[] {
  if (server.from !== 'GatewayAPI') return [];
  const listener = objectsAt(server.owner.body, 'status', 'listeners').find(
    ({ value }) => textAt(value, 'name') === server.listener,
  );
  return objectsAt(listener?.value, 'conditions').map(({ value }) => ({
    type: textAt(value, 'type') ?? '',
    status: textAt(value, 'status') ?? '',
    reason: textAt(value, 'reason') ?? '',
    message: textAt(value, 'message') ?? '',
  }));
}
