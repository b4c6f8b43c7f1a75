/**
 * A program of its own with the shell of istls and commands that do what a test asks of them:
 * `node test/support/tool.ts COMMAND …`. Its exit code is what `run` gives.
 */
import type { Interfaces } from '@oclif/core';
import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import type { CommandTable } from '../../src/cli/commands.ts';
import type { ExitCode as ExitCodeType } from '../../src/cli/exit-code.ts';
import { ExitCode } from '../../src/cli/exit-code.ts';
import { clusterFlags } from '../../src/cli/flags/cluster.ts';
import { evidenceFlags } from '../../src/cli/flags/evidence.ts';
import { judgeFlags } from '../../src/cli/flags/judge.ts';
import { outputFlag, outputFlags, reportFlag } from '../../src/cli/flags/output.ts';
import { probeFlags } from '../../src/cli/flags/probe.ts';
import { timeFlags } from '../../src/cli/flags/time.ts';
import { run } from '../../src/cli/run.ts';
import { IstlsError } from '../../src/model/errors.ts';

/** Prints what it was given, as JSON. */
class Show extends BaseCommand {
  static override description = 'First paragraph of what it does.\n\nSecond paragraph.';
  static override examples = [{ command: 'istls show shop.example', description: 'one host' }];
  static override args = { target: Args.string({ multiple: true, ignoreStdin: true }) };
  static override flags = {
    ...clusterFlags,
    ...evidenceFlags,
    ...probeFlags,
    ...judgeFlags,
    ...timeFlags,
    ...outputFlags,
    output: Flags.option({ ...outputFlag, options: ['text', 'json'] as const, default: 'text' })(),
    report: reportFlag(['text', 'json']),
  };

  protected override async execute(): Promise<ExitCodeType> {
    const { args, flags: parsed } = await this.parse(Show);
    const flags: Interfaces.InferredFlags<typeof Show.flags> = parsed;
    await this.print(JSON.stringify({ targets: args.target ?? [], ...flags }));
    return ExitCode.ok;
  }
}

/** Ends as it is told: `end 4`, `end bug`, `end no-cluster`. */
class End extends BaseCommand {
  static override args = { how: Args.string({ required: true, ignoreStdin: true }) };

  protected override async execute(): Promise<ExitCodeType> {
    const { how } = (await this.parse(End)).args;
    if (how === 'bug') throw new TypeError('something that is \u001b[31mred\u001b[0m');
    if (how === 'late-bug') setTimeout(() => BigInt('late'), 10);
    if (how === 'no-cluster')
      throw new IstlsError('NO_CLUSTER', 'no cluster answers', { exit: 3, hint: 'see --context' });
    await this.print('partial result');
    const codes: readonly number[] = Object.values(ExitCode);
    const code = codes.indexOf(Number(how));
    return Object.values(ExitCode)[code] ?? ExitCode.ok;
  }
}

/** Writes many lines, more than a pipe holds. */
class Much extends BaseCommand {
  protected override async execute(): Promise<ExitCodeType> {
    await this.parse(Much);
    for (let line = 0; line < 200; line++) await this.print('0123456789abcde\n'.repeat(1000));
    await this.print('the end');
    return ExitCode.findings;
  }
}

/** Waits for Ctrl-C, prints what it knows, and is in no hurry. */
class Wait extends BaseCommand {
  protected override async execute(signal: AbortSignal): Promise<ExitCodeType> {
    await this.parse(Wait);
    await this.print('ready');
    const alive = setInterval(() => {}, 1000);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    await this.print('what is known');
    if (process.env['LINGER'] !== undefined) await new Promise(() => {});
    clearInterval(alive);
    return ExitCode.ok;
  }
}

const table: CommandTable = {
  commands: new Map([
    ['show', { summary: 'What it was given', group: 'Find the fault', load: async () => ({ default: Show }) }],
    ['end', { summary: 'Ends as it is told', group: 'Look at one thing', load: async () => ({ default: End }) }],
    ['much', { summary: 'Writes a lot', group: 'Look at one thing', load: async () => ({ default: Much }) }],
    ['lab wait', { summary: 'Waits for Ctrl-C', group: 'Learn', load: async () => ({ default: Wait }) }],
  ]),
  topics: new Map([['lab', 'A simulated cluster.']]),
};

const program = { name: 'istls', version: '0.0.0', root: import.meta.dirname };
process.exitCode = await run(process.argv.slice(2), program, table);
