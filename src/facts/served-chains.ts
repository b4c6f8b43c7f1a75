import { subjectOf } from '../kubernetes/names.ts';
import type { Certificate } from '../model/certificate.ts';
import type { Gap } from '../model/coverage.ts';
import type { Observation, Subject } from '../model/finding.ts';
import { readCertificate } from '../x509/read-certificate.ts';
import { derive, type Evidence } from './evidence.ts';
import { inlineContexts } from './inline-contexts.ts';
import { keyPairs, serversUsing, unreadPairs, type KeyPair, type PairUse, type UnreadPair } from './key-pairs.ts';
import { isServed } from './listeners.ts';
import { expectedRefusals, leafOf } from './pair-problems.ts';
import { probesOf, type ReadProbe } from './probes.ts';
import { heldBy } from './proxies.ts';

/**
 * The certificates that servers give to their clients, leaf first: as the Secret holds them, or, where that could not be
 * read, as Envoy holds them or as a client got them.
 */
export interface ServedChain {
  readonly certificates: readonly [Certificate, ...Certificate[]];
  /** The object to mend: the Secret; where none is known, the field of the Gateway that names it. */
  readonly subject: Subject;
  /** The Secret that holds it, where its content was read. */
  readonly pair?: KeyPair;
  readonly uses: readonly PairUse[];
  readonly from: 'secret' | 'config-dump' | 'probe';
  readonly seen: readonly Observation[];
  /** Envoy refuses the pair, so that nobody gets this chain. */
  readonly refused: boolean;
}

const chains = new WeakMap<readonly string[], readonly Certificate[]>();

/** The certificates of a probe, leaf first. */
export function certificatesOf(pems: readonly string[] | undefined): readonly Certificate[] {
  if (!pems) return [];
  const known = chains.get(pems);
  if (known) return known;
  const read = pems.flatMap((pem) => readCertificate(pem) ?? []);
  chains.set(pems, read);
  return read;
}

/** `CN=shop,O=Example of CN=Issuing CA, until 2026-05-01T…`: a certificate in one line. */
export const certificateText = ({ subject, issuer, notBefore, notAfter }: Certificate): string =>
  `${subject === '' ? '(no subject)' : subject}, issued by ${issuer}, ${notBefore} to ${notAfter}`;

function ofPair(evidence: Evidence, pair: KeyPair): readonly ServedChain[] {
  const leaf = leafOf(pair);
  if (!leaf) return [];
  const rest = pair.chain.certificates.filter((certificate) => certificate !== leaf);
  const { secret, certKey } = pair;
  return [
    {
      certificates: [leaf, ...rest],
      subject: subjectOf(secret, `data[${certKey}]`),
      pair,
      uses: pair.uses,
      from: 'secret',
      seen: [
        { source: 'secret', ref: `${secret.namespace}/${secret.name}`, detail: `${certKey}: ${certificateText(leaf)}` },
      ],
      refused: expectedRefusals(evidence, pair).length > 0,
    },
  ];
}

interface Sighting {
  readonly certificates: readonly [Certificate, ...Certificate[]];
  readonly from: 'config-dump' | 'probe';
  readonly seen: Observation;
}

function inDumps(evidence: Evidence, { workload, sdsName, server }: PairUse): readonly Sighting[] {
  if (!workload) return [];
  const bySecret = heldBy(evidence, workload, sdsName).flatMap(({ envoy, state, secret }) =>
    state === 'active' ? [{ envoy, certificates: secret?.certificates ?? [], name: sdsName }] : [],
  );
  const inline = inlineContexts(evidence, workload, server).flatMap(({ envoy, tls }) =>
    tls.inlineCertificates ? [{ envoy, certificates: tls.inlineCertificates, name: '<inline>' }] : [],
  );
  return [...bySecret, ...inline].flatMap(({ envoy, certificates, name }) => {
    const [leaf, ...rest] = certificates;
    if (!leaf) return [];
    const detail = `${name} ACTIVE: ${certificateText(leaf)}`;
    const seen = { source: 'config-dump' as const, ref: `${envoy.namespace}/${envoy.pod}`, detail };
    return [{ certificates: [leaf, ...rest] as const, from: 'config-dump' as const, seen }];
  });
}

function inProbes(evidence: Evidence, { server }: PairUse): readonly Sighting[] {
  return probesOf(evidence)(server).flatMap(({ probe }) => {
    const [leaf, ...rest] = certificatesOf(probe.chain);
    if (!leaf) return [];
    const seen = {
      source: 'probe' as const,
      ref: `${probe.address}:${probe.port} (${probe.via})`,
      detail: `SNI ${probe.sni ?? '(none)'} gets ${certificateText(leaf)}`,
    };
    return [{ certificates: [leaf, ...rest] as const, from: 'probe' as const, seen }];
  });
}

