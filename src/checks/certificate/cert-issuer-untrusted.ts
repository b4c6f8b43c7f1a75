import { chainEnds, issuerNotFound, type ChainAtItsEnd } from '../../facts/chain-ends.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { serversUsing } from '../../facts/key-pairs.ts';
import type { ReadProbe } from '../../facts/probes.ts';
import { isPresented, probesWith } from '../../facts/served-chains.ts';
import { named } from '../../kubernetes/names.ts';
import type { Severity } from '../../model/finding.ts';
import type { Certificate } from '../../model/certificate.ts';
import { verifyChain } from '../../x509/verify-chain.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { certificateNotAccepted } from '../symptoms.ts';
import { affectedBy, confirmServers, probeObservations, unseen } from './chain-fault.ts';
import { newPair, replaceValues } from './pair-remedies.ts';

/** Certificates that only stand in for real ones, by the names that their makers give them. */
const placeholders: readonly (readonly [RegExp, string])[] = [
  [/\(STAGING\)|\bFake LE\b|CN=happy hacker fake CA/, 'a staging certificate, of a CA that no client trusts'],
  [/CN=cert-manager\.local\b/, 'the temporary certificate that cert-manager puts in until the real one is issued'],
  [/CN=Kubernetes Ingress Controller Fake Certificate/, 'the stand-in certificate of ingress-nginx'],
  [/CN=TRAEFIK DEFAULT CERT/, 'the stand-in certificate of Traefik'],
];

function placeholderOf(links: readonly Certificate[]): string | undefined {
  const found = placeholders.find(([name]) =>
    links.some(({ issuer, subject }) => name.test(issuer) || name.test(subject)),
  );
  return found?.[1];
}

interface Distrust {
  readonly why: string;
  readonly severity: Severity;
  readonly confidence: number;
  readonly probes: readonly ReadProbe[];
  readonly clients: string;
  readonly decidedBy?: string;
}

const rootNotKnown = new Set(['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN']);

/** The CA that the user gave, as what the clients in question trust. */
function byGivenCa(evidence: Evidence, { chain, state }: ChainAtItsEnd): Distrust | undefined {
  const trusted = evidence.snapshot.question.trusted ?? [];
  if (trusted.length === 0 || state.end === 'missing') return undefined;
  const verdict = verifyChain(chain.certificates, trusted, { at: evidence.now, purpose: 'server', partialChain: true });
  if (verdict.ok || !(rootNotKnown.has(verdict.code) || issuerNotFound.has(verdict.code))) return undefined;
  return {
    why: `the CA that was given (${trusted[0]?.subject ?? '?'}) does not lead to it (${verdict.code})`,
    severity: 'error',
    confidence: 0.9,
    probes: [],
    clients: 'clients with the CA that was given',
  };
}

/** Clients that were seen to distrust it. What istls itself connects with says nothing of the clients' roots. */
function byClients(evidence: Evidence, { chain, state, failing, accepted }: ChainAtItsEnd): Distrust | undefined {
  if (accepted) return undefined;
  const rootless = probesWith(evidence, chain).filter(({ probe }) => rootNotKnown.has(probe.verify?.code ?? ''));
  const distrusting = [...rootless, ...(state.end === 'missing' ? [] : failing)];
  const others = distrusting.filter(({ probe }) => probe.own !== true || probe.trust !== 'system');
  if (others.length === 0) return undefined;
  return {
    why: `clients that were seen do not know its root (${others[0]?.probe.verify?.code ?? '?'})`,
    severity: 'error',
    confidence: 0.8,
    probes: others,
    clients: `clients that trust ${others[0]?.probe.trust ?? 'what that client trusts'}`,
  };
}

function byItself({ path, accepted }: ChainAtItsEnd): Distrust | undefined {
  const placeholder = placeholderOf(path.links);
  if (placeholder !== undefined) {
    return {
      why: `it is ${placeholder}`,
      // who tests against a staging CA does so on purpose, and has a client that trusts it
      severity: placeholder.startsWith('a staging') || accepted ? 'warning' : 'error',
      confidence: 0.85,
      probes: [],
      clients: 'all clients but those that were made to trust it',
    };
  }
  const [leaf] = path.links;
  const isOwn = path.links.length === 1 && path.end === 'self-signed' && !accepted;
  if (!isOwn) return undefined;
  return {
    why: `it is signed by itself (${leaf.subject})`,
    severity: 'info',
    confidence: 0.45,
    probes: [],
    clients: 'clients that do not have this very certificate',
    decidedBy: 'whether the clients were given this certificate: istls handshake HOST --cacert FILE',
  };
}

function faultOf(evidence: Evidence, ended: ChainAtItsEnd, distrust: Distrust): Fault {
  const { chain, path } = ended;
  const { subject, pair, uses, seen } = chain;
  const top = path.links.at(-1) ?? chain.certificates[0];
  const { why, severity, confidence, probes, clients, decidedBy } = distrust;
  const { certKey, keyKey } = pair ?? { certKey: 'tls.crt', keyKey: 'tls.key' };
  const harmless = isPresented(evidence, chain) === false && severity === 'error';
  return {
    subject,
    title: `Clients do not trust the certificate in ${named(subject)}: ${why}`,
    message: `The chain ends at ${top.selfIssued ? top.subject : top.issuer}, and ${why}. The handshake itself is sound; clients that do not trust that CA end the connection.`,
    evidence: [...seen.slice(0, 2), ...probeObservations(probes)],
    affects: affectedBy(uses),
    confidence,
    severity: harmless ? 'warning' : severity,
    clients,
    fix: replaceValues(evidence, subject, {
      summary: `serve a certificate of a CA that the clients trust, or give them the root of this one (${top.selfIssued ? top.subject : top.issuer}) by a safe way`,
      values: newPair(certKey, keyKey),
      doNot: ['have clients skip verification (curl -k, NODE_TLS_REJECT_UNAUTHORIZED=0)'],
    }),
    confirm: confirmServers(serversUsing(uses)),
    ...(decidedBy !== undefined && { decidedBy }),
  };
}

/** The clients' trust store lacks the issuer. That a CA is private is no fault by itself. */
export const certIssuerUntrusted: Check = {
  name: 'cert-issuer-untrusted',
  title: 'Clients trust the issuer of every certificate',
  group: 'certificate',
  kind: 'cause',
  severity: 'info',
  step: 'server-certificate',
  reads: ['secret', 'probe', 'config-dump'],
  explains: certificateNotAccepted,
  *inspect(evidence): Iterable<Judgement> {
    for (const ended of chainEnds(evidence)) {
      const distrust = byGivenCa(evidence, ended) ?? byClients(evidence, ended) ?? byItself(ended);
      if (distrust) yield faultOf(evidence, ended, distrust);
    }
    yield* unseen(evidence, 'which CA issued the certificate');
  },
};
