import type { Progress } from '../cli/progress.ts';
import type { ConnectToRule, ResolveRule } from '../model/connect.ts';
import type { Severity } from '../model/finding.ts';
import type { Question, Snapshot, Target } from '../model/snapshot.ts';
import { buildReport } from '../report/build-report.ts';
import type { Report } from '../report/report.ts';
import { renderCommand, type Invocation } from '../text/shell.ts';
import { readCertificates } from '../x509/judge-pem.ts';
import { chosenChecks, examine } from './doctor.ts';
import { probeGateways, withProbes, type PodDialler, type ProbeOptions } from './gather.ts';

/** The flags of `doctor` that decide what is gathered and how it is judged. */
export interface DoctorFlags {
  readonly namespace?: readonly string[] | undefined;
  readonly kubeconfig?: string | undefined;
  readonly context?: readonly string[] | undefined;
  readonly as?: string | undefined;
  readonly 'as-group'?: readonly string[] | undefined;
  readonly 'request-timeout'?: number | undefined;
  readonly 'istio-namespace': string;
  readonly audit?: string | undefined;
  readonly from?: readonly string[] | undefined;
  readonly 'no-secrets'?: boolean | undefined;
  readonly symptom?: string | undefined;
  readonly resolve?: readonly ResolveRule[] | undefined;
  readonly 'connect-to'?: readonly ConnectToRule[] | undefined;
  readonly cacert?: readonly string[] | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly 'client-secret'?: { readonly namespace: string; readonly name: string } | undefined;
  readonly 'no-probe'?: boolean | undefined;
  readonly 'in-cluster'?: boolean | undefined;
  readonly 'max-probes'?: number | undefined;
  readonly concurrency?: number | undefined;
  readonly 'probe-timeout': number;
  readonly check?: readonly string[] | undefined;
  readonly skip?: readonly string[] | undefined;
  readonly 'min-severity': Severity;
  readonly 'fail-on': Severity | 'never';
  readonly 'allow-incomplete'?: boolean | undefined;
  readonly timeout: number;
}

export interface DoctorCall {
  readonly flags: DoctorFlags;
  readonly targets: readonly Target[];
  readonly program: string;
  readonly version: string;
  readonly progress: Progress;
  /** Aborted by Ctrl-C: what is known is then reported. */
  readonly signal: AbortSignal;
}

const defaultMaxProbes = 400;
const defaultConcurrency = 24;

interface Client {
  readonly probing: Pick<ProbeOptions, 'client'>;
  readonly question: Pick<Question, 'client'>;
}

async function clientOf({ cert, key }: DoctorFlags): Promise<Client> {
  if (cert === undefined) return { probing: {}, question: {} };
  const { readClientIdentity } = await import('../sources/probe/client-identity.ts');
  const material = await readClientIdentity({ certFile: cert, ...(key !== undefined && { keyFile: key }) });
  return {
    question: { client: material.identity },
    probing: material.client ? { client: material.client } : {},
  };
}

async function trustOf({ cacert }: DoctorFlags): Promise<Pick<ProbeOptions, 'trust'>> {
  if (!cacert || cacert.length === 0) return {};
  const { readTrust } = await import('../sources/probe/trust-files.ts');
  return { trust: await readTrust(cacert.join(',')) };
}

function questionOf(call: DoctorCall, client: Client, trust: Pick<ProbeOptions, 'trust'>): Question {
  const { flags, targets } = call;
  const trusted = trust.trust?.kind === 'certificates' ? trust.trust.certificates.flatMap(readCertificates) : undefined;
  return {
    targets,
    namespaces: flags.namespace ?? [],
    ...client.question,
    ...(trusted && { trusted }),
    ...(flags.symptom !== undefined && { symptom: flags.symptom }),
    ...(flags['in-cluster'] === true && { inCluster: true }),
  };
}

interface Gathered {
  readonly snapshot: Snapshot;
  readonly pods?: PodDialler;
  close(): void;
}

async function fromFiles(paths: readonly string[], question: Question, now: Date): Promise<Gathered> {
  const { readFiles } = await import('../sources/files/files-source.ts');
  const { snapshot } = await readFiles(paths, { stdin: process.stdin, now, question });
  return { snapshot, close: () => undefined };
}

