import { observed } from '../../facts/credential-trail.ts';
import { derive, type Evidence } from '../../facts/evidence.ts';
import { serversUsing } from '../../facts/key-pairs.ts';
import { eventsOf, isOfWorkload } from '../../facts/log-events.ts';
import { probesWith, servedChains, type ServedChain } from '../../facts/served-chains.ts';
import { destinations } from '../../facts/targets.ts';
import { named } from '../../kubernetes/names.ts';
import type { Certificate, RevocationList } from '../../model/certificate.ts';
import type { Observation } from '../../model/finding.ts';
import { comparableName } from '../../x509/distinguished-name.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { certificateNotAccepted } from '../symptoms.ts';
import { affectedBy, confirmServers, probeObservations } from './chain-fault.ts';
import { newPair, replaceValues } from './pair-remedies.ts';

interface KnownList {
  readonly list: RevocationList;
  readonly place: string;
}

/** Revocation lists of the evidence by their issuer: those that servers have for their clients speak of servers too. */
const lists = derive((evidence): ReadonlyMap<string, readonly KnownList[]> => {
  const all = evidence.snapshot.secrets.flatMap(({ namespace, name, values }) =>
    Object.entries(values).flatMap(([key, { revocationLists = [] }]) =>
      revocationLists.map((list): KnownList => ({ list, place: `Secret ${namespace}/${name} ${key}` })),
    ),
  );
  return Map.groupBy(all, ({ list }) => comparableName(list.issuer));
});

function listed(
  evidence: Evidence,
  { certificates }: ServedChain,
): { certificate: Certificate; by: KnownList } | undefined {
  for (const certificate of certificates) {
    const by = (lists(evidence).get(comparableName(certificate.issuer)) ?? []).find(({ list }) =>
      list.revoked.includes(certificate.serialNumber),
    );
    if (by) return { certificate, by };
  }
  return undefined;
}

/** What browsers, curl and OpenSSL say of a revoked certificate of the server. */
const revokedSymptom =
  /ERR_CERT_REVOKED|SEC_ERROR_REVOKED_CERTIFICATE|\bCERT_REVOKED\b|certificate (?:has been |is )?revoked/i;

/** The symptom that the user gave, where the run is about just one server. */
function symptomFor(evidence: Evidence, chain: ServedChain): Observation | undefined {
  const { symptom, targets } = evidence.snapshot.question;
  if (symptom === undefined || targets.length === 0 || !revokedSymptom.test(symptom)) return undefined;
  const asked = new Set(destinations(evidence).flatMap(({ server }) => server?.key ?? []));
  const own = serversUsing(chain.uses).some(({ key }) => asked.has(key));
  return own && asked.size === 1 ? { source: 'probe', ref: 'the client', detail: symptom.slice(0, 200) } : undefined;
}

/** Clients' own alerts, in a gateway's log at debug level; they name no host, so that they only add to other signs. */
function alertsAt(evidence: Evidence, { uses }: ServedChain): readonly Observation[] {
  const line = eventsOf(evidence, 'handshake-failed').findLast(
    (event) =>
      /ALERT_CERTIFICATE_REVOKED/.test(event.reason ?? '') &&
      uses.some(({ workload }) => workload !== undefined && isOfWorkload(event, workload)),
  );
  return line ? [observed(line)] : [];
}

interface Revoked {
  readonly certificate: Certificate;
  readonly how: string;
  readonly confidence: number;
  readonly seen: readonly Observation[];
}

function revoked(evidence: Evidence, chain: ServedChain): Revoked | undefined {
  const [leaf] = chain.certificates;
  const probes = probesWith(evidence, chain).filter(({ probe }) => probe.verify?.code === 'CERT_REVOKED');
  const alerts = alertsAt(evidence, chain);
  const found = listed(evidence, chain);
  if (found) {
    const { certificate, by } = found;
    const seen: Observation = {
      source: 'secret',
      ref: by.place,
      detail: `list of ${by.list.issuer}, ${by.list.thisUpdate}: serial number ${certificate.serialNumber}`,
    };
    const how = `it stands on its issuer’s revocation list of ${by.list.thisUpdate} (${by.place})`;
    return { certificate, how, confidence: 0.93, seen: [seen, ...probeObservations(probes), ...alerts] };
  }
  if (probes.length > 0) {
    const how = 'a client that asked its issuer was told so';
    return { certificate: leaf, how, confidence: 0.88, seen: [...probeObservations(probes), ...alerts] };
  }
  const symptom = symptomFor(evidence, chain);
  return symptom && { certificate: leaf, how: 'the client says so', confidence: 0.7, seen: [symptom, ...alerts] };
}

function faultOf(chain: ServedChain, evidence: Evidence, { certificate, how, confidence, seen }: Revoked): Fault {
  const { subject, pair, uses } = chain;
  const { certKey, keyKey } = pair ?? { certKey: 'tls.crt', keyKey: 'tls.key' };
  return {
    subject,
    title: `The certificate ${certificate.subject} in ${named(subject)} is revoked`,
    message: `${certificate.subject} (serial number ${certificate.serialNumber}) is revoked: ${how}. Clients that look at revocation refuse it, whatever its dates say.`,
    evidence: [...chain.seen.slice(0, 1), ...seen],
    affects: affectedBy(uses),
    confidence,
    clients: 'clients that look at revocation',
    fix: replaceValues(evidence, subject, {
      summary: 'have a new certificate issued for a new key, since the old key may be in other hands, and put both in',
      values: newPair(certKey, keyKey),
      doNot: ['go on with the same key: a key compromise is the usual reason for a revocation'],
    }),
    confirm: confirmServers(serversUsing(uses)),
  };
}

/** The issuer took a certificate of the chain back. Only what the evidence holds is looked at: no address is followed. */
export const certRevoked: Check = {
  name: 'cert-revoked',
  title: 'No certificate that is served is revoked',
  group: 'certificate',
  kind: 'cause',
  severity: 'error',
  step: 'server-certificate',
  reads: ['secret', 'probe', 'gateway-log', 'config-dump'],
  explains: certificateNotAccepted,
  *inspect(evidence): Iterable<Judgement> {
    for (const chain of servedChains(evidence)) {
      const found = chain.refused ? undefined : revoked(evidence, chain);
      if (found) yield faultOf(chain, evidence, found);
    }
  },
};
