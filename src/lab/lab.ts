import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditRecord } from './api-server/audit.ts';
import { kindsOf, optionalApis } from './api-server/kinds.ts';
import { ObjectStore } from './api-server/store.ts';
import { labBanner } from './banner.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { reservePort } from './ports.ts';
import { loadScenario } from './scenario/load-objects.ts';
import { readScenario, readScenarios, scenariosFolder } from './scenario/read-scenario.ts';
import type { Scenario } from './scenario/scenario.ts';
import { startCluster } from './simulated-cluster.ts';
import type { SimulatedCluster } from './simulated-cluster.ts';

export interface LabOptions {
  /** Ports that must be used; by default the lab looks for free ones, beginning with 30443 and 30080. */
  readonly ports?: { readonly https?: number; readonly http?: number };
  /** Listen on ::1 too. */
  readonly ipv6?: boolean;
  /** The folder of scenarios; by default those that come with istls. */
  readonly folder?: string;
}

/** A host of the scenario, and where it is served. */
interface LabHost {
  readonly host: string;
  readonly scheme: 'https' | 'http';
  readonly address: string;
  readonly port: number;
}

/** A running lab. */
export interface Lab {
  readonly scenario: Scenario;
  /** Mode 0600; contexts `lab` (all rights) and `lab-viewer` (none). */
  readonly kubeconfigPath: string;
  /** For commands that are to work on the lab: KUBECONFIG, KUBECACHEDIR, and LAB_DIR with the clients' files. */
  readonly env: Readonly<Record<string, string>>;
  readonly hosts: readonly LabHost[];
  readonly ports: { readonly https: number; readonly http: number };
  /** Paths of the files that clients need (`ca.crt`, `NAME.crt`, `NAME.key`), by name. */
  readonly clientFiles: Readonly<Record<string, string>>;
  /** Flags that the scenario's person adds to a diagnosis, as `--cert FILE`: what a client shows is no object. */
  readonly arguments: readonly string[];
  /** What a person needs to know to work with it. */
  banner(): string;
  /** Every request to the API so far. */
  audit(): readonly AuditRecord[];
  /** Ends all connections, frees the ports and removes the files. */
  close(): Promise<void>;
}

/** The scenario of `lab run` without a name. */
export const defaultScenario = 'secret-in-wrong-namespace';

/** All scenarios, by name. */
export function listScenarios(folder: string = scenariosFolder): readonly Scenario[] {
  return readScenarios(folder);
}

/**
 * Starts a scenario: API, control plane and gateways, all on loopback.
 * @throws Error when there is no such scenario, or a port that must be used is taken.
 */
export async function startLab(name: string = defaultScenario, options: LabOptions = {}): Promise<Lab> {
  const folder = options.folder ?? scenariosFolder;
  const scenario = readScenario(name, folder);
  const addresses = options.ipv6 === true ? ['127.0.0.1', '::1'] : ['127.0.0.1'];
  const { ports, reserved } = await reservePorts(options, addresses);
  try {
    const kinds = kindsOf(optionalApis.filter((api) => scenario.apis.includes(api)));
    const store = new ObjectStore();
    const files = loadScenario(scenario, folder, store, kinds, placeholders(ports, addresses), new Date());
    const cluster = await startCluster(store, kinds, reserved);
    return runningLab(scenario, cluster, files, ports, addresses);
  } catch (error) {
    for (const server of reserved.values()) server.close();
    throw error;
  }
}

async function reservePorts(
  { ports: wanted = {} }: LabOptions,
  addresses: readonly string[],
): Promise<{ readonly ports: Lab['ports']; readonly reserved: ReadonlyMap<string, Server> }> {
  const https = await reservePort(wanted.https ?? 30_443, addresses, wanted.https !== undefined);
  const http = await reservePort(wanted.http ?? 30_080, addresses, wanted.http !== undefined).catch(
    (error: unknown) => {
      for (const server of https.servers.values()) server.close();
      throw error;
    },
  );
  return { ports: { https: https.port, http: http.port }, reserved: new Map([...https.servers, ...http.servers]) };
}

function runningLab(
  scenario: Scenario,
  cluster: SimulatedCluster,
  files: Readonly<Record<string, string>>,
  ports: Lab['ports'],
  addresses: readonly string[],
): Lab {
  const written = writeFiles(cluster, files);
  const hosts = hostsOf(scenario, ports, addresses);
  return {
    scenario,
    kubeconfigPath: written.kubeconfigPath,
    env: written.env,
    clientFiles: written.clientFiles,
    arguments: scenario.arguments.map((word) => word.replace('$LAB_DIR', written.env['LAB_DIR'] ?? '')),
    hosts,
    ports,
    banner: () => labBanner({ scenario, hosts, ...written }),
    audit: () => cluster.audit(),
    close: async () => {
      await cluster.close();
      written.remove();
    },
  };
}

function placeholders({ https, http }: Lab['ports'], addresses: readonly string[]): Readonly<Record<string, string>> {
  return {
    HTTPS_PORT: String(https),
    HTTP_PORT: String(http),
    LOAD_BALANCER_ADDRESSES: JSON.stringify(addresses.map((ip) => ({ ip, ipMode: 'VIP' }))),
  };
}

function writeFiles(
  cluster: SimulatedCluster,
  files: Readonly<Record<string, string>>,
): Pick<Lab, 'kubeconfigPath' | 'env' | 'clientFiles'> & { readonly remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'istls-lab-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  // Also when the process ends in another way: what is in there opens the lab, and holds keys.
  process.once('exit', remove);
  const write = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  chmodSync(directory, 0o700);
  mkdirSync(join(directory, 'cache'));
  const kubeconfigPath = write('kubeconfig', kubeconfigText(cluster.apiAddress, cluster.apiCaPem, cluster.tokens));
  return {
    kubeconfigPath,
    env: { KUBECONFIG: kubeconfigPath, KUBECACHEDIR: join(directory, 'cache'), LAB_DIR: directory },
    clientFiles: Object.fromEntries(Object.entries(files).map(([name, text]) => [name, write(name, text)])),
    remove: () => {
      process.off('exit', remove);
      remove();
    },
  };
}

/** The hosts that a scenario speaks of, each once for each of its ports and addresses. */
function hostsOf(scenario: Scenario, ports: Lab['ports'], addresses: readonly string[]): readonly LabHost[] {
  const named = new Map(scenario.expect.map(({ host, port }) => [`${port}://${host}`, { host, port }]));
  return [...named.values()].flatMap(({ host, port }) =>
    addresses.map((address) => ({ host, scheme: port, address, port: ports[port] })),
  );
}
