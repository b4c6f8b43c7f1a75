import type { Evidence } from '../facts/evidence.ts';
import type { Server } from '../facts/servers.ts';
import type { Gap } from '../model/coverage.ts';
import type { Command, EvidenceSource, Fix, Observation, Severity, Step, Subject } from '../model/finding.ts';
import type { ObjectRef } from '../model/resource.ts';

/** The groups of the catalogue of causes, by the place where the mistake is made; symptoms stand apart. */
export type Group = 'front' | 'platform' | 'credential' | 'certificate' | 'mutual-tls' | 'routing' | 'symptom';

/**
 * What two findings must share for one to be the cause of the other, besides the one accounting for the other:
 * a server and a host of it, a Secret, a listener (one port of one workload), a workload, a host name whoever serves it,
 * or the object itself.
 */
export type Relation = 'server' | 'secret' | 'listener' | 'workload' | 'host' | 'object';

/** "My finding accounts for findings of `check`, where both share …" */
export interface Explanation {
  readonly check: string;
  readonly over: Relation;
}

/** What a fault reaches: hosts of one server, or hosts that no server has. */
export interface Affected {
  readonly server?: Server;
  /** Hosts as targets name them; all hosts of the server where it is left out. */
  readonly hosts?: readonly string[];
}

/** Something is wrong. One fault is one thing to mend: forty servers with one Secret are one fault that affects forty. */
export interface Fault {
  /** The existing object whose edit mends it, and the field. */
  readonly subject: Subject;
  readonly title: string;
  /** What is wrong, how it comes to what clients see, in one to three sentences. */
  readonly message: string;
  readonly evidence: readonly Observation[];
  readonly affects: readonly Affected[];
  /** 0 to 1, of this evidence alone; what it explains adds to it later. */
  readonly confidence: number;
  readonly severity?: Severity;
  readonly step?: Step;
  readonly related?: readonly Subject[];
  /** Further objects that it touches, for finding what it explains: Secrets above all. */
  readonly touches?: readonly ObjectRef[];
  /** NAMESPACE/NAME of the pods concerned, when not all of them are. */
  readonly pods?: readonly string[];
  /** Who notices: `all clients` unless it says otherwise. */
  readonly clients?: string;
  readonly fix?: Fix;
  readonly confirm?: Command;
  readonly ruledOut?: readonly string[];
  readonly misleading?: readonly string[];
  /** Where this is a guess: the one look that would decide. */
  readonly decidedBy?: string;
}

/** A look that could have changed the verdict and was not possible. */
export interface Blind {
  readonly blind: Gap;
  /** What could not be told, as a sentence without its full stop. */
  readonly about: string;
  readonly affects: readonly Affected[];
}

export type Judgement = Fault | Blind;

export const isBlind = (judgement: Judgement): judgement is Blind => 'blind' in judgement;

/**
 * One check: a pure function of the evidence. It opens nothing, reads no clock, prints nothing.
 * A check of kind `cause` is named after a cause of the catalogue; a `symptom` never is a root cause.
 */
export interface Check {
  readonly name: string;
  /** An assertion that is true when all is well. */
  readonly title: string;
  readonly group: Group;
  readonly kind: 'cause' | 'symptom';
  /** Unless a fault says otherwise. */
  readonly severity: Severity;
  /** The step of a connection that it breaks, unless a fault says otherwise. */
  readonly step: Step;
  /** The kinds of evidence that it can find its faults in. */
  readonly reads: readonly EvidenceSource[];
  readonly explains: readonly Explanation[];
  inspect(evidence: Evidence): Iterable<Judgement>;
}
