import type { Group } from '../checks/check.ts';

export type AnswerKind =
  | 'cause'
  | 'check'
  | 'tls-alert'
  | 'client-error'
  | 'verification-error'
  | 'boringssl-error'
  | 'response-flag'
  | 'log-line'
  | 'access-log-line';

/** What istls knows of one thing that was asked about. All text is ours but for `facts`, which quote what was asked. */
export interface Answer {
  readonly kind: AnswerKind;
  /** The thing's own name: `secret-missing`, `unknown_ca`, `ECONNRESET`, `NR`. */
  readonly name: string;
  readonly title: string;
  /** Markdown; see `markdown.ts` for what of it. */
  readonly sections: readonly { readonly heading: string; readonly text: string }[];
  /** What was read out of the text that was asked about. */
  readonly facts?: readonly { readonly name: string; readonly value: string }[];
  /** Causes and checks to read of next, most likely first. Each has a page. */
  readonly causes: readonly string[];
  readonly group?: Group;
  /** Releases of Istio where it applies: the first and the last. */
  readonly since?: string;
  readonly until?: string;
  readonly runbook?: readonly string[];
  readonly reports?: readonly string[];
}
