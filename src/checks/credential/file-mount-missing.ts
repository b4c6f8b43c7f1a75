import { brokenLinks, type BrokenLink } from '../../facts/broken-links.ts';
import { observed } from '../../facts/credential-trail.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { layout } from '../../facts/listeners.ts';
import { fileComplaint, fileDelivery, namedFiles, readsFilesItself } from '../../facts/named-files.ts';
import { unmountable } from '../../facts/unmountable-secrets.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Affected, Check, Explanation, Fault, Judgement } from '../check.ts';
import { confirmHost } from '../remedies.ts';
import { credentialNotGiven, noListener } from '../symptoms.ts';
import { distinctObservations } from './distinct-observations.ts';
import { fileFix } from './file-mount-fix.ts';
import { looseFaults, type LooseMeaning } from './loose-faults.ts';
import { stuckPodsFault } from './unmountable-secret-fault.ts';

/** Up to 1.9 the whole listener is refused with the file, and with it every host of the port. */
function affectedBy(evidence: Evidence, links: readonly BrokenLink[]): readonly Affected[] {
  const servers = links.flatMap(({ named: { server }, named: one }) => {
    if (!readsFilesItself(evidence, one)) return [server];
    const listeners = layout(evidence).listeners.filter(({ accepted }) => accepted.includes(server));
    return [server, ...listeners.flatMap(({ accepted }) => accepted)];
  });
  return [...new Set(servers)].map((server) => ({ server }));
}

function faultOf(evidence: Evidence, links: readonly [BrokenLink, ...BrokenLink[]]): Fault {
  const [first] = links;
  const { server, file, field } = first.named;
  const works = links.every(({ named: one }) => fileDelivery(evidence, one).works);
  const files = [...new Set(links.map(({ named: one }) => one.file))];
  const lines = [...new Set(links.flatMap(({ named: one }) => fileComplaint(evidence, one) ?? []))];
  const effect = works
    ? 'The proxy still has what it read when it started.'
    : readsFilesItself(evidence, first.named)
      ? 'Envoy refuses the listener, and with it every host of the port.'
      : 'Envoy has no certificate to show, and resets every handshake of these hosts.';
  const others = [...new Map(links.map(({ named: one }) => [one.server.key, one])).values()];
  return {
    subject: first.subject,
    title: `${named(server.owner)} ${field} names ${file}, and ${first.says}`,
    message: `${files.join(' and ')} must be in the gateway’s pod; ${first.says}. ${effect}`,
    evidence: distinctObservations([...links.map(({ observation }) => observation), ...lines.map(observed)]),
    affects: affectedBy(evidence, links),
    confidence: lines.length > 0 ? Math.max(first.confidence, 0.8) : first.confidence,
    severity: works ? 'warning' : 'error',
    related: others.map((one) => subjectOf(one.server.owner, one.field)),
    touches: links.flatMap(({ secret }) => secret ?? []),
    fix: fileFix(links),
    confirm: confirmHost(server.hosts[0]?.host),
  };
}

const explains: readonly Explanation[] = [
  ...credentialNotGiven,
  ...noListener,
  { check: 'listener-nack', over: 'listener' },
  { check: 'gateway-no-ready-pods', over: 'workload' },
];

/** Where nothing but logs is at hand. */
const toldByLogs: LooseMeaning = {
  kinds: ['file-secret-failed'],
  takes: ({ reason = '' }) => /no such file|not a directory/.test(reason),
  confidence: 0.65,
  title: (_, { name }) =>
    `The files of ${name.replace(/^file-(?:cert|root):/, '').replace('~', ' and ')} cannot be read in the pod`,
  message: 'A Gateway names these files, and the proxy does not find them: handshakes of its hosts are reset.',
  summary: 'name a credential (credentialName) in place of the files, or mount the Secret that holds them at that path',
};

/** A path of a Gateway leads to no file in its pods, or a pod mounts a Secret that is not there. */
export const fileMountMissing: Check = {
  name: 'file-mount-missing',
  title: 'Every certificate file that a Gateway names is mounted in its pods',
  group: 'credential',
  kind: 'cause',
  severity: 'error',
  step: 'credential',
  reads: ['resource', 'secret', 'gateway-log'],
  explains,
  *inspect(evidence): Iterable<Judgement> {
    yield* looseFaults(evidence, toldByLogs);
    const links = brokenLinks(evidence);
    for (const group of Map.groupBy(links, ({ key }) => key).values()) {
      const [first, ...others] = group;
      if (first) yield faultOf(evidence, [first, ...others]);
    }
    const told = new Set(links.map(({ key }) => key));
    for (const one of unmountable(evidence)) {
      if (!told.has(`${one.workload.key} ${one.secretName}`)) yield stuckPodsFault(one);
    }
    for (const one of namedFiles(evidence)) {
      const { server, mounted, file, workload } = one;
      if (mounted.link !== 'secret' || mounted.lookup.state !== 'unknown') continue;
      if (fileDelivery(evidence, one).works || links.some(({ named: broken }) => broken === one)) continue;
      const about = `whether Secret ${workload.namespace}/${mounted.secretName} has ${mounted.key}, for ${file}`;
      yield { blind: mounted.lookup.gap, about, affects: [{ server }] };
    }
  },
};
