import { Flags } from '@oclif/core';
import { quoted } from '../../text/quoted.ts';
import { usageError } from '../usage-error.ts';
import { helpGroups } from './help-groups.ts';
import { notAmong, repeatable } from './kinds.ts';

const helpGroup = helpGroups.output;

/** Every format that istls will have; a command offers those that it has today. */
export const formats = [
  'text',
  'short',
  'wide',
  'json',
  'jsonl',
  'yaml',
  'junit',
  'sarif',
  'markdown',
  'html',
] as const;
export type Format = (typeof formats)[number];

/** `-o`, without its formats: `Flags.option({ ...outputFlag, options: ['text', 'json'], default: 'text' })()`. */
export const outputFlag = { char: 'o', helpValue: 'FORMAT', helpGroup, summary: 'format of the answer' } as const;

/** One more report of the same run: its format and its file. */
export interface ReportFile {
  readonly format: Format;
  readonly path: string;
}

/** `--report FORMAT=PATH` for a command that has these formats. */
export function reportFlag(available: readonly Format[]) {
  return Flags.custom<ReportFile>({
    helpValue: 'FORMAT=PATH',
    helpGroup,
    summary: 'the same report in another format as well, into a file (repeatable)',
    ...repeatable,
    parse: async (text) => {
      const [format = '', ...path] = text.split('=');
      if (path.join('=') === '')
        throw usageError(`${quoted(text)} names no file`, 'write FORMAT=PATH, such as json=report.json');
      return { format: availableFormat(format, available), path: path.join('=') };
    },
  })();
}

function availableFormat(text: string, available: readonly Format[]): Format {
  const found = available.find((format) => format === text);
  if (found !== undefined) return found;
  throw notAmong(text, available, formats);
}

/** How the answer looks, for every command. */
export const outputFlags = {
  color: Flags.option({
    options: ['auto', 'always', 'never'] as const,
    helpGroup,
    summary: 'colours; auto looks at the terminal, NO_COLOR and FORCE_COLOR',
    default: 'auto',
  })(),
  ascii: Flags.boolean({ helpGroup, summary: 'marks in plain ASCII' }),
  quiet: Flags.boolean({ char: 'q', helpGroup, summary: 'no progress and no notes', exclusive: ['verbose'] }),
  verbose: Flags.boolean({ char: 'v', helpGroup, summary: 'also what passed, and where the time went' }),
};