/** Pods may hold an older version: the newest one is what the Secret holds. */
function newest(sightings: readonly Sighting[]): Sighting | undefined {
  return [...sightings].sort((a, b) => b.certificates[0].notBefore.localeCompare(a.certificates[0].notBefore))[0];
}

function ofUnread(evidence: Evidence, unread: readonly UnreadPair[]): readonly ServedChain[] {
  const [first] = unread;
  if (!first) return [];
  const { secret, use, absent } = first;
  const sightings = unread.flatMap((one) => inDumps(evidence, one.use));
  const single = use.server.tls?.credentialNames.length !== 2;
  const found =
    newest(sightings) ??
    (single && isServed(evidence, use.server)
      ? newest(unread.flatMap((one) => inProbes(evidence, one.use)))
      : undefined);
  if (!found) return [];
  const subject: Subject =
    secret && !absent ? { apiVersion: 'v1', kind: 'Secret', ...secret } : subjectOf(use.server.owner, use.path);
  return [
    {
      certificates: found.certificates,
      subject,
      uses: unread.map((one) => one.use),
      from: found.from,
      seen: [found.seen],
      refused: false,
    },
  ];
}

/** A pair whose certificates a snapshot left out is as good as unread. */
const withheld: Gap = { reason: 'not-collected', detail: 'the snapshot has the Secret without its certificates' };

const unreadAll = derive((evidence): readonly UnreadPair[] => [
  ...unreadPairs(evidence),
  ...keyPairs(evidence).flatMap(({ chain, secret, uses }) =>
    chain.kind === 'withheld' && chain.certificates.length === 0
      ? uses.map((use) => ({ use, secret, gap: withheld, absent: false }))
      : [],
  ),
]);

const unreadGroups = derive((evidence) => [
  ...Map.groupBy(unreadAll(evidence), ({ use, secret }) =>
    secret && !use.assumed ? `${secret.namespace}/${secret.name}` : `${use.server.key}|${use.path}`,
  ).values(),
]);

interface Chains {
  readonly known: readonly ServedChain[];
  /** Uses of which nothing at all is known, neither from Secret nor dump nor probe. */
  readonly unknown: readonly UnreadPair[];
}

const all = derive((evidence): Chains => {
  const known: ServedChain[] = keyPairs(evidence).flatMap((pair) => ofPair(evidence, pair));
  const unknown: UnreadPair[] = [];
  for (const group of unreadGroups(evidence)) {
    const found = ofUnread(evidence, group);
    if (found.length > 0) known.push(...found);
    else unknown.push(...group.filter(({ absent }) => !absent));
  }
  return { known, unknown };
});

/** Every chain that servers give to clients, once, with all its uses. */
export const servedChains = (evidence: Evidence): readonly ServedChain[] => all(evidence).known;

/** The pairs of which nothing is known: what a check of certificates could not look at. */
export const unseenPairs = (evidence: Evidence): readonly UnreadPair[] => all(evidence).unknown;

/** The probes in which a client got just this chain, whichever of its servers it asked. */
export function probesWith(evidence: Evidence, { certificates, uses }: ServedChain): readonly ReadProbe[] {
  const wanted = certificates.map(({ sha256 }) => sha256).join();
  return serversUsing(uses).flatMap((server) =>
    probesOf(evidence)(server).filter(
      ({ probe }) =>
        certificatesOf(probe.chain)
          .map(({ sha256 }) => sha256)
          .join() === wanted,
    ),
  );
}

/**
 * Whether clients get this very leaf now: true where a probe or an Envoy shows it, false where those of its servers show
 * another one only; undefined where neither was seen.
 */
export function isPresented(evidence: Evidence, chain: ServedChain): boolean | undefined {
  if (chain.from !== 'secret') return true;
  const [leaf] = chain.certificates;
  const probed = serversUsing(chain.uses).flatMap((server) =>
    probesOf(evidence)(server).flatMap(({ probe }) => certificatesOf(probe.chain)[0] ?? []),
  );
  if (probed.length > 0) return probed.some(({ sha256 }) => sha256 === leaf.sha256);
  const heldLeaves = chain.uses.flatMap(({ workload, sdsName }) =>
    workload ? heldBy(evidence, workload, sdsName).filter(({ state }) => state === 'active') : [],
  );
  if (heldLeaves.length === 0) return undefined;
  return heldLeaves.some(({ secret }) => secret?.certificates[0]?.sha256 === leaf.sha256);
}
