import { clientSigns, type ClientSign, type SignedWhy } from '../../facts/client-signs.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Severity } from '../../model/finding.ts';
import type { Fault } from '../check.ts';
import { confirmHost } from '../remedies.ts';
import { atTheClient } from './client-fault.ts';

interface About {
  readonly says: string;
  readonly summary: string;
  readonly severity: Severity;
}

function faultOf({ servers, seen }: ClientSign, { says, summary, severity }: About): Fault {
  const [first] = servers;
  const several = servers.length > 1;
  const where = several ? `one of ${servers.length} servers, ${named(first.owner)} among them,` : named(first.owner);
  const host = first.hosts.find((one) => !one.host.startsWith('*'))?.host;
  return {
    subject: subjectOf(first.owner, first.path),
    title: `${named(first.owner)} ${first.path} refused clients: ${says}`,
    message: `By its log or its counters, ${where} refused clients, since ${says}. Which client it was is not written there; others may be let in.`,
    evidence: seen,
    affects: servers.map((server) => ({ server })),
    confidence: several ? 0.45 : 0.65,
    severity,
    clients: 'some clients',
    fix: atTheClient(summary),
    confirm: confirmHost(host),
    misleading: ['A failed handshake leaves no line in the access log.'],
    ...(several && {
      decidedBy: 'a handshake with the client’s certificate: istls handshake HOST --cert FILE --key FILE',
    }),
  };
}

/** Refusals of one kind that only a log or a counter tells of. */
export function* toldBySigns(
  evidence: Evidence,
  whys: readonly SignedWhy[],
  about: Omit<About, 'severity'> & { readonly severity?: Severity },
): Generator<Fault> {
  for (const sign of clientSigns(evidence)) {
    if (whys.includes(sign.why)) yield faultOf(sign, { severity: 'warning', ...about });
  }
}
