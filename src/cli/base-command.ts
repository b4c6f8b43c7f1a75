import { Command } from '@oclif/core/command';
import type { ExitCode as ExitCodeType } from './exit-code.ts';
import { ExitCode } from './exit-code.ts';
import { catchInterrupt } from './interrupt.ts';
import type { Progress } from './progress.ts';
import { openProgress } from './progress.ts';
import type { ColorChoice, Look } from './terminal.ts';
import { lookOf } from './terminal.ts';
import { usageError } from './usage-error.ts';
import { writeFully } from './write.ts';

/** The flags of `outputFlags` that concern the terminal; a command that lacks one leaves it out. */
export interface TerminalFlags {
  readonly color?: ColorChoice;
  readonly ascii?: boolean;
  readonly quiet?: boolean;
}

/**
 * What all commands share. A command says in `execute` what it does and gives its exit code; it writes with `print`,
 * throws IstlsError for what ends it early, and never touches `process`.
 */
export abstract class BaseCommand extends Command {
  /** @param signal aborted by Ctrl-C: stop, and print what is known. The exit code is then 130, whatever is given. */
  protected abstract execute(signal: AbortSignal): Promise<ExitCodeType>;

  override async run(): Promise<ExitCodeType> {
    const interrupt = catchInterrupt(() => {
      if (process.stderr.isTTY)
        process.stderr.write('\nInterrupted: this is what is known. Ctrl-C again stops at once.\n');
    });
    try {
      const code = await this.execute(interrupt.signal);
      return interrupt.signal.aborted ? ExitCode.interrupted : code;
    } catch (error) {
      if (interrupt.signal.aborted && error === interrupt.signal.reason) return ExitCode.interrupted;
      throw error;
    } finally {
      interrupt.release();
    }
  }

  /** oclif would set the exit code here, to 1 for most errors; `run.ts` settles it for all. */
  protected override async catch(error: Error): Promise<never> {
    throw error;
  }

  /** oclif takes the value of `--ascii=yes` for an argument, which a command with targets would then examine. */
  override async init(): Promise<void> {
    await super.init();
    for (const word of this.argv) {
      if (word === '--') return;
      const name = /^--([\w-]+)=/.exec(word)?.[1] ?? '';
      if (this.ctor.flags?.[name]?.type === 'boolean')
        throw usageError(`--${name} takes no value`, `write --${name} alone`);
    }
  }

  /** Writes to standard output, all of it, before it resolves. */
  protected async print(text: string): Promise<void> {
    await writeFully(process.stdout, text.endsWith('\n') ? text : `${text}\n`);
  }

  /** How to write the report: standard output decides. */
  protected look(flags: TerminalFlags): Look {
    return lookOf(process.stdout, process.env, flags);
  }

  protected progress(flags: TerminalFlags): Progress {
    const { TERM: term } = process.env;
    return openProgress(process.stderr, { quiet: flags.quiet ?? false, ...(term !== undefined && { term }) });
  }
}
