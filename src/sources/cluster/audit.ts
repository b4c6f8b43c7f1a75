import { closeSync, openSync, writeSync } from 'node:fs';
import { IstlsError } from '../../model/errors.ts';
import { errorCode } from './error-code.ts';

/** One request to the API server, as `--audit` writes it. Never a header or a body: those hold credentials. */
export interface AuditRecord {
  /** ISO 8601, when the request was sent. */
  readonly time: string;
  readonly method: string;
  readonly path: string;
  /** Without the question mark; empty when there is none. */
  readonly query: string;
  /** Null when no answer came; `error` then says why, by Node's code. */
  readonly status: number | null;
  readonly error?: string;
  /** Until the answer's first line. */
  readonly ms: number;
  readonly upgrade?: 'websocket';
  /** True for the writes of `--verify-fixes`, which the server tries and does not keep. */
  readonly dryRun?: true;
}

export type Audit = (record: AuditRecord) => void;

export interface AuditFile {
  readonly write: Audit;
  close(): void;
}

/**
 * Opens a new file for JSON lines, readable by its owner alone. Lines are written at once, so that an interrupted run
 * leaves a whole record.
 *
 * @throws IstlsError `audit-file-exists` when there is a file already: neither overwriting nor appending would leave a
 *   record of one run. `audit-file-unwritable` otherwise.
 */
export function openAuditFile(path: string): AuditFile {
  const file = openNew(path);
  return {
    write: (record) => {
      writeSync(file, `${JSON.stringify(record)}\n`);
    },
    close: () => closeSync(file),
  };
}

function openNew(path: string): number {
  try {
    return openSync(path, 'wx', 0o600);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST') {
      throw new IstlsError('audit-file-exists', `--audit: ${path} is there already and is not written to.`, {
        exit: 2,
        hint: 'An audit file records one run. Name a new one.',
      });
    }
    throw new IstlsError('audit-file-unwritable', `--audit: ${path} cannot be written (${code}).`, { exit: 2 });
  }
}
