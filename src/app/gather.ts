import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { evidenceOf } from '../facts/evidence.ts';
import { probeDestinations, type ConnectRules, type ProbeDestination } from '../facts/probe-destinations.ts';
import { asksClients } from '../facts/servers.ts';
import { destinations } from '../facts/targets.ts';
import type { DnsAnswer, Probe } from '../model/probe.ts';
import type { Question, Snapshot } from '../model/snapshot.ts';
import type { ClientCertificate, ProbePlan, Trust } from '../sources/probe/plan.ts';

/** How connections to the gateway are made, as the flags say. */
export interface ProbeOptions {
  readonly enabled: boolean;
  readonly rules: ConnectRules;
  readonly trust?: Trust;
  readonly client?: ClientCertificate;
  readonly maxProbes: number;
  readonly concurrency: number;
  readonly probeTimeoutMs: number;
}

/** A way into pods, where the source has one. */
export interface PodDialler {
  dial(pod: { readonly namespace: string; readonly pod: string }, port: number): Promise<Duplex>;
}

export interface Probing {
  readonly probes: readonly Probe[];
  readonly dns: readonly DnsAnswer[];
  /** Connections that were worth making and were not, for the budget. */
  readonly leftOut: number;
}

const mostLookups = 200;

/** Asks DNS for the hosts of the run. Wildcards have no addresses of their own. */
async function lookUp(snapshot: Snapshot, signal: AbortSignal): Promise<readonly DnsAnswer[]> {
  const { resolveHost } = await import('../sources/probe/resolve-host.ts');
  const hosts = new Set(
    destinations(evidenceOf(snapshot))
      .map(({ host }) => host)
      .filter((host) => !host.startsWith('*') && isIP(host) === 0),
  );
  const wanted = [...hosts].slice(0, mostLookups);
  return Promise.all(wanted.map((host) => resolveHost(host, signal)));
}

/** Host names of balancers lead to addresses first: a probe never looks anything up itself. */
async function withAddresses(
  wanted: readonly ProbeDestination[],
  signal: AbortSignal,
): Promise<readonly ProbeDestination[]> {
  const { resolveHost } = await import('../sources/probe/resolve-host.ts');
  const names = [
    ...new Set(wanted.filter(({ address, via }) => via !== 'pod' && isIP(address) === 0).map(({ address }) => address)),
  ];
  const answers = new Map(
    await Promise.all(names.map(async (name) => [name, await resolveHost(name, signal)] as const)),
  );
  return wanted.flatMap((one) => {
    const answer = answers.get(one.address);
    if (!answer) return [one];
    return [...answer.a, ...answer.aaaa].map((address) => ({ ...one, address }));
  });
}

function planOf(one: ProbeDestination, options: ProbeOptions, pods: PodDialler | undefined): ProbePlan {
  const { pod, destination } = one;
  const { server } = destination;
  const asks = server !== undefined && (asksClients(server) || server.tls?.mode === 'PASSTHROUGH');
  return {
    host: one.host,
    sni: one.sni,
    address: one.address,
    port: one.port,
    urlPort: one.urlPort,
    via: one.via,
    timeoutMs: options.probeTimeoutMs,
    request: { path: destination.path ?? '/' },
    ...(options.trust && { trust: options.trust }),
    ...(options.client && asks && { client: options.client }),
    ...(pod && { pod: `${pod.namespace}/${pod.pod}` }),
    ...(pod && pods && { connect: () => pods.dial(pod, one.port) }),
  };
}

/** Further looks at servers whose settings make clients differ: an old client, and one without its certificate. */
function variantsOf(plan: ProbePlan, one: ProbeDestination): readonly ProbePlan[] {
  if (one.rank !== 0) return [];
  const { server } = one.destination;
  const { client: _client, ...without } = plan;
  return [
    ...(server?.tls?.minProtocolVersion === 'TLSV1_3' ? [{ ...without, max: 'TLSv1.2' as const, request: null }] : []),
    ...(plan.client ? [without] : []),
  ];
}

/** Connects to what a snapshot says there is, and gives what was seen. Nothing here changes the cluster. */
export async function probeGateways(
  snapshot: Snapshot,
  options: ProbeOptions,
  pods: PodDialler | undefined,
  signal: AbortSignal,
): Promise<Probing> {
  const live = snapshot.source.kind === 'cluster' || snapshot.source.kind === 'lab';
  if (!options.enabled) return { probes: [], dns: [], leftOut: 0 };
  const dns = live && !options.rules.inCluster ? await lookUp(snapshot, signal) : [];
  const wanted = probeDestinations(evidenceOf({ ...snapshot, dns: [...snapshot.dns, ...dns] }), options.rules).filter(
    // saved evidence is connected to nowhere, unless a rule of the user says where
    ({ via, pod }) => (live ? pod === undefined || pods !== undefined : via === 'direct'),
  );
  const reachable = await withAddresses(wanted, signal);
  const plans = reachable.flatMap((one) => {
    const plan = planOf(one, options, pods);
    return [plan, ...variantsOf(plan, one)];
  });
  const { probeAll } = await import('../sources/probe/probe-all.ts');
  const { probes, undone } = await probeAll(plans.slice(0, options.maxProbes), {
    concurrency: options.concurrency,
    signal,
  });
  const leftOut = Math.max(0, plans.length - options.maxProbes) + undone.length;
  return { probes: probes.map((probe) => ({ ...probe, own: true })), dns, leftOut };
}

/** A snapshot with what probes and DNS added to it. */
export function withProbes(snapshot: Snapshot, { probes, dns }: Probing): Snapshot {
  return { ...snapshot, probes: [...snapshot.probes, ...probes], dns: [...snapshot.dns, ...dns] };
}

export const emptyQuestion: Question = { targets: [], namespaces: [] };
