import type { IstlsError } from '../model/errors.ts';
import { alternatives, nearest } from '../text/nearest.ts';
import { quoted } from '../text/quoted.ts';
import type { CommandClass, CommandEntry, CommandTable } from './commands.ts';
import { commandTable } from './commands.ts';
import type { ExitCode as ExitCodeType } from './exit-code.ts';
import { ExitCode } from './exit-code.ts';
import type { HelpLook } from './help.ts';
import { argumentNames, commandHelp, programHelp } from './help.ts';
import { settle } from './settle.ts';
import { lookOf } from './terminal.ts';
import { usageError } from './usage-error.ts';
import { writeFully } from './write.ts';

/** What `main.ts` knows of the program. */
export interface Program {
  /** As the user calls it: `istls` or `kubectl istio-tls`. */
  readonly name: string;
  readonly version: string;
  readonly root: string;
}

const title = 'istls is the doctor for TLS at the Istio ingress gateway: from host name to root cause.';

/** Finds the command that `argv` calls, runs it, says on standard error what ended it early, and gives its exit code. */
export async function run(argv: readonly string[], program: Program, table = commandTable): Promise<ExitCodeType> {
  const { words, help } = withoutHelp(argv);
  const call = findCommand(words, table);
  try {
    if (call === undefined) {
      if (help || words.length === 0) return await showHelp(words, program, table);
      throw unknownCommand(words, program, table);
    }
    const command = await call.entry.load();
    if (help) return await print(await commandHelp(call.name, call.entry, command.default, helpLook(program)));
    return await runCommand(call, command.default, program, table);
  } catch (error) {
    const { text, exitCode } = settle([program.name, ...(call ? [call.name] : [])].join(' '), error);
    process.stderr.write(text);
    return exitCode;
  }
}

async function runCommand(
  { name, rest }: Call,
  command: CommandClass,
  program: Program,
  table: CommandTable,
): Promise<ExitCodeType> {
  const [{ Config }, { asUsageError }] = await Promise.all([import('@oclif/core/config'), import('./parse-error.ts')]);
  const config = await Config.load({
    root: program.root,
    pjson: { name: 'istls', version: program.version, oclif: { bin: program.name } },
  });
  // oclif throws what standard output reports from inside the event; `write.ts` hands it to whoever writes.
  process.stdout.removeAllListeners('error').on('error', () => {});
  command.id = name;
  try {
    return await command.run([...rest], config);
  } catch (error) {
    throw (
      (await asUsageError(error, {
        flags: Object.entries(command.flags ?? {}).flatMap(([flag, { aliases = [] }]) => [flag, ...aliases]),
        args: argumentNames(command),
        commandsWith: (flag) => commandsWith(flag, table),
      })) ?? error
    );
  }
}

/** Help is asked for by `--help` or `-h` before any `--`, and by the word `help` in front. */
function withoutHelp(argv: readonly string[]): { readonly words: readonly string[]; readonly help: boolean } {
  const end = argv.indexOf('--');
  const own = end < 0 ? argv : argv.slice(0, end);
  const words = own[0] === 'help' ? own.slice(1) : own;
  const help = own[0] === 'help' || own.includes('--help') || own.includes('-h');
  return { words: help ? words.filter((word) => word !== '--help' && word !== '-h') : argv, help };
}

interface Call {
  readonly name: string;
  readonly entry: CommandEntry;
  readonly rest: readonly string[];
}

/** The command of the most words that `words` begins with. */
function findCommand(words: readonly string[], { commands }: CommandTable): Call | undefined {
  for (const count of [2, 1]) {
    const name = words.slice(0, count).join(' ');
    const entry = commands.get(name);
    if (entry) return { name, entry, rest: words.slice(count) };
  }
  return undefined;
}

async function showHelp(words: readonly string[], program: Program, table: CommandTable): Promise<ExitCodeType> {
  const { commands, topics } = table;
  const [first] = words;
  if (first === undefined) return print(programHelp(commands, title, '', helpLook(program)));
  const about = words.length === 1 ? topics.get(first) : undefined;
  if (about === undefined) throw unknownCommand(words, program, table);
  const entries = new Map([...commands].filter(([name]) => name.startsWith(`${first} `)));
  return print(programHelp(entries, about, ` ${first}`, helpLook(program)));
}

function unknownCommand(words: readonly string[], { name: program }: Program, table: CommandTable): IstlsError {
  const { commands, topics } = table;
  const [first = '', second] = words;
  if (first.startsWith('-')) {
    return usageError(
      `${quoted(first)} stands where a command belongs`,
      `flags come behind it: ${program} COMMAND ${first}`,
    );
  }
  const topic = topics.has(first);
  const names = [...commands.keys()];
  const known = topic ? names.filter((name) => name.startsWith(`${first} `)) : names;
  if (topic && second === undefined)
    return usageError(`${program} ${first} needs a command behind it`, `there is ${alternatives(known)}`);
  const word = topic ? `${first} ${second}` : first;
  const near = nearest(word, known);
  return usageError(
    `there is no command ${quoted(word)}`,
    near.length > 0 ? `did you mean ${alternatives(near)}?` : `${program} --help lists the commands`,
  );
}

/** The commands that have a flag: looked up only to tell somebody where it is. */
async function commandsWith(flag: string, { commands }: CommandTable): Promise<readonly string[]> {
  const found = await Promise.all(
    [...commands].map(async ([name, { load }]) => {
      const { default: command } = await load();
      return Object.hasOwn(command.flags ?? {}, flag) ? [name] : [];
    }),
  );
  return found.flat();
}

function helpLook({ name }: Program): HelpLook {
  return { ...lookOf(process.stdout, process.env), program: name };
}

async function print(text: string): Promise<ExitCodeType> {
  await writeFully(process.stdout, `${text}\n`);
  return ExitCode.ok;
}
