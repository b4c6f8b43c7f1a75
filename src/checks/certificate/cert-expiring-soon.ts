import { lifetimeOf, sinceText, spanText } from '../../facts/certificate-dates.ts';
import { clientPath } from '../../facts/client-path.ts';
import { trustsBySubject } from '../../facts/client-trust.ts';
import { derive, type Evidence } from '../../facts/evidence.ts';
import { serversUsing } from '../../facts/key-pairs.ts';
import { writerOf, willRenew } from '../../facts/secret-writers.ts';
import { certificateText, servedChains } from '../../facts/served-chains.ts';
import type { Server } from '../../facts/servers.ts';
import { kinds } from '../../kubernetes/kinds.ts';
import { groupKind, named } from '../../kubernetes/names.ts';
import type { Certificate } from '../../model/certificate.ts';
import type { Observation, Subject } from '../../model/finding.ts';
import { isSelfSigned } from '../../x509/chain.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmServers } from './chain-fault.ts';
import { replaceValues } from './pair-remedies.ts';

const day = 86_400_000;

/**
 * How long before its end a certificate should have been renewed. Who renews by machine does so late in the lifetime:
 * cert-manager with a third left, Vault's agent with a tenth. So the warning begins behind both; only of certificates
 * that live for half a year and more, which people renew, it begins a month before the end.
 */
export function leadTime(certificate: Certificate): number {
  const lifetime = lifetimeOf(certificate);
  return lifetime >= 180 * day ? 30 * day : lifetime / 12;
}

function endsSoon(certificate: Certificate, now: Date): boolean {
  const left = +new Date(certificate.notAfter) - +now;
  return left > 0 && left <= leadTime(certificate) && +new Date(certificate.notBefore) <= +now;
}

interface Ending {
  readonly certificate: Certificate;
  readonly subject: Subject;
  readonly servers: readonly Server[];
  readonly seen: readonly Observation[];
  readonly key: string;
  readonly ofClients: boolean;
}

function willBeRenewed(evidence: Evidence, subject: Subject): boolean {
  if (groupKind(subject) !== kinds.secret) return false;
  const found = evidence.secret(subject.namespace, subject.name);
  const writer = writerOf(evidence, found.state === 'found' ? found.value : subject);
  return writer !== undefined && willRenew(writer, evidence.now);
}

const ofServers = (evidence: Evidence): readonly Ending[] =>
  servedChains(evidence).flatMap((served) => {
    const { subject, uses, seen, pair, certificates, refused } = served;
    const { links } = clientPath(evidence, certificates);
    const ending = refused ? undefined : links.find((one) => endsSoon(one, evidence.now) && !isRoot(one, links[0]));
    if (!ending || (ending === links[0] && willBeRenewed(evidence, subject))) return [];
    const key = pair?.certKey ?? 'tls.crt';
    return [{ certificate: ending, subject, servers: serversUsing(uses), seen, key, ofClients: false }];
  });

/** A root that was sent along: clients go by their own copy. */
const isRoot = (certificate: Certificate, leaf: Certificate): boolean =>
  certificate !== leaf && isSelfSigned(certificate);

/** A CA of clients that ends soon while no other of its name goes on. */
const ofClients = (evidence: Evidence): readonly Ending[] =>
  trustsBySubject(evidence).flatMap((trusts) => {
    const [{ anchors = [], subject, seen, ca }] = trusts;
    const lasting = anchors.some(
      (anchor) => +new Date(anchor.notAfter) > +evidence.now && !endsSoon(anchor, evidence.now),
    );
    const ending = lasting ? undefined : anchors.find((anchor) => endsSoon(anchor, evidence.now));
    const servers = [...new Set(trusts.map(({ server }) => server))];
    return ending ? [{ certificate: ending, subject, servers, seen, key: ca?.key ?? 'ca.crt', ofClients: true }] : [];
  });

/** Each certificate once, whichever Secrets hold it. */
const endings = derive((evidence): readonly (readonly [Ending, ...Ending[]])[] => {
  const all = [...ofServers(evidence), ...ofClients(evidence)];
  return [...Map.groupBy(all, ({ certificate }) => certificate.sha256).values()].flatMap(([first, ...rest]) =>
    first ? [[first, ...rest] as const] : [],
  );
});

function faultOf(evidence: Evidence, group: readonly [Ending, ...Ending[]]): Fault {
  const [{ certificate, subject, seen, key, ofClients: isClientCa }, ...others] = group;
  const servers = [...new Set(group.flatMap((one) => one.servers))];
  const end = `${certificate.notAfter} (${sinceText(certificate.notAfter, evidence.now)})`;
  const who = isClientCa ? 'every client whose certificate is of this CA is refused' : 'clients refuse the hosts';
  return {
    subject,
    title: `${certificate.subject} in ${named(subject)} ends ${end}`,
    message: `Of a lifetime of ${spanText(lifetimeOf(certificate))} only ${spanText(+new Date(certificate.notAfter) - +evidence.now)} are left, and nothing is seen that would renew it. From then on ${who}.`,
    evidence: [
      ...seen.slice(0, 2),
      ...(seen.some(({ detail }) => detail.includes(certificate.notAfter))
        ? []
        : [
            {
              ...(seen[0] ?? { source: 'secret' as const, ref: named(subject) }),
              detail: certificateText(certificate),
            },
          ]),
    ],
    affects: servers.map((server) => ({ server })),
    confidence: 0.9,
    step: isClientCa ? 'client-certificate' : 'server-certificate',
    related: others.map((one) => one.subject),
    clients: 'nobody yet',
    fix: replaceValues(evidence, subject, {
      summary: isClientCa
        ? 'add the successor of this CA to the bundle before it ends, and keep the old one until its clients are gone'
        : 'renew it now; the gateway takes a changed Secret within seconds',
      values: { [key]: isClientCa ? '<BASE64_OF_OLD_AND_NEW_CA.pem>' : '<BASE64_OF_CHAIN.pem>' },
    }),
    confirm: confirmServers(servers),
  };
}

/** A certificate is near its end, measured by its own lifetime, and nothing is seen that would renew it. */
export const certExpiringSoon: Check = {
  name: 'cert-expiring-soon',
  title: 'Every certificate is renewed in good time',
  group: 'certificate',
  kind: 'cause',
  severity: 'warning',
  step: 'server-certificate',
  reads: ['secret', 'probe', 'config-dump', 'resource'],
  explains: [],
  *inspect(evidence): Iterable<Judgement> {
    for (const group of endings(evidence)) yield faultOf(evidence, group);
  },
};
