import type { Interfaces } from '@oclif/core';
import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import type { ExitCode as ExitCodeType } from '../cli/exit-code.ts';
import { clusterFlags } from '../cli/flags/cluster.ts';
import { evidenceFlags } from '../cli/flags/evidence.ts';
import { judgeFlags } from '../cli/flags/judge.ts';
import { outputFlag, outputFlags } from '../cli/flags/output.ts';
import { probeFlags } from '../cli/flags/probe.ts';
import { timeFlags } from '../cli/flags/time.ts';
import { parseTarget } from '../cli/target.ts';

const { suppress: _s, baseline: _b, expect: _e, 'verify-fixes': _v, ...judging } = judgeFlags;
const {
  'expect-status': _es,
  'expect-issuer': _ei,
  'expect-fingerprint': _ef,
  'expect-min-tls': _em,
  ...judgeFlagsOfToday
} = judging;
const { 'phone-out': _p, ...probing } = probeFlags;
const { wait: _w, watch: _wa, ...time } = timeFlags;

export default class Doctor extends BaseCommand {
  static override description =
    'Goes from host names to root causes: what is broken, why, how that is known, and the command that mends it. ' +
    'TARGET is a host name, https://host/path, host:port, gateway/NAMESPACE/NAME, gtw/… (Gateway API), ingress/…, svc/… ' +
    'or pod/…; without one every TLS host of every gateway is examined. It only reads.';

  static override examples = [
    { command: 'istls doctor', description: 'every TLS host of every gateway' },
    { command: 'istls doctor shop.example.com', description: 'one host, during an incident' },
    { command: 'istls doctor --from bug-report.tar.gz -o json', description: 'saved evidence, for a program' },
    {
      command: 'istls doctor partner.example.com --cert partner.crt --key partner.key',
      description: 'would this client be admitted?',
    },
  ];

  static override args = {
    target: Args.string({ multiple: true, ignoreStdin: true, description: 'what to examine' }),
  };

  static override flags = {
    ...clusterFlags,
    ...evidenceFlags,
    ...probing,
    ...judgeFlagsOfToday,
    ...time,
    ...outputFlags,
    output: Flags.option({
      ...outputFlag,
      options: ['text', 'short', 'wide', 'json', 'jsonl', 'yaml'] as const,
      default: 'text',
    })(),
  };

  protected override async execute(signal: AbortSignal): Promise<ExitCodeType> {
    const { args, flags: parsed } = await this.parse(Doctor);
    const flags: Interfaces.InferredFlags<typeof Doctor.flags> = parsed;
    const targets = (args.target ?? []).map(parseTarget);
    const progress = this.progress(flags);
    const [{ runDoctor }, { reporters }] = await Promise.all([
      import('../app/run-doctor.ts'),
      import('../reporters/index.ts'),
    ]);
    try {
      const report = await runDoctor({
        flags,
        targets,
        program: this.config.bin,
        version: this.config.version,
        progress,
        signal,
      });
      progress.stop();
      const render = await reporters[flags.output]();
      await this.print(render(report, { ...this.look(flags), verbose: flags.verbose }));
      // oxlint-disable-next-line no-unsafe-type-assertion -- the report keeps to the contract's table
      return report.exitCode as ExitCodeType;
    } finally {
      progress.stop();
    }
  }
}
