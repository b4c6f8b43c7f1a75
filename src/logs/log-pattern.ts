import type { Severity } from '../model/finding.ts';
import type { LogEvent } from '../model/log-event.ts';

/** Whose log a line stands in. */
export type Writer = LogEvent['from'];

/** The named parts of a message. */
export type Parts = Readonly<Record<string, string>>;

/** Istio releases that print a line so: `1.12` means from 1.12.0 on, `1.11` as the end includes all of 1.11. */
export interface Versions {
  readonly from: string;
  readonly to?: string;
}

/** What a pattern says of a message, and what it means. */
export interface LogMeaning {
  readonly id: string;
  readonly versions: Versions;
  /** `none`: the line is no sign of a fault. */
  readonly severity: Severity | 'none';
  /** One or two sentences, for somebody who has this line before him. */
  readonly meaning: string;
  /** Names of root causes, the likeliest first. */
  readonly causes: readonly string[];
}

export type EventFields = Pick<LogEvent, 'kind'> & Partial<Omit<LogEvent, 'kind'>>;

/** A reason inside a message that tells more than the message itself: Envoy's own words in a refusal. */
export interface ReasonPattern extends LogMeaning {
  /** Matched at the beginning of the reason. Sticky. */
  readonly text: RegExp;
}

/** How the messages of one kind are known and read. */
export interface LogPattern extends LogMeaning {
  readonly writers: readonly Writer[];
  /** A text that every such message holds. Patterns are tried only where it is found, and from there. */
  readonly cue: string;
  /** What follows the cue. Sticky, and linear in the length of the text. */
  readonly rest: RegExp;
  /** The name of the part that holds a reason, and the reasons that are known. */
  readonly reason?: { readonly part: string; readonly known: readonly ReasonPattern[] };
  /** True where an error of BoringSSL in the message says what it means. */
  readonly isHandshake?: boolean;
  /** The events of the message; nothing for lines that explain themselves and prove nothing. */
  readonly events?: (parts: Parts, context: MessageContext) => readonly EventFields[];
}

/** What stands around a message. */
export interface MessageContext {
  /** The resource that an agent's line is about, where it stands before the message. */
  readonly resource?: string;
  readonly labels?: string;
}
