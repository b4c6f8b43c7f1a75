import type { Interfaces } from '@oclif/core';
import { Args, Flags } from '@oclif/core';
import { explainText } from '../cli/explain-text.ts';
import { BaseCommand } from '../cli/base-command.ts';
import type { ExitCode as ExitCodeType } from '../cli/exit-code.ts';
import { ExitCode } from '../cli/exit-code.ts';
import { outputFlag, outputFlags } from '../cli/flags/output.ts';

/** Mostly answered before it comes here: see `cli/explain-at-once.ts`, which knows the same flags. */
export default class Explain extends BaseCommand {
  static override description =
    'WHAT is the name of a cause or check, the number or name of a TLS alert, an error code, a response flag of Envoy, or ' +
    'a whole line that a client, Envoy, its agent or istiod printed; quote it for your shell, or give - and pass lines by standard input. Without WHAT: the list of ' +
    'causes and checks. Nothing is asked of any cluster or network.';

  static override examples = [
    {
      command: 'istls explain secret-wrong-namespace',
      description: 'a cause: what it means, how to confirm and mend it',
    },
    { command: 'istls explain 48', description: 'a TLS alert' },
    {
      command: "istls explain 'curl: (35) Recv failure: Connection reset by peer'",
      description: 'what a client printed',
    },
    {
      command: 'kubectl -n istio-system logs deploy/istiod --since 5m | istls explain -',
      description: 'every line of a log that istls knows',
    },
  ];

  static override args = {
    what: Args.string({ multiple: true, ignoreStdin: true, description: 'what to explain' }),
  };

  static override flags = {
    output: Flags.option({ ...outputFlag, options: ['text', 'json'] as const, default: 'text' })(),
    color: outputFlags.color,
    ascii: outputFlags.ascii,
  };

  protected override async execute(): Promise<ExitCodeType> {
    const { args, flags: parsed } = await this.parse(Explain);
    const flags: Interfaces.InferredFlags<typeof Explain.flags> = parsed;
    const question = { words: args.what ?? [], format: flags.output, look: this.look(flags), program: this.config.bin };
    await this.print(await explainText(question));
    return ExitCode.ok;
  }
}
