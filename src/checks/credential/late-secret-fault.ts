import { credentialTrail, observed } from '../../facts/credential-trail.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { LogEvent } from '../../model/log-event.ts';
import type { Fault } from '../check.ts';
import { confirmHost, kubectl, ownerOfNamespace } from '../remedies.ts';
import { affectedBy, consequenceOf, reachOf, type Uses } from './consequences.ts';

/** The Secret is there by now, and the agents of old did not hand it over. */
export function lateSecretFault(evidence: Evidence, uses: Uses, line: LogEvent): Fault {
  const [first] = uses;
  const { server, namespace, name, workload } = first;
  const target = workload?.ref;
  const restart = kubectl(
    namespace,
    'rollout',
    'restart',
    `${target?.kind.toLowerCase() ?? 'deployment'}/${target?.name ?? '<GATEWAY>'}`,
  );
  return {
    subject: subjectOf(server.owner, first.path),
    title: `Secret ${namespace}/${name} came after Envoy had asked for it, and Envoy still has none`,
    message: `The agent in the gateway’s pod found no Secret ${name} when ${named(server.owner)} asked for it. It is there now, and was not handed over. ${consequenceOf(evidence, first)}`,
    evidence: [observed(line), ...credentialTrail(evidence, first).filter(({ source }) => source === 'config-dump')],
    affects: affectedBy(evidence, uses),
    confidence: 0.6,
    ...reachOf(evidence, uses),
    touches: [{ apiVersion: 'v1', kind: 'Secret', namespace, name }],
    fix: {
      summary: 'restart the gateway’s pods, and with such a release create a Secret before the Gateway that names it',
      owner: ownerOfNamespace(namespace),
      commands: [restart],
      undo: [],
      doNot: [],
    },
    confirm: confirmHost(server.hosts[0]?.host),
  };
}
