import { clientPath } from '../../facts/client-path.ts';
import { derive, type Evidence } from '../../facts/evidence.ts';
import { serversUsing } from '../../facts/key-pairs.ts';
import { probesWith, servedChains, type ServedChain } from '../../facts/served-chains.ts';
import { named } from '../../kubernetes/names.ts';
import type { Certificate } from '../../model/certificate.ts';
import { weakFor } from '../../x509/weak-certificate.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { certificateNotAccepted } from '../symptoms.ts';
import { confidenceBySource, confirmServers, probeObservations, unseen } from './chain-fault.ts';
import { newPair, replaceValues } from './pair-remedies.ts';

interface Weak {
  readonly certificate: Certificate;
  readonly why: string;
  readonly isLeaf: boolean;
  readonly chain: ServedChain;
}

function weakIn(evidence: Evidence, chain: ServedChain): readonly Weak[] {
  if (chain.refused) return [];
  const { links } = clientPath(evidence, chain.certificates);
  for (const [depth, certificate] of links.entries()) {
    const why = depth > 0 && certificate.selfIssued ? undefined : weakFor(certificate);
    if (why !== undefined) return [{ certificate, why, isLeaf: depth === 0, chain }];
  }
  return [];
}

/** Each weak certificate once, whichever Secrets hold it. */
const weakCertificates = derive((evidence): readonly (readonly [Weak, ...Weak[]])[] => {
  const all = servedChains(evidence).flatMap((chain) => weakIn(evidence, chain));
  return [...Map.groupBy(all, ({ certificate }) => certificate.sha256).values()].flatMap(([first, ...rest]) =>
    first ? [[first, ...rest] as const] : [],
  );
});

/** A signature that nobody accepts any more breaks it for all; a key that some do not know, for those. */
const breaksAll = ({ why }: Weak): boolean => why.includes('signed with');

function faultOf(evidence: Evidence, group: readonly [Weak, ...Weak[]]): Fault {
  const [weak, ...others] = group;
  const { certificate, why, isLeaf, chain } = weak;
  const { subject, pair, from, seen } = chain;
  const servers = serversUsing(group.flatMap((one) => one.chain.uses));
  const { certKey, keyKey } = pair ?? { certKey: 'tls.crt', keyKey: 'tls.key' };
  const probes = group.flatMap((one) => probesWith(evidence, one.chain));
  const accepted = probes.some(({ probe }) => probe.verify?.ok === true);
  const which = isLeaf ? 'The certificate' : `The intermediate ${certificate.subject}`;
  return {
    subject,
    title: `${which} in ${named(subject)} is too weak for clients: ${why}`,
    message: `Envoy serves it, and clients refuse it: ${why}.`,
    evidence: [
      ...seen.slice(0, 2),
      {
        ...(seen[0] ?? { source: 'secret' as const, ref: named(subject) }),
        detail: `${certificate.subject}: ${certificate.publicKey.algorithm} ${certificate.publicKey.curve ?? certificate.publicKey.bits ?? ''}, ${certificate.signatureAlgorithm}`,
      },
      ...probeObservations(probes.filter(({ probe }) => probe.verify?.ok === false)),
    ],
    affects: servers.map((server) => ({ server })),
    confidence: confidenceBySource[from],
    severity: breaksAll(weak) && !accepted ? 'error' : 'warning',
    clients: breaksAll(weak) ? 'all clients of today' : 'browsers and others that do not take it',
    related: others.map((one) => one.chain.subject),
    fix: replaceValues(evidence, subject, {
      summary: isLeaf
        ? 'have the certificate issued anew with SHA-256 and an RSA key of 2048 bits or more, or ECDSA P-256'
        : 'have the certificate issued by an intermediate of today, and put that one behind it',
      values: newPair(certKey, keyKey),
      doNot: ['lower the security level of the clients'],
    }),
    confirm: confirmServers(servers),
  };
}

/** Envoy serves it, and clients refuse it for its key or its signature. What Envoy refuses is another cause. */
export const certWeak: Check = {
  name: 'cert-weak',
  title: 'Clients of today accept the keys and signatures of every chain',
  group: 'certificate',
  kind: 'cause',
  severity: 'warning',
  step: 'server-certificate',
  reads: ['secret', 'probe', 'config-dump'],
  explains: certificateNotAccepted,
  *inspect(evidence): Iterable<Judgement> {
    for (const group of weakCertificates(evidence)) yield faultOf(evidence, group);
    yield* unseen(evidence, 'whether the certificate is strong enough for clients');
  },
};
