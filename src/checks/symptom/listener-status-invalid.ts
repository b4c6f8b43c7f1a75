import { servers } from '../../facts/servers.ts';
import { conditionText } from '../../kubernetes/condition.ts';
import { objectsAt, textAt } from '../../kubernetes/read.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Check } from '../check.ts';

const bad: ReadonlySet<string> = new Set([
  'Programmed=False',
  'ResolvedRefs=False',
  'Accepted=False',
  'Conflicted=True',
]);

/**
 * A listener of a Gateway API gateway that its own conditions call unusable. The Gateway's own conditions stay True
 * beside it [seen: 1.29.5].
 */
export const listenerStatusInvalid: Check = {
  name: 'listener-status-invalid',
  title: 'Every listener of a Gateway API gateway is programmed',
  group: 'symptom',
  kind: 'symptom',
  severity: 'error',
  step: 'listener',
  reads: ['resource'],
  explains: [
    { check: 'handshake-reset', over: 'server' },
    { check: 'connection-refused', over: 'server' },
    { check: 'filter-chain-missing', over: 'server' },
    { check: 'access-log-no-filter-chain', over: 'host' },
  ],
  *inspect(evidence) {
    for (const server of servers(evidence)) {
      if (server.from !== 'GatewayAPI') continue;
      const status = objectsAt(server.owner.body, 'status', 'listeners').find(
        ({ value }) => textAt(value, 'name') === server.listener,
      );
      const conditions = objectsAt(status?.value, 'conditions').filter(({ value }) =>
        bad.has(`${textAt(value, 'type') ?? ''}=${textAt(value, 'status') ?? ''}`),
      );
      if (conditions.length === 0) continue;
      const title = `${named(server.owner)} listener ${server.listener ?? ''} is not in force`;
      yield {
        subject: subjectOf(server.owner, server.path),
        title,
        message: `${title}: Istio left it out of the gateway.`,
        evidence: conditions.map(({ value }) => ({
          source: 'resource',
          ref: `${named(server.owner)} status.listeners[${server.listener ?? ''}]`,
          detail: conditionText(value),
        })),
        affects: [{ server }],
        confidence: 0.95,
      };
    }
  },
};
