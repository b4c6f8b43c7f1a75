/**
 * How long the program takes to start, beside a Node that does nothing: `node test/bench/start.ts [RUNS]`. Whole
 * processes, taken in turns so that a busy moment of the machine hits all alike; medians, and ratios of medians.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const runs = Number(process.argv[2] ?? 41);
const entry = join(import.meta.dirname, '../../bin/istls.js');

const contenders: Readonly<Record<string, readonly string[]>> = {
  'node -e 0': ['-e', '0'],
  'istls --version': [entry, '--version'],
  'istls explain': [entry, 'explain'],
  'istls explain CAUSE': [entry, 'explain', 'secret-wrong-namespace'],
  'istls explain 48': [entry, 'explain', '48'],
  'istls explain BORINGSSL': [
    entry,
    'explain',
    'error:0b000074:X.509 certificate routines:OPENSSL_internal:KEY_VALUES_MISMATCH',
  ],
  'istls explain REFUSAL': [
    entry,
    'explain',
    'warning\tenvoy config\tdelta config for type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret rejected: Failed to load private key from <inline>, Cause: error:0b000074:X.509 certificate routines:OPENSSL_internal:KEY_VALUES_MISMATCH',
  ],
  'istls explain LOG LINE': [
    entry,
    'explain',
    'warn\tads\tfailed to fetch key and certificate for kubernetes://shop-tls: secret istio-ingress/shop-tls not found',
  ],
  'istls --help': [entry, '--help'],
};

const times = new Map<string, number[]>(Object.keys(contenders).map((name) => [name, []]));
for (let run = 0; run < runs; run++) {
  for (const [name, argv] of Object.entries(contenders)) {
    const start = performance.now();
    spawnSync(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
    times.get(name)?.push(performance.now() - start);
  }
}

const medians = [...times].map(([name, values]) => ({ name, ms: median(values) }));
const bare = medians[0]?.ms ?? Number.NaN;
for (const { name, ms } of medians) {
  process.stdout.write(`${name.padEnd(26)} ${ms.toFixed(1).padStart(7)} ms  ${(ms / bare).toFixed(2)} x\n`);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
