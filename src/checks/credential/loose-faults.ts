import { observed } from '../../facts/credential-trail.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { looseComplaints, type LooseComplaint } from '../../facts/loose-complaints.ts';
import type { Command, Subject } from '../../model/finding.ts';
import type { LogEvent, LogEventKind } from '../../model/log-event.ts';
import type { Fault } from '../check.ts';
import { confirmHost, kubectl, ownerOfNamespace } from '../remedies.ts';

/** What a kind of line means by itself, without the Gateway that it is about. */
export interface LooseMeaning {
  readonly kinds: readonly LogEventKind[];
  readonly confidence: number;
  readonly title: (place: string, complaint: LooseComplaint) => string;
  readonly message: string;
  readonly summary: string;
  readonly command?: (namespace: string, name: string) => Command;
  /** Which lines of these kinds are meant: all, unless it says otherwise. */
  readonly takes?: (event: LogEvent) => boolean;
  /** The object that the line itself names, in the place of the gateway. */
  readonly subject?: (event: LogEvent) => Subject | undefined;
}

const unknownNamespace = '<NAMESPACE_OF_THE_GATEWAY_PODS>';

/** Faults of logs alone: which hosts they concern only the Gateways would tell. */
export function* looseFaults(evidence: Evidence, meaning: LooseMeaning): Iterable<Fault> {
  const told = new Set<string>();
  for (const complaint of looseComplaints(evidence, ...meaning.kinds)) {
    const { name, namespace = unknownNamespace, event } = complaint;
    const subject = meaning.subject?.(event) ?? complaint.subject;
    if (!subject || meaning.takes?.(event) === false) continue;
    const place = `${namespace}/${name}`;
    const title = meaning.title(place, complaint);
    // one account is denied many Secrets
    if (told.has(title)) continue;
    told.add(title);
    const look = kubectl(namespace, 'get', 'secret', name);
    yield {
      subject,
      title,
      message: meaning.message,
      evidence: [observed(event)],
      affects: [],
      confidence: meaning.confidence,
      touches: [{ apiVersion: 'v1', kind: 'Secret', namespace, name }],
      fix: {
        summary: meaning.summary,
        owner: ownerOfNamespace(namespace),
        commands: [meaning.command?.(namespace, name) ?? look],
        undo: [],
        doNot: [],
      },
      confirm: confirmHost(undefined),
      decidedBy: look.argv.join(' '),
    };
  }
}
