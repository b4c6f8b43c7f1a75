import type { Certificate } from '../model/certificate.ts';
import { comparableName } from '../x509/distinguished-name.ts';
import { attemptsAt, clientAttempts, type ClientAttempt } from './client-attempts.ts';
import { trustOf, type ClientTrust } from './client-trust.ts';
import { judgeClient, type ClientVerdict } from './client-verdict.ts';
import { derive, type Evidence } from './evidence.ts';
import { issuersInEvidence, type KnownCertificate } from './known-certificates.ts';
import type { Server } from './servers.ts';

type Why = Extract<ClientVerdict, { admits: false }>['why'];

/** A client that a server refuses, or would refuse, and why. */
export interface ClientRefusal {
  readonly attempt: ClientAttempt;
  readonly trust: ClientTrust;
  readonly why: Why;
  /** The verdict on its chain; absent where only the gateway's alert tells. */
  readonly verdict?: Extract<ClientVerdict, { admits: false }>;
  /** `chain-and-refusal`: judged so and seen so; `chain`: judged only; `alert`: seen only; `announced`: compared by names. */
  readonly known: 'chain-and-refusal' | 'chain' | 'alert' | 'announced';
  /** An intermediate that is missing between the client's chain and the CA, where the evidence has it. */
  readonly missing?: KnownCertificate;
}

/** What a gateway's alert says of a client's certificate (envoy-tls 6). */
const byAlert: Readonly<Record<number, Why>> = {
  43: 'usage',
  44: 'revoked',
  45: 'expired',
  46: 'names',
  48: 'untrusted',
  114: 'pins',
};

const longestWay = 5;

/** The certificates of the evidence that lead from a client's chain to a CA of the gateway, where it is not its own. */
function missingLink(
  evidence: Evidence,
  chain: readonly Certificate[],
  trust: ClientTrust,
): KnownCertificate | undefined {
  const added: KnownCertificate[] = [];
  for (let top = chain.at(-1); top && added.length < longestWay;) {
    const next = issuersInEvidence(evidence, top).find(({ certificate }) => !certificate.selfIssued);
    if (!next) return undefined;
    added.push(next);
    const verdict = judgeClient([...chain, ...added.map(({ certificate }) => certificate)], trust, evidence.now);
    if (verdict.admits === true || (verdict.admits === false && verdict.why !== 'untrusted')) return added[0];
    top = next.certificate;
  }
  return undefined;
}

/** The CAs that the gateway names in the handshake, where it was seen to. */
const announced = (attempt: ClientAttempt): readonly string[] =>
  attempt.probes.flatMap(({ probe }) => probe.acceptableCas ?? []);

function byAnnouncement(attempt: ClientAttempt): boolean {
  const names = new Set(announced(attempt).map(comparableName));
  return (
    names.size > 0 && attempt.chain.length > 0 && !attempt.chain.some(({ issuer }) => names.has(comparableName(issuer)))
  );
}

/** Clients that are let in at the same server are all of other issuers: so the CA of this one is not among its CAs. */
function byOthers(evidence: Evidence, { server, chain }: ClientAttempt): boolean {
  const admitted = attemptsAt(evidence, server).filter(({ outcome }) => outcome === 'admitted');
  const issuers = new Set(admitted.flatMap((one) => one.chain.map(({ issuer }) => comparableName(issuer))));
  return issuers.size > 0 && chain.length > 0 && !chain.some(({ issuer }) => issuers.has(comparableName(issuer)));
}

function refusalOf(evidence: Evidence, attempt: ClientAttempt): ClientRefusal | undefined {
  const trusts = trustOf(evidence, attempt.server);
  const trust = trusts.find(({ anchors }) => anchors !== undefined) ?? trusts[0];
  if (!trust || attempt.outcome === 'admitted' || attempt.outcome === 'mixed') return undefined;
  const isRefused = attempt.outcome === 'refused';
  if (!isRefused && !attempt.asked) return undefined;
  const verdict = judgeClient(attempt.chain, trust, evidence.now);
  if (verdict.admits === false) {
    const missing = verdict.why === 'untrusted' ? missingLink(evidence, attempt.chain, trust) : undefined;
    return {
      attempt,
      trust,
      why: verdict.why,
      verdict,
      known: isRefused ? 'chain-and-refusal' : 'chain',
      ...(missing && { missing }),
    };
  }
  // a chain that the CA of the Secret admits is refused by what Envoy holds in its place: no matter of the client's
  if (verdict.admits === true || !isRefused) return undefined;
  const told = byAlert[attempt.alert ?? -1];
  const namesAreAsked = (attempt.server.tls?.subjectAltNames.length ?? 0) > 0;
  if (told !== undefined && (told !== 'names' || namesAreAsked)) {
    return { attempt, trust, why: told, known: 'alert' };
  }
  const isOther = byAnnouncement(attempt) || byOthers(evidence, attempt);
  return isOther ? { attempt, trust, why: 'untrusted', known: 'announced' } : undefined;
}

/** Every client that is refused, or would be, with the reason. */
export const clientRefusals = derive((evidence): readonly ClientRefusal[] =>
  clientAttempts(evidence).flatMap((attempt) => refusalOf(evidence, attempt) ?? []),
);

/** Whether a server was seen to let in any client with a certificate: then its CA is right for some. */
export const admitsSomebody = (evidence: Evidence, server: Server): boolean =>
  attemptsAt(evidence, server).some(({ outcome }) => outcome === 'admitted');
