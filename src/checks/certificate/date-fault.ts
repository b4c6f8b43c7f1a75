import { outOfDate } from '../../facts/certificate-dates.ts';
import { clientPath } from '../../facts/client-path.ts';
import { derive, type Evidence } from '../../facts/evidence.ts';
import { serversUsing } from '../../facts/key-pairs.ts';
import { isPresented, probesWith, servedChains, type ServedChain } from '../../facts/served-chains.ts';
import { isSelfSigned } from '../../x509/chain.ts';
import type { Certificate } from '../../model/certificate.ts';

/** One certificate that is out of its dates, and every chain in which clients come upon it. */
export interface DatedCertificate {
  readonly certificate: Certificate;
  readonly problem: 'expired' | 'not-yet-valid';
  /** `root`: a self-signed certificate that was sent along; clients may have a newer one of the same key. */
  readonly role: 'leaf' | 'intermediate' | 'root';
  /** The chain of most servers first. */
  readonly chains: readonly [ServedChain, ...ServedChain[]];
}

/** The lowest certificate of a chain that is out of its dates: a new leaf comes with new intermediates. */
function lowestOf(evidence: Evidence, served: ServedChain) {
  const { links } = clientPath(evidence, served.certificates);
  for (const [depth, certificate] of links.entries()) {
    const problem = outOfDate(certificate, evidence.now);
    if (problem === undefined) continue;
    const role = depth === 0 ? 'leaf' : isSelfSigned(certificate) ? 'root' : 'intermediate';
    return { certificate, problem, role } as const;
  }
  return undefined;
}

const serverCount = ({ uses }: ServedChain): number => serversUsing(uses).length;

const bySize = (a: ServedChain, b: ServedChain): number =>
  serverCount(b) - serverCount(a) ||
  `${a.subject.namespace}/${a.subject.name}`.localeCompare(`${b.subject.namespace}/${b.subject.name}`);

/** Every certificate out of its dates, once, however many Secrets and servers have it. */
export const datedCertificates = derive((evidence): readonly DatedCertificate[] => {
  const found = servedChains(evidence).flatMap((served) => {
    const lowest = lowestOf(evidence, served);
    return lowest ? [{ ...lowest, served }] : [];
  });
  return [...Map.groupBy(found, ({ certificate }) => certificate.sha256).values()].flatMap(([first, ...rest]) => {
    if (!first) return [];
    const [top, ...others] = [first, ...rest].map(({ served }) => served).sort(bySize);
    return top ? [{ ...first, chains: [top, ...others] as const }] : [];
  });
});

/**
 * Whether clients do not come upon it: they get another certificate, or, where it is not the leaf's own date, accept
 * what they get. Then what the Secret holds is only a threat.
 */
export function isHarmlessNow(evidence: Evidence, { role, chains }: DatedCertificate): boolean {
  return chains.every((chain) => {
    if (chain.refused || isPresented(evidence, chain) === false) return true;
    const verdicts = role === 'leaf' ? [] : probesWith(evidence, chain).flatMap(({ probe }) => probe.verify ?? []);
    return verdicts.length > 0 && verdicts.every(({ ok }) => ok);
  });
}
