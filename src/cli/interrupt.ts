/** Waits for Ctrl-C for as long as a command runs. */
export interface Interrupt {
  /** Aborted by the first Ctrl-C: time to print what is known. The second one ends the process, as it does by default. */
  readonly signal: AbortSignal;
  /** Back to how Ctrl-C was before. */
  release(): void;
}

export function catchInterrupt(onInterrupt: () => void): Interrupt {
  const controller = new AbortController();
  const interrupted = (): void => {
    onInterrupt();
    controller.abort(new Error('interrupted'));
  };
  process.once('SIGINT', interrupted);
  return { signal: controller.signal, release: () => process.off('SIGINT', interrupted) };
}
