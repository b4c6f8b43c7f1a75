import { sinceText } from '../../facts/certificate-dates.ts';
import type { ClientTrust } from '../../facts/client-trust.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { RevocationList } from '../../model/certificate.ts';
import type { Fault } from '../check.ts';
import { confirmHost } from '../remedies.ts';
import { refusedClients, serversOf, severityOf, type Trusts } from './ca-dates.ts';
import { changeCa } from './ca-remedies.ts';
import { observedAttempt } from './client-fault.ts';

/** Lists whose next issue is overdue. */
export function staleLists({ lists }: ClientTrust, at: Date): readonly RevocationList[] {
  return lists.filter(({ nextUpdate }) => nextUpdate !== undefined && +new Date(nextUpdate) <= +at);
}

/** With a list that is too old, nobody of its CA is let in [Envoy 1.38.3]. */
export function faultOfList(evidence: Evidence, trusts: Trusts, list: RevocationList): Fault {
  const [trust] = trusts;
  const keyed = trust.list;
  const subject = keyed ? subjectOf(keyed.secret, `data[${keyed.key}]`) : trust.subject;
  const servers = serversOf(trusts);
  const refused = refusedClients(evidence, trusts, 'list-expired');
  const end = `${list.nextUpdate ?? ''} (${sinceText(list.nextUpdate ?? '', evidence.now)})`;
  const place = `${named(subject)} ${keyed?.key ?? 'ca.crl'}`;
  return {
    subject,
    title: `The revocation list of ${list.issuer} in ${place} was good until ${end}`,
    message: `A revocation list that is too old cannot clear anybody: Envoy refuses every client of ${list.issuer} with certificate_expired until a current one is there.`,
    evidence: [
      {
        source: 'secret',
        ref: `${subject.namespace}/${subject.name}`,
        detail: `${keyed?.key ?? 'ca.crl'}: ${list.issuer}, ${list.thisUpdate} to ${list.nextUpdate ?? ''}`,
      },
      ...refused.flatMap(({ attempt }) => observedAttempt(attempt)).slice(0, 3),
    ],
    affects: servers.map((server) => ({ server })),
    confidence: 0.9,
    severity: severityOf(evidence, servers),
    clients: `every client whose certificate is of ${list.issuer}`,
    fix: changeCa(evidence, subject, {
      summary:
        'put the CA’s current revocation list in, and have it renewed before each nextUpdate; no restart is needed',
      key: keyed?.key ?? 'ca.crl',
      value: 'CURRENT-LIST.pem',
      doNot: ['take the list out, unless revoked clients may come in again'],
    }),
    confirm: confirmHost(servers[0]?.hosts[0]?.host),
    misleading: ['Neither the CA nor the client’s certificate has expired: it is the list.'],
  };
}
