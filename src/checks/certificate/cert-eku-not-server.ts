import { clientPath } from '../../facts/client-path.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { serversUsing } from '../../facts/key-pairs.ts';
import { isPresented, probesWith, servedChains, type ServedChain } from '../../facts/served-chains.ts';
import { named } from '../../kubernetes/names.ts';
import type { Certificate } from '../../model/certificate.ts';
import { extendedKeyUsages } from '../../x509/oids.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { certificateNotAccepted } from '../symptoms.ts';
import { affectedBy, confidenceBySource, confirmServers, probeObservations, unseen } from './chain-fault.ts';
import { newPair, replaceValues } from './pair-remedies.ts';

const names: ReadonlyMap<string, string> = new Map(Object.entries(extendedKeyUsages).map(([name, oid]) => [oid, name]));

const usageText = (oids: readonly string[]): string => oids.map((oid) => names.get(oid) ?? oid).join(', ') || 'nothing';

type Problem = 'not-for-servers' | 'any-usage' | 'no-signature';

/** Why a certificate of a chain may not serve. `anyExtendedKeyUsage` counts for some clients only. */
function problemOf({ extendedKeyUsage, keyUsage, publicKey }: Certificate, isLeaf: boolean): Problem | undefined {
  if (extendedKeyUsage && !extendedKeyUsage.includes(extendedKeyUsages.serverAuth)) {
    return extendedKeyUsage.includes(extendedKeyUsages.anyExtendedKeyUsage) ? 'any-usage' : 'not-for-servers';
  }
  // of an EC leaf Envoy itself refuses this
  const cannotSign = isLeaf && publicKey.algorithm === 'rsa' && keyUsage?.includes('digitalSignature') === false;
  return cannotSign ? 'no-signature' : undefined;
}

interface Misused {
  readonly certificate: Certificate;
  readonly problem: Problem;
  readonly isLeaf: boolean;
}

function misused(evidence: Evidence, { certificates }: ServedChain): Misused | undefined {
  const { links } = clientPath(evidence, certificates);
  for (const [depth, certificate] of links.entries()) {
    // a root that signed itself is trusted for what the client trusts it for
    if (depth > 0 && certificate.selfIssued) continue;
    const problem = problemOf(certificate, depth === 0);
    if (problem) return { certificate, problem, isLeaf: depth === 0 };
  }
  return undefined;
}

const clientsOf: Readonly<Record<Problem, string>> = {
  'not-for-servers': 'all clients',
  'any-usage': 'clients with OpenSSL or BoringSSL; Go takes it',
  'no-signature': 'Chrome and other clients with BoringSSL, and all with TLS 1.3 that look at the key usage',
};

function faultOf(evidence: Evidence, chain: ServedChain, { certificate, problem, isLeaf }: Misused): Fault {
  const { subject, pair, from, seen, uses } = chain;
  const servers = serversUsing(uses);
  const { certKey, keyKey } = pair ?? { certKey: 'tls.crt', keyKey: 'tls.key' };
  const usages =
    problem === 'no-signature'
      ? `key usage ${certificate.keyUsage?.join(', ') ?? ''}, without digitalSignature`
      : `extended key usage ${usageText(certificate.extendedKeyUsage ?? [])}`;
  const which = isLeaf ? 'The certificate' : `The intermediate ${certificate.subject}`;
  const refusals = probesWith(evidence, chain).filter(({ probe }) => probe.verify?.ok === false);
  const isError = problem === 'not-for-servers' && isPresented(evidence, chain) !== false;
  return {
    subject,
    title: `${which} in ${named(subject)} may not be used by servers: ${usages}`,
    message: `${which} has the ${usages}. Envoy serves it without a look at that, and clients stop with “unsupported certificate purpose”.`,
    evidence: [
      ...seen.slice(0, 2),
      {
        ...(seen[0] ?? { source: 'secret' as const, ref: named(subject) }),
        detail: `${certificate.subject}: ${usages}`,
      },
      ...probeObservations(refusals),
    ],
    affects: affectedBy(uses),
    confidence: confidenceBySource[from],
    severity: isError ? 'error' : 'warning',
    clients: clientsOf[problem],
    fix: replaceValues(evidence, subject, {
      summary: isLeaf
        ? 'have the certificate issued with a profile for servers (extendedKeyUsage serverAuth, keyUsage digitalSignature)'
        : 'have the certificate issued by an intermediate that may issue for servers',
      values: newPair(certKey, keyKey),
    }),
    confirm: confirmServers(servers),
    misleading: ['Dates, names and issuer are in order, and a client that skips verification works.'],
  };
}

/** A certificate of the chain may not be used for servers, by its extended key usage or its key usage. */
export const certEkuNotServer: Check = {
  name: 'cert-eku-not-server',
  title: 'Every certificate that is served may be used by servers',
  group: 'certificate',
  kind: 'cause',
  severity: 'error',
  step: 'server-certificate',
  reads: ['secret', 'probe', 'config-dump'],
  explains: certificateNotAccepted,
  *inspect(evidence): Iterable<Judgement> {
    for (const chain of servedChains(evidence)) {
      const found = chain.refused ? undefined : misused(evidence, chain);
      if (found) yield faultOf(evidence, chain, found);
    }
    yield* unseen(evidence, 'whether the certificate may be used by servers');
  },
};
