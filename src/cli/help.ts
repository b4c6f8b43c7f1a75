import type { Command, Interfaces } from '@oclif/core';
import { emphasisOf } from '../text/emphasis.ts';
import { wrap } from '../text/wrap.ts';
import type { CommandEntry } from './commands.ts';
import { commandGroups } from './commands.ts';
import { helpGroups } from './flags/help-groups.ts';
import type { Look } from './terminal.ts';

/** How help is written: the terminal, and the name by which the user called the program. */
export interface HelpLook extends Look {
  readonly program: string;
}

type HelpfulCommand = Pick<typeof Command, 'args' | 'description' | 'examples' | 'flags'>;

/** `istls --help`, and for a topic such as `lab` the commands that begin with its word. */
export function programHelp(
  entries: ReadonlyMap<string, CommandEntry>,
  title: string,
  words: string,
  look: HelpLook,
): string {
  const { program } = look;
  const names = Math.max(...[...entries.keys()].map((name) => name.length));
  const groups = commandGroups.flatMap((group) => {
    const rows = [...entries].filter(([, entry]) => entry.group === group);
    if (rows.length === 0) return [];
    return [
      section(
        group,
        rows.map(([name, { summary }]) => row(name, summary, names, look)),
        look,
      ),
    ];
  });
  return [
    title,
    `${heading(look, 'Usage:')} ${program}${words} COMMAND [ARGUMENT...] [flags]`,
    ...groups,
    section('Exit codes', exitCodes, look),
    `${program} COMMAND --help tells more of a command.`,
  ].join('\n\n');
}

const exitCodes = [
  '    0  every check ran, nothing at or above --fail-on',
  '    1  findings',
  '    2  wrong usage',
  '    3  could not start: no cluster, bad kubeconfig, refused credentials, unreadable evidence',
  '    4  nothing bad found, but some checks could not run',
  '  124  --wait ran out',
  '  130  interrupted',
];

/** `istls COMMAND --help`. */
export async function commandHelp(
  name: string,
  entry: CommandEntry,
  command: HelpfulCommand,
  look: HelpLook,
): Promise<string> {
  const { program, width } = look;
  const args = argumentNames(command);
  const flags = await flagSections(command, look);
  return [
    `${entry.summary}.`,
    `${heading(look, 'Usage:')} ${[program, name, ...args, ...(flags.length > 0 ? ['[flags]'] : [])].join(' ')}`,
    ...(command.description ?? '').split('\n\n').flatMap((text) => (text === '' ? [] : [wrap(text, width)])),
    ...examples(command, look),
    ...flags,
  ].join('\n\n');
}

/** `HOST...`, `[TARGET...]`: the arguments of a command as usage lines write them. */
export function argumentNames(command: Pick<typeof Command, 'args'>): readonly string[] {
  return Object.entries(command.args).map(([key, arg]) => {
    const name = `${key.toUpperCase()}${arg.multiple === true ? '...' : ''}`;
    return arg.required === true ? name : `[${name}]`;
  });
}

function examples(command: HelpfulCommand, look: HelpLook): readonly string[] {
  const lines = (command.examples ?? []).flatMap((example) =>
    typeof example === 'string'
      ? []
      : [
          `  ${example.command.replace(/^istls/, look.program)}`,
          ...(example.description ? [`      ${emphasisOf(look).quiet(example.description)}`] : []),
        ],
  );
  return lines.length === 0 ? [] : [section('Examples', lines, look)];
}

type Flag = Interfaces.Flag<unknown>;

async function flagSections(command: HelpfulCommand, look: HelpLook): Promise<readonly string[]> {
  const shown = await Promise.all(
    Object.entries(command.flags ?? {})
      .filter(([, flag]) => flag.hidden !== true)
      .map(async ([name, flag]) => ({
        label: flagLabel(name, flag),
        text: (flag.summary ?? '') + (await defaultOf(flag)),
        group: flag.helpGroup,
      })),
  );
  const column = Math.min(Math.max(0, ...shown.map(({ label }) => label.length)), 30);
  return Object.values(helpGroups).flatMap((group) => {
    const rows = shown.filter((flag) => flag.group === group).map(({ label, text }) => row(label, text, column, look));
    return rows.length === 0 ? [] : [section(group, rows, look)];
  });
}

function flagLabel(name: string, flag: Flag): string {
  const short = flag.char === undefined ? '    ' : `-${flag.char}, `;
  const value = flag.type === 'boolean' ? '' : ` ${flag.options?.join('|') ?? flag.helpValue?.toString() ?? 'VALUE'}`;
  return `${short}--${name}${value}`;
}

async function defaultOf(flag: Flag): Promise<string> {
  if (flag.type === 'boolean') return '';
  const { defaultHelp = flag.default } = flag;
  const value: unknown =
    typeof defaultHelp === 'function' ? await defaultHelp({ options: flag, flags: {} }) : defaultHelp;
  return typeof value === 'string' || typeof value === 'number' ? ` (default ${value})` : '';
}

/** A name and what it is, the text beside the name where both fit, else below it. */
function row(name: string, text: string, column: number, { width }: HelpLook): string {
  const indent = ' '.repeat(column + 4);
  if (name.length > column) return `  ${name}\n${wrap(text, width, indent)}`;
  return wrap(text, width, indent, `  ${name.padEnd(column)}  `);
}

function section(title: string, lines: readonly string[], look: HelpLook): string {
  return [heading(look, `${title}:`), ...lines].join('\n');
}

function heading(look: HelpLook, text: string): string {
  return emphasisOf(look).strong(text);
}