async function fromCluster(call: DoctorCall, question: Question, now: Date, signal: AbortSignal): Promise<Gathered> {
  const { flags, progress } = call;
  const { openCluster } = await import('../sources/cluster/cluster-source.ts');
  const [context] = flags.context ?? [];
  let ended: () => void = () => undefined;
  const cluster = await openCluster(
    {
      istioNamespace: flags['istio-namespace'],
      readSecrets: flags['no-secrets'] !== true,
      question,
      now,
      userAgent: `istls/${call.version}`,
      onProgress: (what) => {
        ended();
        ended = progress.begin(what);
      },
      ...(flags.kubeconfig !== undefined && { kubeconfig: flags.kubeconfig }),
      ...(context !== undefined && { context }),
      ...(flags.as !== undefined && { as: flags.as }),
      ...(flags['as-group'] && { asGroups: flags['as-group'] }),
      ...(flags['request-timeout'] !== undefined && { requestTimeoutMs: flags['request-timeout'] }),
      ...(flags.audit !== undefined && { audit: flags.audit }),
    },
    signal,
  );
  try {
    const snapshot = await cluster.collect();
    ended();
    return { snapshot, pods: cluster, close: () => cluster.close() };
  } catch (error) {
    cluster.close();
    throw error;
  }
}

function invocationOf({ flags, program }: DoctorCall): Invocation {
  const [context] = flags.context ?? [];
  return {
    program: program.split(' '),
    ...(flags.kubeconfig !== undefined && { kubeconfig: flags.kubeconfig }),
    ...(context !== undefined && { context }),
    ...(flags.as !== undefined && { as: flags.as }),
    ...(flags['as-group'] && { asGroups: flags['as-group'] }),
  };
}

/**
 * Gathers evidence, examines it and gives the report. Rejects with an IstlsError when there is nothing to examine;
 * a budget that ends or Ctrl-C gives a report of what is known.
 */
export async function runDoctor(call: DoctorCall): Promise<Report> {
  const { flags } = call;
  const startedAt = new Date();
  const checks = chosenChecks(flags.check ?? [], flags.skip ?? []);
  const [client, trust] = await Promise.all([clientOf(flags), trustOf(flags)]);
  const question = questionOf(call, client, trust);
  const budget = flags.timeout > 0 ? AbortSignal.timeout(flags.timeout) : undefined;
  const signal = budget ? AbortSignal.any([call.signal, budget]) : call.signal;
  const timings: Record<string, number> = {};
  const gathered =
    flags.from && flags.from.length > 0
      ? await fromFiles(flags.from, question, startedAt)
      : await fromCluster(call, question, startedAt, signal);
  timings['collect'] = Date.now() - startedAt.getTime();
  try {
    const ended = call.progress.begin('connections to the gateway');
    const probing = await probeGateways(
      gathered.snapshot,
      {
        enabled: flags['no-probe'] !== true,
        rules: {
          resolve: flags.resolve ?? [],
          connectTo: flags['connect-to'] ?? [],
          inCluster: flags['in-cluster'] === true,
        },
        maxProbes: flags['max-probes'] ?? defaultMaxProbes,
        concurrency: flags.concurrency ?? defaultConcurrency,
        probeTimeoutMs: flags['probe-timeout'],
        ...trust,
        ...client.probing,
      },
      gathered.pods,
      signal,
    );
    ended();
    timings['probe'] = Date.now() - startedAt.getTime() - (timings['collect'] ?? 0);
    const diagnosis = examine(withProbes(gathered.snapshot, probing), checks);
    const invocation = invocationOf(call);
    return buildReport(diagnosis, {
      startedAt: startedAt.toISOString(),
      durationMs: Date.now() - startedAt.getTime(),
      renderCommand: (command) => renderCommand(command, invocation),
      failOn: flags['fail-on'],
      minSeverity: flags['min-severity'],
      allowIncomplete: flags['allow-incomplete'] === true,
      timings,
      interrupted: call.signal.aborted,
    });
  } finally {
    gathered.close();
  }
}
