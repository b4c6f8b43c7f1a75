import { atLeast } from '../../istio/release.ts';
import { askedBy, isConfigMap, lackingCas, type LackingCa } from '../../facts/client-ca-uses.ts';
import { caKeys } from '../../facts/credentials.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { release } from '../../facts/mesh.ts';
import { subjectOf } from '../../kubernetes/names.ts';
import type { Subject } from '../../model/finding.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost, kubectl } from '../remedies.ts';
import { credentialNeverCame } from '../symptoms.ts';
import { changeCa, createCaSecret } from './ca-remedies.ts';

/** The key that holds certificates although nobody reads it there. */
function keyWithCa({ use, keys }: LackingCa): string | undefined {
  const { state } = use;
  if (state.state !== 'wrong-keys') return keys.find((key) => /\.(?:crt|cer|cert|pem)$/.test(key));
  return keys.find((key) => (state.secret.values[key]?.certificates.length ?? 0) > 0);
}

function subjectFor({ use }: LackingCa): Subject {
  const { state, namespace, name } = use;
  return state.state === 'wrong-keys' ? subjectOf(state.secret) : { apiVersion: 'v1', kind: 'Secret', namespace, name };
}

function faultOf(evidence: Evidence, lack: LackingCa): Fault {
  const { use, servers, keys, seen, confidence } = lack;
  const { namespace, name, fallback, workload } = use;
  const rules = workload?.release ?? release(evidence);
  const read = caKeys(rules, name.endsWith('-cacert'));
  const wrong = keyWithCa(lack);
  const subject = subjectFor(lack);
  const place = `${isConfigMap(use) ? 'ConfigMap' : 'Secret'} ${namespace}/${name}`;
  const pair = fallback === undefined ? undefined : evidence.secret(namespace, fallback);
  const hidden = pair?.state === 'found' && read.some((key) => (pair.value.values[key]?.certificates.length ?? 0) > 0);
  const former = wrong === 'tls.crt' && atLeast(rules, 1, 8);
  const wants = read.join(' or ');
  const change = changeCa(evidence, subject, {
    summary: `put the CA of ${place} under ${read.at(-1) ?? 'ca.crt'}${wrong === undefined ? '' : ` (it stands under ${wrong} now)`}; no restart is needed`,
    key: read.at(-1) ?? 'ca.crt',
    value: 'CLIENT-CA.pem',
  });
  return {
    subject,
    title: `${place} has keys ${keys.join(', ') || '(none)'}, and a CA is read from ${wants} only`,
    message: `${askedBy(use)} verifies clients with the CA in ${place}, which is read from ${wants} and from no other key. istiod gives nothing${hidden ? `, and the good CA in Secret ${namespace}/${fallback ?? ''} is not looked at while this Secret exists` : ''}; every handshake of these hosts is reset.`,
    evidence: seen,
    affects: servers.map((server) => ({ server })),
    confidence,
    related: [subjectOf(use.server.owner, use.path)],
    touches: [{ apiVersion: 'v1', kind: 'Secret', namespace, name }],
    fix: hidden
      ? {
          ...change,
          summary: `${change.summary}; or delete it, and the CA in Secret ${namespace}/${fallback ?? ''} counts`,
          commands: [...change.commands, kubectl(namespace, 'delete', 'secret', name)],
          undo: [createCaSecret(namespace, fallback ?? name)],
        }
      : change,
    confirm: confirmHost(use.server.hosts[0]?.host),
    misleading: [
      ...(hidden
        ? [`Secret ${namespace}/${fallback ?? ''} holds a good CA: it is a fallback only where ${name} does not exist.`]
        : []),
      ...(former ? ['Until Istio 1.7 a CA under tls.crt was taken here; since 1.8 it is not.'] : []),
    ],
  };
}

/** The Secret (or ConfigMap) for the CA is there, and has it under a key that this release does not read. */
export const mtlsCacertWrongKey: Check = {
  name: 'mtls-cacert-wrong-key',
  title: 'Every CA for clients lies under a key that istiod reads',
  group: 'mutual-tls',
  kind: 'cause',
  severity: 'error',
  step: 'credential',
  reads: ['secret', 'resource', 'istiod-log', 'gateway-log', 'config-dump'],
  explains: credentialNeverCame,
  *inspect(evidence): Iterable<Judgement> {
    for (const lack of lackingCas(evidence)) if (lack.why === 'wrong-key') yield faultOf(evidence, lack);
  },
};
