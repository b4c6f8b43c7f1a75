import type { Config } from '@oclif/core';
import type { BaseCommand } from './base-command.ts';

/** A command as `run.ts` starts it: the class, which only its own file loads. */
export type CommandClass = (new (argv: string[], config: Config) => BaseCommand) & typeof BaseCommand;

export interface CommandEntry {
  /** The question that the command answers, in the list of commands and at the head of its own help. */
  readonly summary: string;
  readonly group: CommandGroup;
  readonly load: () => Promise<{ readonly default: CommandClass }>;
}

export const commandGroups = ['Find the fault', 'Look at one thing', 'Prepare', 'Learn'] as const;
export type CommandGroup = (typeof commandGroups)[number];

/** What can be called. */
export interface CommandTable {
  /** Commands by the words that call them, in the order in which help lists them. */
  readonly commands: ReadonlyMap<string, CommandEntry>;
  /** Words that begin commands of two words, with what those are about. */
  readonly topics: ReadonlyMap<string, string>;
}

/** An explicit list, so that one command starts without the others being loaded. */
export const commandTable: CommandTable = {
  commands: new Map<string, CommandEntry>([
    [
      'doctor',
      {
        summary: 'What is broken, why, and what to do',
        group: 'Find the fault',
        load: () => import('../commands/doctor.ts'),
      },
    ],
    [
      'explain',
      {
        summary: 'Offline help for a cause, a check, a TLS alert, an error text or a line of a log',
        group: 'Learn',
        load: () => import('../commands/explain.ts'),
      },
    ],
    [
      'lab list',
      {
        summary: 'The scenarios of the lab',
        group: 'Learn',
        load: () => import('../commands/lab/list.ts'),
      },
    ],
    [
      'lab up',
      {
        summary: 'Start a scenario and keep it running',
        group: 'Learn',
        load: () => import('../commands/lab/up.ts'),
      },
    ],
    [
      'lab run',
      {
        summary: 'Start a scenario, run a command on it (the doctor by default), take it down',
        group: 'Learn',
        load: () => import('../commands/lab/run.ts'),
      },
    ],
  ]),
  topics: new Map([['lab', 'A simulated cluster with real TLS on loopback']]),
};
