import type { Evidence } from '../../facts/evidence.ts';
import { serversUsing } from '../../facts/key-pairs.ts';
import { isPresented, servedChains, type ServedChain } from '../../facts/served-chains.ts';
import { named } from '../../kubernetes/names.ts';
import type { Certificate } from '../../model/certificate.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { certificateNotAccepted } from '../symptoms.ts';
import { affectedBy, confidenceBySource, confirmServers, unseen } from './chain-fault.ts';
import { newPair, replaceValues } from './pair-remedies.ts';

const hasNoNames = ({ dnsNames, ipAddresses, uris, emails }: Certificate): boolean =>
  dnsNames.length + ipAddresses.length + uris.length + emails.length === 0;

function faultOf(evidence: Evidence, chain: ServedChain): Fault {
  const { certificates, subject, pair, from, seen, uses } = chain;
  const [leaf] = certificates;
  const servers = serversUsing(uses);
  const hosts = servers.flatMap((server) => server.hosts.map(({ host }) => host));
  const commonName = leaf.commonName ?? '';
  const fits = hosts.includes(commonName.toLowerCase());
  const { certKey, keyKey } = pair ?? { certKey: 'tls.crt', keyKey: 'tls.key' };
  return {
    subject,
    title: `The certificate in ${named(subject)} has no subject alternative name, only CN=${commonName}`,
    message: `Clients have compared host names with the subject alternative names alone for years, and this certificate has none. Browsers, Go, Python and Java refuse it; ${fits ? 'curl and Node still fall back to the common name' : `and its common name is no host of the server either`}.`,
    evidence: [
      ...seen.slice(0, 2),
      { ...(seen[0] ?? { source: 'secret' as const, ref: named(subject) }), detail: 'no extension subjectAltName' },
    ],
    affects: affectedBy(uses),
    confidence: confidenceBySource[from],
    severity: isPresented(evidence, chain) === false ? 'warning' : 'error',
    clients: fits ? 'all but those that still read the common name (curl, Node)' : 'all clients',
    fix: replaceValues(evidence, subject, {
      summary: `issue the certificate anew with subjectAltName=${hosts
        .slice(0, 4)
        .map((host) => `DNS:${host}`)
        .join(',')}; the key may stay`,
      values: newPair(certKey, keyKey),
      doNot: ['ask for the same certificate again: a common name in the request alone gives no alternative name'],
    }),
    confirm: confirmServers(servers),
    misleading: fits ? ['curl is content with it, so that a test by curl shows nothing.'] : [],
  };
}

/** The leaf has no subject alternative name at all. */
export const certCnOnly: Check = {
  name: 'cert-cn-only',
  title: 'Every certificate has subject alternative names',
  group: 'certificate',
  kind: 'cause',
  severity: 'error',
  step: 'server-certificate',
  reads: ['secret', 'probe', 'config-dump'],
  explains: certificateNotAccepted,
  *inspect(evidence): Iterable<Judgement> {
    for (const chain of servedChains(evidence)) {
      const [leaf] = chain.certificates;
      // one without any name at all is refused by Envoy itself
      if (!chain.refused && hasNoNames(leaf) && (leaf.commonName ?? '') !== '') yield faultOf(evidence, chain);
    }
    yield* unseen(evidence, 'whether the certificate has subject alternative names');
  },
};
