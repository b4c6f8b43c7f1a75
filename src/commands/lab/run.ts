import { Args } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import type { ExitCode as ExitCodeType } from '../../cli/exit-code.ts';
import { labFlags, openLab } from '../../cli/open-lab.ts';

export default class LabRun extends BaseCommand {
  static override description =
    'Starts a scenario, runs the command behind -- on it, with $KUBECONFIG set, and takes the scenario down again. Without one ' +
    'the doctor examines it. The exit code is that of the command: 1 for a broken gateway.';

  static override examples = [
    { command: 'istls lab run', description: 'the diagnosis of a broken gateway' },
    { command: 'istls lab run healthy-passthrough', description: 'the diagnosis of a healthy one' },
    { command: 'istls lab run secret-missing -- kubectl get gateways -A', description: 'any command' },
  ];

  static override args = {
    scenario: Args.string({ ignoreStdin: true, description: 'a name of istls lab list' }),
  };

  static override flags = labFlags;

  protected override async execute(signal: AbortSignal): Promise<ExitCodeType> {
    const end = this.argv.indexOf('--');
    const command = end < 0 ? [] : this.argv.slice(end + 1);
    const { args, flags } = await this.parse(LabRun, end < 0 ? this.argv : this.argv.slice(0, end));
    const lab = await openLab(args.scenario, flags);
    try {
      const { runBeside } = await import('../../cli/run-beside.ts');
      const trust = 'ca.crt' in lab.clientFiles ? ['--cacert', lab.clientFiles['ca.crt'] ?? ''] : [];
      const doctor = [process.execPath, process.argv[1] ?? '', 'doctor', ...trust, ...lab.arguments];
      return await runBeside(command.length > 0 ? command : doctor, lab.env, signal);
    } finally {
      await lab.close();
    }
  }
}
