import type { Interfaces } from '@oclif/core';
import { Flags } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import type { ExitCode as ExitCodeType } from '../../cli/exit-code.ts';
import { ExitCode } from '../../cli/exit-code.ts';
import { outputFlag, outputFlags } from '../../cli/flags/output.ts';

export default class LabList extends BaseCommand {
  static override description =
    'Scenarios are small clusters, healthy ones and broken ones, each with the ids of the documented procedures that it plays.';

  static override examples = [
    { command: 'istls lab list', description: 'all scenarios' },
    { command: 'istls lab list -o json', description: 'for a program' },
  ];

  static override flags = {
    output: Flags.option({ ...outputFlag, options: ['text', 'json'] as const, default: 'text' })(),
    color: outputFlags.color,
    ascii: outputFlags.ascii,
  };

  protected override async execute(): Promise<ExitCodeType> {
    const { flags: parsed } = await this.parse(LabList);
    const flags: Interfaces.InferredFlags<typeof LabList.flags> = parsed;
    const [{ listScenarios }, { labLimits }, { renderScenarios }] = await Promise.all([
      import('../../lab/lab.ts'),
      import('../../lab/limits.ts'),
      import('../../reporters/scenarios.ts'),
    ]);
    const scenarios = listScenarios();
    if (flags.output === 'json') {
      const { jsonText } = await import('../../text/json.ts');
      await this.print(jsonText({ schema: 'istls.lab-list/v1', scenarios }));
    } else await this.print(renderScenarios(scenarios, labLimits, { ...this.look(flags), verbose: false }));
    return ExitCode.ok;
  }
}
