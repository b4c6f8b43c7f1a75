import { outwardAddresses, servicesFor } from '../facts/addresses.ts';
import { attachmentOf } from '../facts/attachments.ts';
import { credentialsOf } from '../facts/credentials.ts';
import type { Evidence } from '../facts/evidence.ts';
import { placementsOf } from '../facts/listeners.ts';
import { probesOf, type ReadProbe } from '../facts/probes.ts';
import { bindingsOf } from '../facts/routes.ts';
import { asksClients, takesName, terminatesTls, type Server } from '../facts/servers.ts';
import type { Destination } from '../facts/targets.ts';
import { steps, type Step } from '../model/finding.ts';
import type { Probe } from '../model/probe.ts';
import type { Finding } from './finding.ts';
import { severityRank } from './root-causes.ts';

export type StepStatus = 'ok' | 'failed' | 'warning' | 'unknown' | 'skipped';

export interface PathStep {
  readonly step: Step;
  readonly status: StepStatus;
  readonly detail: string;
}

type Seen = Omit<PathStep, 'step'> | undefined;

const ok = (detail: string): Seen => ({ status: 'ok', detail });
const skipped = (detail: string): Seen => ({ status: 'skipped', detail });

const isWildcard = (host: string): boolean => host.startsWith('*');

function seenDns(evidence: Evidence, host: string): Seen {
  if (isWildcard(host)) return skipped('a wildcard has no address of its own');
  const answer = evidence.snapshot.dns.find((one) => one.host === host);
  if (!answer) return undefined;
  const addresses = [...answer.a, ...answer.aaaa];
  return addresses.length > 0 ? ok(addresses.join(', ')) : undefined;
}

function seenAddress(evidence: Evidence, server: Server): Seen {
  for (const service of servicesFor(evidence, server)) {
    const [address] = outwardAddresses(service);
    if (address !== undefined) return ok(`${address} (Service ${service.namespace}/${service.name}, ${service.type})`);
  }
  const [first] = servicesFor(evidence, server);
  return first && first.type !== 'LoadBalancer'
    ? ok(`Service ${first.namespace}/${first.name}, ${first.type}`)
    : undefined;
}

const connected = ({ probe }: ReadProbe): boolean => !['refused', 'timeout', 'unreachable'].includes(probe.outcome);
const answered = ({ probe }: ReadProbe): boolean => probe.protocol !== undefined || (probe.chain?.length ?? 0) > 0;

function seenListener(evidence: Evidence, server: Server, probes: readonly ReadProbe[]): Seen {
  if (probes.some(answered)) return ok('a filter chain answers to this name');
  const placement = placementsOf(evidence, server).find(({ drop }) => !drop);
  if (!placement) return undefined;
  return ok(
    `port ${placement.listenerPort} of ${placement.workload.ref.kind} ${placement.workload.namespace}/${placement.workload.name}`,
  );
}

function seenCredential(evidence: Evidence, server: Server): Seen {
  if (!terminatesTls(server)) return skipped('TLS passes through: the certificate is the backend’s');
  const uses = credentialsOf(evidence, server);
  const usable = uses.filter(({ state }) => state.state === 'pair' || state.state === 'ca');
  if (uses.length === 0 || usable.length < uses.length) return undefined;
  return ok([...new Set(uses.map(({ namespace, name }) => `${namespace}/${name}`))].join(', '));
}

const tlsText = (probe: Probe): string => [probe.protocol, probe.cipher, probe.alpn].filter(Boolean).join(' ');

function seenTls(probes: readonly ReadProbe[]): Seen {
  const done = probes.find(({ probe, reading }) => probe.protocol !== undefined && reading !== 'fails');
  if (done) return ok(tlsText(done.probe));
  const partly = probes.find(({ probe }) => probe.protocol !== undefined);
  return partly && ok(tlsText(partly.probe));
}

function seenServerCertificate(probes: readonly ReadProbe[]): Seen {
  const verified = probes.find(({ probe }) => probe.verify?.ok === true);
  return verified && ok(`verified against ${verified.probe.trust ?? 'the given trust'}`);
}

