/**
 * A reason for not going on that the user can do something about. The message says what is wrong and names the input;
 * `hint` says what to do. `exit` is 2 for wrong usage and 3 for what could not start.
 */
export class IstlsError extends Error {
  readonly code: string;
  readonly exit: 2 | 3;
  readonly hint?: string;

  constructor(
    code: string,
    message: string,
    options: { readonly exit: 2 | 3; readonly hint?: string; readonly cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'IstlsError';
    this.code = code;
    this.exit = options.exit;
    if (options.hint !== undefined) this.hint = options.hint;
  }
}
