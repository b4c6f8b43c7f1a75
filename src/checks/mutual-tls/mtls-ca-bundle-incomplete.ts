import { clientRefusals, type ClientRefusal } from '../../facts/client-refusals.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { untrustedClients, type Untrusted } from '../../facts/untrusted-clients.ts';
import { named } from '../../kubernetes/names.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { clientRefused } from '../symptoms.ts';
import { changeCa } from './ca-remedies.ts';
import { confidenceOf, confirmClient, observedAttempt, serversOf, severityFor } from './client-fault.ts';

const caNames = ({ trust }: ClientRefusal): string =>
  (trust.anchors ?? [])
    .slice(0, 3)
    .map(({ subject }) => subject)
    .join(', ');

/** Clients below one intermediate, which neither they send nor the bundle has. */
function faultOf(evidence: Evidence, group: readonly [Untrusted, ...Untrusted[]]): Fault {
  const [{ refusal, confidence }] = group;
  const { trust, attempt, missing } = refusal;
  const refusals = group.map((one) => one.refusal);
  const issuer = attempt.chain.at(-1)?.issuer ?? '';
  const clients = [...new Set(refusals.map((one) => one.attempt.client))];
  const known = missing
    ? `${missing.certificate.subject}, issued by ${missing.certificate.issuer}, stands in ${missing.place}`
    : `${issuer} has the same organisation as ${caNames(refusal)}`;
  return {
    subject: trust.subject,
    title: `${named(trust.subject)} has ${caNames(refusal)}, and clients below ${issuer} do not send that intermediate`,
    message: `The certificates of ${clients.slice(0, 3).join(', ')} are issued by ${issuer}. Neither the clients send that intermediate nor does the CA bundle have it, so that Envoy finds no way from one to the other: unknown_ca.`,
    evidence: [
      ...trust.seen.slice(0, 1),
      { ...(trust.seen[0] ?? { source: 'secret' as const, ref: named(trust.subject) }), detail: known },
      ...refusals.flatMap((one) => observedAttempt(one.attempt)).slice(0, 4),
    ],
    affects: serversOf(refusals).map((server) => ({ server })),
    confidence,
    severity: severityFor(evidence, refusals),
    clients: `clients with certificates of ${issuer} that send their leaf alone`,
    fix: changeCa(evidence, trust.subject, {
      summary: `have the clients send the intermediate behind their certificate, or add it to the bundle, behind what is there; no restart is needed`,
      key: trust.ca?.key ?? 'ca.crt',
      value: 'BUNDLE_WITH_INTERMEDIATE.pem',
      doNot: ['put the intermediate in the place of the root: then clients of its other intermediates are kept out'],
    }),
    confirm: confirmClient(attempt.host),
    misleading: ['The root in the bundle is the right one, and openssl verify -untrusted INTERMEDIATE is content.'],
    ...(!missing && { decidedBy: `the certificate of ${issuer}: whether ${caNames(refusal)} issued it` }),
  };
}

/** With any revocation list, Envoy wants one of every issuer: a CA without its own lets nobody in. */
function faultOfLists(evidence: Evidence, group: readonly [ClientRefusal, ...ClientRefusal[]]): Fault {
  const [first] = group;
  const { trust, attempt, verdict } = first;
  const issuer = verdict?.why === 'list-missing' ? verdict.issuer : (attempt.chain[0]?.issuer ?? '');
  const key = trust.list?.key ?? 'ca.crl';
  const has = trust.lists.map((list) => list.issuer).join(', ');
  return {
    subject: trust.subject,
    title: `${named(trust.subject)} ${key} has revocation lists, and none of ${issuer}`,
    message: `As soon as a revocation list is there, Envoy wants a current one of every issuer in the way. ${key} has lists of ${has}; clients of ${issuer} are refused with unknown_ca.`,
    evidence: [
      { source: 'secret', ref: `${trust.subject.namespace}/${trust.subject.name}`, detail: `${key}: lists of ${has}` },
      ...group.flatMap((one) => observedAttempt(one.attempt)).slice(0, 4),
    ],
    affects: serversOf(group).map((server) => ({ server })),
    confidence: confidenceOf(first),
    severity: severityFor(evidence, group),
    clients: `clients with certificates of ${issuer}`,
    fix: changeCa(evidence, trust.subject, {
      summary: `add the revocation list of ${issuer} to ${key}, behind what is there; a list may be empty`,
      key,
      value: 'ALL_LISTS.pem',
      doNot: ['take the lists out, unless revoked clients may come in again'],
    }),
    confirm: confirmClient(attempt.host),
    misleading: ['The alert is unknown_ca, and the CA is in the bundle all the same.'],
  };
}

/** Something is missing between the CA for clients and the clients that it vouches for. */
export const mtlsCaBundleIncomplete: Check = {
  name: 'mtls-ca-bundle-incomplete',
  title: 'Every client’s certificate leads to the CA for clients',
  group: 'mutual-tls',
  kind: 'cause',
  severity: 'error',
  step: 'client-certificate',
  reads: ['secret', 'resource', 'config-dump', 'probe'],
  explains: clientRefused,
  *inspect(evidence): Iterable<Judgement> {
    const open = untrustedClients(evidence).filter(({ fault }) => fault === 'bundle');
    const groups = Map.groupBy(open, ({ refusal: { trust, attempt } }) =>
      [trust.subject.namespace, trust.subject.name, attempt.chain.at(-1)?.issuer].join('/'),
    );
    for (const [first, ...rest] of groups.values()) if (first) yield faultOf(evidence, [first, ...rest]);
    const unlisted = clientRefusals(evidence).filter(({ why }) => why === 'list-missing');
    const byPlace = Map.groupBy(unlisted, ({ trust: { subject } }) => `${subject.namespace}/${subject.name}`);
    for (const [first, ...rest] of byPlace.values()) if (first) yield faultOfLists(evidence, [first, ...rest]);
  },
};