function seenClientCertificate(server: Server, probes: readonly ReadProbe[]): Seen {
  if (!asksClients(server) && server.tls?.mode !== 'ISTIO_MUTUAL') return skipped('the server asks for none');
  const shown = probes.find(({ probe, reading }) => probe.clientCertificate !== 'none' && reading === 'works');
  if (shown) return ok(`${shown.probe.clientCertificate} is accepted`);
  return probes.some(({ reading }) => reading === 'refused-rightly')
    ? skipped('asked for; a client without one is refused, as it must be')
    : skipped('no client certificate to test with');
}

function seenRoute(evidence: Evidence, destination: Destination, server: Server): Seen {
  if (server.from === 'Ingress') return ok(`Ingress ${server.owner.namespace}/${server.owner.name}`);
  const binding = bindingsOf(evidence, server).find(({ hosts }) =>
    hosts.some((host) => takesName(host, destination.host) || takesName(destination.host, host)),
  );
  if (!binding) return undefined;
  const { resource } = binding.virtualService;
  return ok(`VirtualService ${resource.namespace}/${resource.name}`);
}

function seenHttp(probes: readonly ReadProbe[]): Seen {
  const response = probes.find(({ probe }) => probe.http !== undefined)?.probe.http;
  return response && ok(`${response.status}${response.server === undefined ? '' : ` from ${response.server}`}`);
}

type Look = (evidence: Evidence, destination: Destination, server: Server, probes: readonly ReadProbe[]) => Seen;

/** How each step is seen to work, where a server is known. */
const looks: Readonly<Record<Exclude<Step, 'dns'>, Look>> = {
  address: (evidence, _, server) => seenAddress(evidence, server),
  tcp: (_, __, server, probes) => (probes.some(connected) ? ok(`port ${server.port}`) : undefined),
  listener: (evidence, _, server, probes) => seenListener(evidence, server, probes),
  credential: (evidence, _, server) => seenCredential(evidence, server),
  tls: (_, __, ___, probes) => seenTls(probes),
  'server-certificate': (_, __, ___, probes) => seenServerCertificate(probes),
  'client-certificate': (_, __, server, probes) => seenClientCertificate(server, probes),
  route: (evidence, destination, server) => seenRoute(evidence, destination, server),
  http: (_, __, ___, probes) => seenHttp(probes),
};

function seen(evidence: Evidence, destination: Destination, step: Step): Seen {
  const { server, host } = destination;
  if (step === 'dns') return seenDns(evidence, host);
  if (!server) return undefined;
  const probes = probesOf(evidence)(server).filter(({ probe }) => takesName(host, (probe.sni ?? '').toLowerCase()));
  return looks[step](evidence, destination, server, probes);
}

function worst(findings: readonly Finding[]): Finding | undefined {
  return [...findings].sort(
    (a, b) =>
      severityRank[a.severity] - severityRank[b.severity] ||
      Number(a.check.kind === 'symptom') - Number(b.check.kind === 'symptom') ||
      b.fault.confidence - a.fault.confidence,
  )[0];
}

/**
 * The way of a connection to one destination, a mark on each step. What comes behind a failed step was not reached:
 * it is `skipped`, unless it was seen to work all the same.
 */
export function pathOf(
  evidence: Evidence,
  destination: Destination,
  findings: readonly Finding[],
): readonly PathStep[] {
  const byStep = Map.groupBy(
    findings.filter(({ severity }) => severity !== 'info'),
    ({ step }) => step,
  );
  let broken = false;
  return steps.map((step) => {
    const finding = worst(byStep.get(step) ?? []);
    if (finding) {
      const failed = finding.severity === 'error';
      broken ||= failed;
      return { step, status: failed ? 'failed' : 'warning', detail: `${finding.check.name}: ${finding.fault.title}` };
    }
    const known = seen(evidence, destination, step);
    if (known && !(broken && known.status === 'ok' && foretold.has(step))) return { step, ...known };
    if (broken) return { step, status: 'skipped', detail: 'not reached' };
    return { step, status: 'unknown', detail: whyUnknown(evidence, destination) };
  });
}

/** Steps whose "ok" may come from objects alone: behind a failed step that would be a promise, not an observation. */
const foretold: ReadonlySet<Step> = new Set(['address', 'listener', 'credential', 'route']);

function whyUnknown(evidence: Evidence, { server }: Destination): string {
  if (!server) return 'no server takes this host';
  const { gap } = attachmentOf(evidence, server);
  return gap ? `could not look: ${gap.detail}` : 'nothing was seen of it';
}
