import { outOfDate, sinceText } from '../../facts/certificate-dates.ts';
import { trustsBySubject } from '../../facts/client-trust.ts';
import { deadCas, type DeadCa } from '../../facts/dead-cas.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { named } from '../../kubernetes/names.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost } from '../remedies.ts';
import { clientRefused } from '../symptoms.ts';
import { logLines, refusedClients, serversOf, severityOf, type Trusts } from './ca-dates.ts';
import { changeCa } from './ca-remedies.ts';
import { observedAttempt } from './client-fault.ts';
import { faultOfList, staleLists } from './stale-list.ts';

function faultOfCa(evidence: Evidence, trusts: Trusts, dead: readonly [DeadCa, ...DeadCa[]]): Fault {
  const [{ subject, seen, ca: keyed, from }] = trusts;
  const [{ ca, how, hides }] = dead;
  const servers = serversOf(trusts);
  const refused = refusedClients(evidence, trusts, 'ca-expired');
  const future = outOfDate(ca, evidence.now) === 'not-yet-valid';
  const date = future ? ca.notBefore : ca.notAfter;
  const when = `${future ? 'is valid only from' : 'ended'} ${date} (${sinceText(date, evidence.now)})`;
  const effects: Readonly<Record<DeadCa['how'], string>> = {
    alone: 'Every client under it is refused with certificate_expired, whatever the dates of its own certificate.',
    'before-its-successor': `It stands before its successor of the same name (to ${hides?.notAfter ?? ''}), and Envoy takes the first that fits: every client under it is refused.`,
    above: `It issued ${hides?.subject ?? ''}, which is in the bundle and in its dates; Envoy follows the bundle up to it and refuses every client under it.`,
  };
  const remedies: Readonly<Record<DeadCa['how'], string>> = {
    alone:
      'put the CA’s current certificate in; where it was renewed with the same key, the clients’ certificates stay good',
    'before-its-successor': 'take the old certificate of the CA out of the bundle, or put it behind its successor',
    above: 'take the old root out of the bundle: the certificate below it is enough, since it is trusted by itself',
  };
  return {
    subject,
    title: `The CA for clients in ${named(subject)}, ${ca.subject}, ${when}`,
    message: `${ca.subject} in ${named(subject)} ${when}. ${effects[how]}`,
    evidence: [
      ...seen.slice(0, 2),
      ...logLines(evidence, trusts),
      ...refused.flatMap(({ attempt }) => observedAttempt(attempt)).slice(0, 3),
    ],
    affects: servers.map((server) => ({ server })),
    confidence: from === 'secret' ? 0.95 : 0.92,
    severity: severityOf(evidence, servers),
    clients: 'every client whose certificate is of this CA',
    fix: changeCa(evidence, subject, {
      summary: `${remedies[how]}; no restart is needed`,
      key: keyed?.key ?? 'ca.crt',
      value: 'CURRENT-CA.pem',
    }),
    confirm: confirmHost(servers[0]?.hosts[0]?.host),
    misleading: [
      'Clients see their own certificate called expired, though it is not; curl says (60) SSL certificate verification failed.',
    ],
  };
}

/** istiod's warning about a CA that could not be read; by it alone, the CA may also begin in the future. */
function* toldByLog(evidence: Evidence): Generator<Fault> {
  for (const trusts of trustsBySubject(evidence)) {
    const [{ subject, anchors, server }] = trusts;
    const lines = anchors === undefined ? logLines(evidence, trusts) : [];
    if (lines.length === 0) continue;
    const servers = serversOf(trusts);
    yield {
      subject,
      title: `The CA for clients in ${named(subject)}, which could not be read, is out of its dates`,
      message: `istiod warns that the CA that ${named(server.owner)} verifies clients with is expired or not yet valid. It is used all the same, and every client under it is refused.`,
      evidence: lines,
      affects: servers.map((one) => ({ server: one })),
      confidence: 0.75,
      severity: severityOf(evidence, servers),
      clients: 'every client whose certificate is of this CA',
      fix: changeCa(evidence, subject, {
        summary: 'put the CA’s current certificate in; no restart is needed',
        key: 'ca.crt',
        value: 'CURRENT-CA.pem',
      }),
      confirm: confirmHost(server.hosts[0]?.host),
    };
  }
}

/** The CA for clients, or its revocation list, is past its last day. */
export const mtlsCaExpired: Check = {
  name: 'mtls-ca-expired',
  title: 'Every CA for clients, and its revocation list, is in its dates',
  group: 'mutual-tls',
  kind: 'cause',
  severity: 'error',
  step: 'client-certificate',
  reads: ['secret', 'resource', 'config-dump', 'istiod-log', 'probe'],
  explains: [...clientRefused, { check: 'mtls-client-expired', over: 'server' }],
  *inspect(evidence): Iterable<Judgement> {
    for (const trusts of trustsBySubject(evidence)) {
      const [{ anchors = [], lists }] = trusts;
      const [first, ...rest] = deadCas(anchors, evidence.now);
      if (first) yield faultOfCa(evidence, trusts, [first, ...rest]);
      for (const list of lists.length > 0 ? staleLists(trusts[0], evidence.now) : []) {
        yield faultOfList(evidence, trusts, list);
      }
    }
    yield* toldByLog(evidence);
  },
};
