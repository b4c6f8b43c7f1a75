import { credentialUses } from '../../facts/credentials.ts';
import { heldBy } from '../../facts/proxies.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Check } from '../check.ts';

/** Envoy asked for a secret and never got one: handshakes of its chains are reset. */
export const secretWarming: Check = {
  name: 'secret-warming',
  title: 'Envoy holds every secret that it asked for',
  group: 'symptom',
  kind: 'symptom',
  severity: 'error',
  step: 'credential',
  reads: ['config-dump'],
  explains: [{ check: 'handshake-reset', over: 'server' }],
  *inspect(evidence) {
    for (const use of credentialUses(evidence)) {
      if (!use.workload) continue;
      const warming = heldBy(evidence, use.workload, use.sdsName).filter(({ state }) => state === 'warming');
      if (warming.length === 0) continue;
      const title = `Envoy waits for ${use.sdsName}, which ${named(use.server.owner)} ${use.server.path} needs`;
      yield {
        subject: subjectOf(use.server.owner, use.path),
        title,
        message: `${title}. Handshakes of its hosts are reset meanwhile.`,
        evidence: warming.map(({ envoy, secret }) => ({
          source: 'config-dump',
          ref: `${envoy.namespace}/${envoy.pod}`,
          detail: `${use.sdsName} WARMING${secret?.lastUpdated === undefined ? '' : ` since ${secret.lastUpdated}`}`,
        })),
        affects: [{ server: use.server }],
        touches: [{ apiVersion: 'v1', kind: 'Secret', namespace: use.namespace, name: use.name }],
        confidence: 0.95,
        pods: warming.map(({ envoy }) => `${envoy.namespace}/${envoy.pod}`),
      };
    }
  },
};
