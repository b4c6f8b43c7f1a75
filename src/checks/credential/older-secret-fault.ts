import type { ShadowedPair } from '../../facts/shadowed-pairs.ts';
import type { OutrunSecret } from '../../facts/stale-credentials.ts';
import { subjectOf } from '../../kubernetes/names.ts';
import type { Certificate } from '../../model/certificate.ts';
import type { Command } from '../../model/finding.ts';
import type { Secret } from '../../model/secret.ts';
import type { Fault } from '../check.ts';
import { confirmHost, jsonPatch, kubectl, ownerOfNamespace } from '../remedies.ts';
import type { Uses } from './consequences.ts';

/** Faults of Secrets that are read as they are, and are older than what somebody believes to be in use. */

const until = ({ serialNumber, notAfter }: Certificate): string => `serial number ${serialNumber}, until ${notAfter}`;

/** Puts the pair of one Secret into another of the same name, without its key being seen. */
function overwrite(from: Secret, to: Secret): Command {
  return {
    ...kubectl(from.namespace, 'get', 'secret', from.name, '-o', 'json'),
    pipe: {
      argv: ['jq', '{data}'],
      pipe: kubectl(to.namespace, 'patch', 'secret', to.name, '--type=merge', '--patch-file=/dev/stdin'),
    },
  };
}

/** The renewal went into another namespace: the Secret that the gateway reads stayed as it was. */
export function outrunFault(outrun: readonly [OutrunSecret, ...OutrunSecret[]]): Fault {
  const [{ secret, leaf, newer, use }] = outrun;
  const place = `${secret.namespace}/${secret.name}`;
  const other = `${newer.namespace}/${newer.name}`;
  const servers = [...new Map(outrun.map((one) => [one.use.server.key, one.use.server])).values()];
  return {
    subject: subjectOf(secret),
    title: `Secret ${place} holds an older certificate than Secret ${other}, and the gateway reads the former`,
    message: `A newer certificate for these hosts lies in namespace ${newer.namespace}, where the gateway does not look. It serves the older one until that ends.`,
    evidence: [
      { source: 'secret', ref: place, detail: until(leaf) },
      { source: 'secret', ref: other, detail: until(newer.leaf) },
    ],
    affects: servers.map((server) => ({ server })),
    confidence: 0.6,
    severity: 'warning',
    related: [
      ...(newer.secret ? [subjectOf(newer.secret)] : []),
      ...servers.map((server) => subjectOf(server.owner, use.path)),
    ],
    fix: {
      summary: `put the newer pair into Secret ${place}; whatever renews it should write it there`,
      owner: ownerOfNamespace(secret.namespace),
      commands: newer.secret ? [overwrite(newer.secret, secret)] : [],
      undo: [],
      doNot: ['restart the gateway: it would read the same Secret again'],
    },
    confirm: confirmHost(servers[0]?.hosts[0]?.host),
  };
}

/** Both forms are in one Secret, and the newer one is that which nobody reads. */
export function shadowedFault(uses: Uses, { secret, taken, newer }: ShadowedPair): Fault {
  const place = `${secret.namespace}/${secret.name}`;
  const servers = [...new Map(uses.map(({ server }) => [server.key, server])).values()];
  return {
    subject: subjectOf(secret, 'data'),
    title: `Secret ${place} holds two pairs, and Istio reads the older one, under cert and key`,
    message: 'cert and key go before tls.crt and tls.key. Whoever renews the latter changes nothing of what is served.',
    evidence: [
      { source: 'secret', ref: `${place} cert`, detail: until(taken) },
      { source: 'secret', ref: `${place} tls.crt`, detail: until(newer) },
    ],
    affects: servers.map((server) => ({ server })),
    confidence: 0.85,
    severity: 'warning',
    related: servers.map((server) => subjectOf(server.owner, server.path)),
    fix: {
      summary: 'take cert and key out of the Secret, so that tls.crt and tls.key are read',
      owner: ownerOfNamespace(secret.namespace),
      commands: [
        jsonPatch(secret, [
          { op: 'remove', path: '/data/cert' },
          { op: 'remove', path: '/data/key' },
        ]),
      ],
      undo: [],
      doNot: [],
    },
    confirm: confirmHost(servers[0]?.hosts[0]?.host),
  };
}
