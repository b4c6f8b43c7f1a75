import { Args } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import type { ExitCode as ExitCodeType } from '../../cli/exit-code.ts';
import { ExitCode } from '../../cli/exit-code.ts';
import { labFlags, openLab } from '../../cli/open-lab.ts';

export default class LabUp extends BaseCommand {
  static override description =
    'Starts a scenario and keeps it running until Ctrl-C. What to type in a second shell, for kubectl, curl and istls, is printed first.';

  static override examples = [
    {
      command: 'istls lab up secret-in-wrong-namespace',
      description: 'mend it with kubectl, and ask the doctor again',
    },
  ];

  static override args = {
    scenario: Args.string({ required: true, ignoreStdin: true, description: 'a name of istls lab list' }),
  };

  static override flags = labFlags;

  protected override async execute(signal: AbortSignal): Promise<ExitCodeType> {
    const { args, flags } = await this.parse(LabUp);
    const lab = await openLab(args.scenario, flags);
    try {
      await this.print(lab.banner());
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    } finally {
      await lab.close();
    }
    return ExitCode.interrupted;
  }
}
