import type { ExitCode as ExitCodeType } from './exit-code.ts';
import { ExitCode } from './exit-code.ts';
import type { ColorChoice } from './terminal.ts';

interface Asked {
  readonly words: readonly string[];
  readonly format: 'text' | 'json';
  readonly color: ColorChoice;
  readonly ascii: boolean;
}

/**
 * Answers `istls explain …` without the parser of flags, which takes longer to load than everything that the answer
 * needs. It knows the usual flags only, and leaves whatever else there is (`--help`, a misspelled flag) to the command.
 *
 * @returns the exit code, or undefined when the command has to see to it
 */
export async function explainAtOnce(argv: readonly string[], program: string): Promise<ExitCodeType | undefined> {
  const asked = readUsualFlags(argv);
  if (asked === undefined) return undefined;
  const [{ explainText }, { lookOf }, { writeFully }] = await Promise.all([
    import('./explain-text.ts'),
    import('./terminal.ts'),
    import('./write.ts'),
  ]);
  const look = lookOf(process.stdout, process.env, asked);
  await writeFully(process.stdout, await explainText({ ...asked, look, program }));
  return ExitCode.ok;
}

function readUsualFlags(argv: readonly string[]): Asked | undefined {
  const words: string[] = [];
  let format: Asked['format'] = 'text';
  let color: ColorChoice = 'auto';
  let ascii = false;
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? '';
    if (word === '--') return { words: [...words, ...argv.slice(index + 1)], format, color, ascii };
    // A line of a log may begin with a dash, but not with one and a letter.
    if (!/^-{1,2}[a-z]/i.test(word)) {
      words.push(word);
      continue;
    }
    const [flag = '', ...joined] = word.split('=');
    if (word === '--ascii') {
      ascii = true;
      continue;
    }
    const value = joined.length > 0 ? joined.join('=') : argv[++index];
    if ((flag === '-o' || flag === '--output') && (value === 'text' || value === 'json')) format = value;
    else if (flag === '--color' && (value === 'auto' || value === 'always' || value === 'never')) color = value;
    else return undefined;
  }
  return { words, format, color, ascii };
}
