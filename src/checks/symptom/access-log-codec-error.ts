import { accessLog } from '../../facts/log-events.ts';
import { layout } from '../../facts/listeners.ts';
import { subjectOf } from '../../kubernetes/names.ts';
import type { Check } from '../check.ts';
import { observedEntry } from './access-log-symptom.ts';

/** `400 DPE`: bytes that are no HTTP reached a plaintext listener; on a TLS port those are handshakes. */
export const accessLogCodecError: Check = {
  name: 'access-log-codec-error',
  title: 'No TLS handshake ends on a plaintext listener',
  group: 'symptom',
  kind: 'symptom',
  severity: 'info',
  step: 'tls',
  reads: ['access-log'],
  explains: [],
  *inspect(evidence) {
    const entries = accessLog(evidence).filter(({ flags, status }) => flags.includes('DPE') && status === 400);
    for (const [local, lines] of Map.groupBy(entries, ({ downstreamLocal }) => downstreamLocal ?? '')) {
      const port = Number(/:(\d+)$/.exec(local)?.[1]);
      const listener = layout(evidence).listeners.find((one) => one.port === port);
      if (!listener || port === 80 || port === 8080) continue;
      const { workload } = listener;
      const title = `Something that is no HTTP, a TLS handshake most likely, reached the plaintext port ${port}`;
      yield {
        subject: subjectOf(workload.resource ?? workload.ref),
        title,
        message: `${title} of ${workload.ref.kind} ${workload.namespace}/${workload.name}.`,
        evidence: lines.slice(-2).map(observedEntry),
        affects: listener.accepted.map((server) => ({ server })),
        confidence: 0.8,
      };
    }
  },
};
