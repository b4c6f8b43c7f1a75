import { subjectOf } from '../kubernetes/names.ts';
import type { Observation, Subject } from '../model/finding.ts';
import type { ObjectRef } from '../model/resource.ts';
import { observed } from './credential-trail.ts';
import { derive, type Evidence } from './evidence.ts';
import { fileComplaint, fileDelivery, namedFiles, type NamedFile } from './named-files.ts';

/** The link that is missing between a path of a Gateway and the bytes of a Secret. */
export interface BrokenLink {
  readonly named: NamedFile;
  /** The same for all files that one edit brings back. */
  readonly key: string;
  readonly says: string;
  readonly confidence: number;
  readonly subject: Subject;
  readonly secret?: ObjectRef;
  readonly observation: Observation;
}

const workloadSubject = ({ workload }: NamedFile): Subject => subjectOf(workload.resource ?? workload.ref);

const folderOf = (file: string): string => file.slice(0, Math.max(1, file.lastIndexOf('/')));

function brokenLink(namedFile: NamedFile): BrokenLink | undefined {
  const { mounted, file, workload } = namedFile;
  const subject = workloadSubject(namedFile);
  const ref = `${workload.ref.kind} ${workload.namespace}/${workload.name}`;
  const seen = (detail: string): Observation => ({ source: 'resource', ref, detail });
  if (mounted.link === 'no-mount') {
    const says = `no volume is mounted at ${folderOf(file)}`;
    const key = `${workload.key} ${folderOf(file)}`;
    return { named: namedFile, key, says, confidence: 0.8, subject, observation: seen(says) };
  }
  if (mounted.link === 'other-volume') {
    if (mounted.type !== 'secret' && mounted.type !== 'projected') return undefined;
    const says = `the items of volume ${mounted.volume} do not bring it there`;
    const key = `${workload.key} ${mounted.volume}`;
    return { named: namedFile, key, says, confidence: 0.85, subject, observation: seen(says) };
  }
  const { secretName, lookup, key: dataKey, volume } = mounted;
  const secret = { apiVersion: 'v1', kind: 'Secret', namespace: workload.namespace, name: secretName };
  const place = `${workload.namespace}/${secretName}`;
  const key = `${workload.key} ${secretName}`;
  if (lookup.state === 'absent') {
    const says = `volume ${volume} is made from Secret ${place}, which does not exist`;
    const observation: Observation = { source: 'secret', ref: place, detail: 'NotFound' };
    return { named: namedFile, key, says, confidence: 0.9, subject, secret, observation };
  }
  if (lookup.state !== 'found') return undefined;
  const value = lookup.value.values[dataKey];
  if (value && value.kind !== 'empty') return undefined;
  const says = `Secret ${place} has ${value ? 'nothing' : 'no key'} ${value ? `under ${dataKey}` : dataKey}`;
  const detail = `keys: ${Object.keys(lookup.value.values).sort().slice(0, 10).join(', ') || 'none'}`;
  const observation: Observation = { source: 'secret', ref: place, detail };
  const own = subjectOf(lookup.value, `data.${dataKey}`);
  return { named: namedFile, key: `${key} data`, says, confidence: 0.9, subject: own, secret, observation };
}

/** Where the links look whole, or lead where nobody can look: what Envoy or the agent say of the file. */
function unreadFile(evidence: Evidence, namedFile: NamedFile): BrokenLink | undefined {
  const line = fileComplaint(evidence, namedFile);
  const { works, fails } = fileDelivery(evidence, namedFile);
  const { mounted, workload, file } = namedFile;
  const whole = mounted.link === 'secret' && mounted.lookup.state === 'found';
  // the file may have come since: then only what fails now counts
  if (!line || works || (whole && !fails)) return undefined;
  const says = whole ? 'it was not there when Envoy read it' : 'it was not there for the proxy to read';
  const key = `${workload.key} ${folderOf(file)} read`;
  return {
    named: namedFile,
    key,
    says,
    confidence: whole ? 0.65 : 0.8,
    subject: workloadSubject(namedFile),
    observation: observed(line),
  };
}

/** Every file that Gateways name and that is not where its path leads. */
export const brokenLinks = derive((evidence): readonly BrokenLink[] =>
  namedFiles(evidence).flatMap((one) => brokenLink(one) ?? unreadFile(evidence, one) ?? []),
);
