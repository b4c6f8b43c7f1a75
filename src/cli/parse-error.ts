import { stripVTControlCharacters } from 'node:util';
import { Errors } from '@oclif/core';
import { IstlsError } from '../model/errors.ts';
import { alternatives, nearest } from '../text/nearest.ts';
import { quoted } from '../text/quoted.ts';
import { flagsOfContract } from './flags/contract.ts';
import { notAmong } from './flags/kinds.ts';
import { formats } from './flags/output.ts';
import { usageError } from './usage-error.ts';

/** What the message about a flag needs to know of the command. */
export interface FlagKnowledge {
  /** Names without dashes, aliases included. */
  readonly flags: readonly string[];
  /** Names of arguments as help shows them. */
  readonly args: readonly string[];
  /** Commands that have a flag which this one lacks. */
  readonly commandsWith: (flag: string) => Promise<readonly string[]>;
}

/** What oclif's parser says, in the words of istls; undefined for what is no error of the parser. */
export async function asUsageError(error: unknown, command: FlagKnowledge): Promise<IstlsError | undefined> {
  if (error instanceof IstlsError) return withoutFrame(error);
  if (!(error instanceof Errors.CLIError)) return undefined;
  if ('flags' in error && isTexts(error.flags)) return unknownFlag(error.flags[0] ?? '', command);
  if ('args' in error && isTexts(error.args)) return unexpectedArguments(error.args, command);
  if ('args' in error) return usageError(`${command.args.join(' and ')} is missing`);
  return fromMessage(plainMessage(error));
}

/** oclif puts a frame around the message of a flag's own `parse`: `Parsing --flag \n\tMESSAGE\nSee more help with --help`. */
function withoutFrame(error: IstlsError): IstlsError {
  const [, flag, message] = /^Parsing (--\S+) \n\t(.*)\nSee more help with --help$/s.exec(error.message) ?? [];
  return flag === undefined || message === undefined ? error : usageError(`${flag}: ${message}`, error.hint);
}

async function unknownFlag(word: string, command: FlagKnowledge): Promise<IstlsError> {
  const written = word.split('=', 1)[0] ?? '';
  if (!/^--?[\w-]+$/.test(written)) {
    return usageError(
      `${quoted(word)} begins with a dash and is no flag`,
      'put -- in front of words that are not flags',
    );
  }
  const name = written.replace(/^--?/, '');
  const elsewhere = await command.commandsWith(name);
  if (elsewhere.length > 0)
    return usageError(`${written} is not a flag of this command`, `it is one of ${alternatives(elsewhere)}`);
  if (flagsOfContract.has(name)) return usageError(`${written} is not in this release yet`);
  const near = nearest(name, [...command.flags, 'help']).map((flag) => `--${flag}`);
  return usageError(
    `there is no flag ${written}`,
    near.length === 0 ? undefined : `did you mean ${alternatives(near)}?`,
  );
}

function unexpectedArguments(args: readonly string[], command: FlagKnowledge): IstlsError {
  const words = args.map(quoted).join(' ');
  if (command.args.length === 0) return usageError(`${words}: this command takes no arguments`);
  return usageError(`${words} is more than this command takes`, `it takes ${command.args.join(' ')}`);
}

/** The errors of oclif that carry what they are about in their text only. */
function fromMessage(message: string): IstlsError {
  const [, option, value = '', options = ''] = /^Expected --([\w-]+)=(.*) to be one of: (.*)$/s.exec(message) ?? [];
  if (option !== undefined) {
    const error = notAmong(value, options.split(', '), option === 'output' ? formats : []);
    return usageError(`--${option}: ${error.message}`, error.hint);
  }
  const [, valueless, choice] = /^Flag --([\w-]+) expects (?:a value|one of these values: (.*))$/.exec(message) ?? [];
  if (valueless !== undefined) {
    return usageError(`--${valueless} needs a value`, choice === undefined ? undefined : `choose from ${choice}`);
  }
  const [, twice] = /^Flag --([\w-]+) can only be specified once$/.exec(message) ?? [];
  if (twice !== undefined) return usageError(`--${twice} is given twice`, 'give it once');
  return usageError(message.replace(/^The following errors? occurred:\s*/, '').replaceAll(/\n\s*/g, '; '));
}

function plainMessage(error: Error): string {
  return stripVTControlCharacters(error.message).replace(/\nSee more help with --help$/, '');
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
