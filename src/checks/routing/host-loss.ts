import { answerOf } from '../../facts/answers.ts';
import { observed } from '../../facts/credential-trail.ts';
import type { Evidence } from '../../facts/evidence.ts';
import type { HostLoss } from '../../facts/host-losses.ts';
import { eventsOf } from '../../facts/log-events.ts';
import { probesOf } from '../../facts/probes.ts';
import { activeListeners, envoysOf } from '../../facts/proxies.ts';
import { listedHosts } from '../../facts/servers.ts';
import { fullName, named, subjectOf } from '../../kubernetes/names.ts';
import { textsAt } from '../../kubernetes/read.ts';
import type { Command, Fix, Observation, Severity } from '../../model/finding.ts';
import type { Fault } from '../check.ts';
import { confirmHost, deleteObject, managerOf, ownerOfNamespace, replaceField, restoreField } from '../remedies.ts';

/** Whether clients see anything of it: another certificate, no route, or a host that is gone altogether. */
function severityOf(evidence: Evidence, loss: HostLoss): Severity {
  const { loser, winner, strandedRoutes, lostAlone, sameCredential } = loss;
  if (sameCredential && strandedRoutes.length === 0 && lostAlone.length === 0) return 'info';
  const fine = listedHosts(loser).every((host) =>
    [loser, winner].some(
      (server) =>
        answerOf(evidence, server, host) && probesOf(evidence)(server).every(({ reading }) => reading !== 'fails'),
    ),
  );
  return fine ? 'warning' : 'error';
}

/** istiod's line about it, and the Gateway whose routes Envoy's chain for the host has. */
function trail(evidence: Evidence, { loser, hosts, leftOut }: HostLoss): readonly Observation[] {
  const lines = eventsOf(evidence, 'server-dropped-duplicate-hosts').filter(
    ({ gateway }) =>
      gateway?.name === loser.owner.name && (gateway.namespace ?? loser.owner.namespace) === loser.owner.namespace,
  );
  const envoys = leftOut.workload ? envoysOf(evidence, leftOut.workload) : [];
  const chains = envoys.flatMap((envoy) =>
    activeListeners(envoy)
      .flatMap((listener) => listener.chains)
      .filter(
        ({ serverNames, routeConfig }) => routeConfig !== undefined && hosts.some((host) => serverNames.includes(host)),
      )
      .map(({ routeConfig = '' }): Observation => ({
        source: 'config-dump',
        ref: `${envoy.namespace}/${envoy.pod}`,
        detail: `the chain for ${hosts.join(', ')} has the routes ${routeConfig}`,
      })),
  );
  return [...lines.slice(-1).map(observed), ...chains.slice(0, 2)];
}

function bindToWinner({ strandedRoutes, winner }: HostLoss): readonly { command: Command; undo: Command }[] {
  return strandedRoutes.map(({ resource }) => {
    const wanted = [...textsAt(resource.body, 'spec', 'gateways'), fullName(winner.owner)];
    return {
      command: replaceField(resource, 'spec.gateways', wanted),
      undo: restoreField(resource, 'spec.gateways', wanted),
    };
  });
}

function fixOf(loss: HostLoss): Fix {
  const { loser, winner, winnerIsEmpty, lostAlone, hosts } = loss;
  const changed = winnerIsEmpty ? winner.owner : loser.owner;
  const manager = managerOf(changed);
  const managed = manager === undefined ? {} : { managedBy: manager };
  const owner = ownerOfNamespace(changed.namespace);
  const doNot = [
    'delete and create a Gateway anew to mend it: the younger object then loses, which may be another one',
  ];
  if (winnerIsEmpty) {
    return {
      summary: `delete ${named(winner.owner)}, which has the host and no route (look first whether its other servers are in use)`,
      owner,
      commands: [deleteObject(winner.owner)],
      undo: [],
      doNot,
      ...managed,
    };
  }
  const bound = winner.from === 'Gateway' ? bindToWinner(loss) : [];
  const path = `${loser.path}.hosts`;
  const rest = loser.hosts.flatMap(({ host, text }) => (hosts.includes(host) ? [] : [text]));
  const split = lostAlone.length > 0 && loser.from === 'Gateway';
  return {
    summary: split
      ? `take ${hosts.join(', ')} out of this server, so that its other hosts are served again, and bind its routes to the other Gateway`
      : `keep one Gateway for ${hosts.join(', ')}: bind the routes to ${named(winner.owner)} and drop this server`,
    owner,
    commands: [...(split ? [replaceField(loser.owner, path, rest)] : []), ...bound.map(({ command }) => command)],
    undo: [...bound.map(({ undo }) => undo), ...(split ? [restoreField(loser.owner, path, rest)] : [])],
    doNot,
    ...managed,
  };
}

function consequence({ sameCredential, winnerIsEmpty, strandedRoutes, lostAlone }: HostLoss): string {
  const parts = [
    sameCredential ? '' : 'clients get the certificate of the other Gateway',
    winnerIsEmpty
      ? 'every request is answered with 404, because the routes are bound to the one left out'
      : strandedRoutes.length > 0
        ? `the routes of ${strandedRoutes.map(({ resource }) => named(resource)).join(', ')} are in force nowhere`
        : '',
    lostAlone.length > 0 ? `${lostAlone.join(', ')} ${lostAlone.length === 1 ? 'is' : 'are'} not served at all` : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'both say the same, so that nobody notices' : parts.join('; ');
}

/** A server of which an older one has a host on the same port: istiod leaves it out as a whole. */
export function hostLossFault(evidence: Evidence, loss: HostLoss): Fault {
  const { loser, winner, hosts, winnerIsEmpty, leftOut } = loss;
  const known = loser.owner.createdAt !== undefined && winner.owner.createdAt !== undefined;
  const [subject, other] = winnerIsEmpty ? [winner, loser] : [loser, winner];
  const title = `${named(loser.owner)} ${loser.path} is left out: ${named(winner.owner)} ${winner.path} has ${hosts.join(', ')} on the same port`;
  const trailing = trail(evidence, loss);
  return {
    subject: subjectOf(subject.owner, `${subject.path}.hosts`),
    title,
    message: `${title}, and is ${known ? 'older' : 'taken first'}. istiod drops the whole server: ${consequence(loss)}.`,
    evidence: [
      {
        source: 'resource',
        ref: named(winner.owner),
        detail: `created ${winner.owner.createdAt ?? 'at a time not known'}; ${named(loser.owner)} ${loser.owner.createdAt ?? 'at a time not known'}; both on port ${leftOut.port}`,
      },
      ...trailing,
    ],
    affects: [{ server: loser }, { server: winner, hosts }],
    confidence: trailing.length > 0 ? 0.95 : known ? 0.88 : 0.65,
    severity: severityOf(evidence, loss),
    related: [subjectOf(other.owner, `${other.path}.hosts`)],
    fix: fixOf(loss),
    confirm: confirmHost(hosts[0]),
    misleading: ['The Secret of the server left out is never asked for: that it is not in Envoy is an effect.'],
  };
}
