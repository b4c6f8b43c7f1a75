import type { Evidence } from '../../facts/evidence.ts';
import { readProbes, type ReadProbe } from '../../facts/probes.ts';
import type { Server } from '../../facts/servers.ts';
import { subjectOf } from '../../kubernetes/names.ts';
import type { Observation, Step } from '../../model/finding.ts';
import type { Probe } from '../../model/probe.ts';
import type { Check, Explanation, Fault } from '../check.ts';

/** How a probe reads in one line: what was asked where, and what came back. */
export function probeText(probe: Probe): string {
  const sni = probe.sni === null ? 'no SNI' : `SNI ${probe.sni}`;
  const client = probe.clientCertificate === 'none' ? '' : `, client ${probe.clientCertificate}`;
  const offered =
    probe.offered?.max === undefined || probe.offered.max === 'TLSv1.3' ? '' : `, at most ${probe.offered.max}`;
  return `${sni}${client}${offered}: ${outcomeText(probe)}`;
}

export function outcomeText(probe: Probe): string {
  const { outcome, alert, error, verify, http } = probe;
  if (outcome === 'alert') return `alert ${alert?.number ?? '?'} ${alert?.name ?? ''}`.trim();
  if (outcome === 'ok' || outcome === 'verify-failed') {
    const status = http ? `, HTTP ${http.status}${http.server === undefined ? '' : ` from ${http.server}`}` : '';
    const verdict = verify?.ok === false ? `, certificate not accepted (${verify.code ?? 'no reason given'})` : '';
    return `${probe.protocol ?? 'TLS'} handshake${verdict}${status}`;
  }
  return error === undefined ? outcome : `${outcome} (${error})`;
}

export const observedProbe = (probe: Probe): Observation => ({
  source: 'probe',
  ref: `${probe.address}:${probe.port} (${probe.via}${probe.pod === undefined ? '' : ` ${probe.pod}`})`,
  detail: probeText(probe),
});

/** Failing probes of one server and host are one symptom, whatever the number of addresses. */
export function groupedByHost(probes: readonly ReadProbe[]): readonly (readonly ReadProbe[])[] {
  return [...Map.groupBy(probes, ({ probe, server }) => `${server?.key ?? ''}|${probe.sni ?? probe.host}`).values()];
}

const most = 4;

/** A symptom that probes show: `takes` says which of them. The subject is the Gateway that should have answered. */
export function probeSymptom(about: {
  readonly name: string;
  readonly title: string;
  readonly step: Step;
  readonly says: (host: string) => string;
  readonly takes: (read: ReadProbe, evidence: Evidence) => boolean;
  readonly explains?: readonly Explanation[];
}): Check {
  return {
    name: about.name,
    title: about.title,
    group: 'symptom',
    kind: 'symptom',
    severity: 'error',
    step: about.step,
    reads: ['probe'],
    explains: about.explains ?? [],
    *inspect(evidence) {
      const failing = readProbes(evidence).filter((read) => about.takes(read, evidence));
      for (const group of groupedByHost(failing)) {
        const [first] = group;
        if (first) yield faultOf(about.says, first, group);
      }
    },
  };
}

function faultOf(says: (host: string) => string, first: ReadProbe, group: readonly ReadProbe[]): Fault {
  const { probe, server } = first;
  const host = probe.sni ?? probe.host;
  const title = says(host);
  return {
    subject: server ? ofServer(server, host) : ofNobody(host),
    title,
    message: `${title}.`,
    evidence: group.slice(0, most).map((read) => observedProbe(read.probe)),
    affects: [{ ...(server && { server }), hosts: [host] }],
    confidence: 0.95,
  };
}

const ofServer = (server: Server, host: string): Fault['subject'] => ({
  ...subjectOf(server.owner, server.path),
  host,
});

/** No object serves the host: the symptom is about the name alone. */
const ofNobody = (host: string): Fault['subject'] => ({
  apiVersion: '',
  kind: 'Host',
  namespace: '',
  name: host,
  host,
});
