import { trustsBySubject, type ClientTrust } from '../../facts/client-trust.ts';
import { admitsSomebody } from '../../facts/client-refusals.ts';
import { clientAttempts } from '../../facts/client-attempts.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { isServersIssuer, untrustedClients, type Untrusted } from '../../facts/untrusted-clients.ts';
import { writerOf } from '../../facts/secret-writers.ts';
import { kinds } from '../../kubernetes/kinds.ts';
import { groupKind, named } from '../../kubernetes/names.ts';
import type { Fix } from '../../model/finding.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { clientRefused } from '../symptoms.ts';
import { changeCa, createCaSecret, deleteCaSecret, neverLoosen } from './ca-remedies.ts';
import { confirmClient, observedAttempt, serversOf, severityFor } from './client-fault.ts';

const caNames = ({ anchors = [] }: ClientTrust): string =>
  anchors
    .slice(0, 3)
    .map(({ subject }) => subject)
    .join(', ');

/** A CA beside the pair's Secret leaves alone what cert-manager writes into it, and wins over it. */
function fixOf(evidence: Evidence, trust: ClientTrust, issuer: string): Fix {
  const { subject, ca } = trust;
  const isSecret = groupKind(subject) === kinds.secret;
  const summary = `give the gateway the CA that signs the clients (${issuer}); no restart is needed`;
  const widensAccess = `every client with a certificate of ${issuer}`;
  if (!isSecret || subject.name.endsWith('-cacert') || ca?.secret.values['tls.crt'] === undefined) {
    const change = { summary, key: ca?.key ?? 'ca.crt', value: 'CLIENT-CA.pem', widensAccess };
    return changeCa(evidence, subject, change);
  }
  return {
    summary: `${summary}: a Secret ${subject.namespace}/${subject.name}-cacert wins over ca.crt, and nothing overwrites it`,
    owner: `the owner of namespace ${subject.namespace}`,
    commands: [createCaSecret(subject.namespace, subject.name)],
    undo: [deleteCaSecret(subject.namespace, subject.name)],
    doNot: [
      'change ca.crt in place where cert-manager writes the Secret: the next renewal puts it back',
      ...neverLoosen,
    ],
    widensAccess,
  };
}

function faultOf(evidence: Evidence, group: readonly [Untrusted, ...Untrusted[]]): Fault {
  const [{ refusal, confidence, isServersIssuer: ofServer }] = group;
  const { trust, attempt } = refusal;
  const issuers = [...new Set(group.flatMap((one) => one.refusal.attempt.chain.at(-1)?.issuer ?? []))];
  const clients = [...new Set(group.map((one) => one.refusal.attempt.client))];
  const issuer = issuers[0] ?? 'the clients’ CA';
  const refusals = group.map((one) => one.refusal);
  const why = ofServer
    ? 'That is the CA that signed the gateway’s own certificate, as cert-manager writes it into ca.crt.'
    : 'No client that was seen is let in.';
  return {
    subject: trust.subject,
    title: `The CA for clients in ${named(trust.subject)} is ${caNames(trust)}, and clients come with certificates of ${issuers.slice(0, 3).join(', ')}`,
    message: `${named(attempt.server.owner)} verifies clients against ${caNames(trust)}, and ${clients.length === 1 ? `client ${clients[0]}` : `all ${clients.length} clients that were seen`} present certificates of ${issuers.slice(0, 3).join(', ')}: unknown_ca. ${why}`,
    evidence: [...trust.seen.slice(0, 1), ...refusals.flatMap((one) => observedAttempt(one.attempt)).slice(0, 5)],
    affects: serversOf(refusals).map((server) => ({ server })),
    confidence,
    severity: severityFor(evidence, refusals),
    clients: clients.length === 1 ? (clients[0] ?? 'all clients') : 'every client that was seen',
    fix: fixOf(evidence, trust, issuer),
    confirm: confirmClient(attempt.host),
    misleading: ofServer ? ['Server and CA fit each other perfectly; it is the clients that are of another CA.'] : [],
    ...(confidence < 0.75 && {
      decidedBy: `which CA is meant to sign the clients: ${caNames(trust)}, or ${issuer}`,
    }),
  };
}

/**
 * A guess where no client was seen: cert-manager filled `ca.crt` with the server's issuer, and nobody chose it. Where
 * one private CA signs both sides, that is right.
 */
function guess(evidence: Evidence, trusts: readonly [ClientTrust, ...ClientTrust[]]): Fault | undefined {
  const [trust] = trusts;
  const { subject, anchors = [], server, ca, seen } = trust;
  if (!ca || groupKind(subject) !== kinds.secret || subject.name.endsWith('-cacert')) return undefined;
  if (writerOf(evidence, ca.secret)?.tool !== 'cert-manager' || !isServersIssuer(evidence, server, anchors))
    return undefined;
  const servers = [...new Set(trusts.map((one) => one.server))];
  const seenClients = clientAttempts(evidence).some(({ server: own }) => servers.includes(own));
  if (seenClients || servers.some((one) => admitsSomebody(evidence, one))) return undefined;
  return {
    subject,
    title: `The CA for clients in ${named(subject)} is the one that cert-manager wrote there, the issuer of the gateway’s own certificate`,
    message: `${named(server.owner)} lets in whoever has a certificate of ${caNames(trust)}, the issuer of its own one, and nobody else. That is right where this CA signs the clients as well.`,
    evidence: seen,
    affects: servers.map((one) => ({ server: one })),
    confidence: 0.3,
    severity: 'info',
    clients: 'clients of another CA',
    fix: fixOf(evidence, trust, 'the CA that signs the clients'),
    confirm: confirmClient(server.hosts[0]?.host ?? '<HOST>'),
    decidedBy: 'a handshake with a client’s certificate, or a look at its issuer: istls cert CLIENT.crt',
  };
}

/** The CA for clients is not the one that signs them. */
export const mtlsCaWrong: Check = {
  name: 'mtls-ca-wrong',
  title: 'The CA for clients is the one that signs them',
  group: 'mutual-tls',
  kind: 'cause',
  severity: 'error',
  step: 'client-certificate',
  reads: ['secret', 'resource', 'config-dump', 'probe'],
  explains: clientRefused,
  *inspect(evidence): Iterable<Judgement> {
    const wrong = untrustedClients(evidence).filter(({ fault }) => fault === 'ca');
    const groups = Map.groupBy(wrong, ({ refusal: { trust } }) => `${trust.subject.namespace}/${trust.subject.name}`);
    for (const [first, ...rest] of groups.values()) if (first) yield faultOf(evidence, [first, ...rest]);
    for (const trusts of trustsBySubject(evidence)) {
      const fault = guess(evidence, trusts);
      if (fault) yield fault;
    }
  },
};
