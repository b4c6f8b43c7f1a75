import { observed } from '../../facts/credential-trail.ts';
import { credentialUses } from '../../facts/credentials.ts';
import { eventsOf } from '../../facts/log-events.ts';
import { heldBy } from '../../facts/proxies.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Check } from '../check.ts';

/**
 * Envoy refused the content of a secret. It lists that content as active; `/certs` does not have it, and both logs have
 * the refusal without the Secret's name [seen: 1.29.5].
 */
export const secretRefused: Check = {
  name: 'secret-refused',
  title: 'Envoy accepts every secret that it is sent',
  group: 'symptom',
  kind: 'symptom',
  severity: 'error',
  step: 'credential',
  reads: ['config-dump', 'istiod-log', 'gateway-log'],
  explains: [{ check: 'handshake-reset', over: 'server' }],
  *inspect(evidence) {
    const refusals = eventsOf(evidence, 'secret-refused');
    for (const use of credentialUses(evidence)) {
      if (!use.workload) continue;
      const refused = heldBy(evidence, use.workload, use.sdsName).filter(({ state }) => state === 'refused');
      if (refused.length === 0) continue;
      const title = `Envoy refused the content of ${use.sdsName}, which ${named(use.server.owner)} ${use.server.path} needs`;
      yield {
        subject: subjectOf(use.server.owner, use.path),
        title,
        message: `${title}. The dump lists that content as active all the same.`,
        evidence: [
          ...refused.map(({ envoy }) => ({
            source: 'config-dump' as const,
            ref: `${envoy.namespace}/${envoy.pod}`,
            detail: `${use.sdsName} is listed as active, and /certs does not have it`,
          })),
          ...refusals.slice(-1).map(observed),
        ],
        affects: [{ server: use.server }],
        touches: [{ apiVersion: 'v1', kind: 'Secret', namespace: use.namespace, name: use.name }],
        confidence: 0.9,
        pods: refused.map(({ envoy }) => `${envoy.namespace}/${envoy.pod}`),
      };
    }
  },
};
