import { observed } from '../../facts/credential-trail.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { serversUsing, type UnreadPair } from '../../facts/key-pairs.ts';
import { eventsAbout } from '../../facts/log-events.ts';
import { envoysOf } from '../../facts/proxies.ts';
import { unseenPairs, type ServedChain } from '../../facts/served-chains.ts';
import { subjectOf } from '../../kubernetes/names.ts';
import type { EnvoyLoadedCertificate, EnvoyState } from '../../model/envoy.ts';
import type { Observation, Subject } from '../../model/finding.ts';
import { coversPattern } from '../../x509/covers-host.ts';
import type { Fault } from '../check.ts';
import { confirmServers } from './chain-fault.ts';
import { newPair, replaceValues } from './pair-remedies.ts';

const loadedObservation = (
  envoy: EnvoyState,
  { serialNumber, expirationTime }: EnvoyLoadedCertificate,
): Observation => ({
  source: 'config-dump',
  ref: `${envoy.namespace}/${envoy.pod}`,
  detail: `/certs: serial number ${serialNumber}, until ${expirationTime ?? '?'}`,
});

/** What `/certs` says of the leaf of a chain, one observation for each pod. */
export function loadedObservations(evidence: Evidence, { certificates: [leaf], uses }: ServedChain) {
  const workloads = new Set(uses.flatMap(({ workload }) => workload ?? []));
  return [...workloads].flatMap((workload) =>
    envoysOf(evidence, workload).flatMap((envoy) => {
      const own = envoy.loadedCertificates?.find(({ serialNumber }) => serialNumber === leaf.serialNumber);
      return own ? [loadedObservation(envoy, own)] : [];
    }),
  );
}

/** The certificates of `/certs` for the hosts of a server, where nothing but this page tells of them. */
function expiredIn(evidence: Evidence, { use: { workload, server } }: UnreadPair): readonly Observation[] {
  if (!workload) return [];
  return envoysOf(evidence, workload).flatMap((envoy) => {
    const own = (envoy.loadedCertificates ?? []).filter(
      ({ role, subjectAltNames }) =>
        role === 'leaf' &&
        server.hosts.some(({ host }) =>
          coversPattern({ dnsNames: subjectAltNames, ipAddresses: subjectAltNames }, host),
        ),
    );
    const ended = own.filter(
      ({ expirationTime }) => expirationTime !== undefined && +new Date(expirationTime) <= +evidence.now,
    );
    // a renewed one beside it may be the one in use
    return ended.length > 0 && ended.length === own.length ? ended.map((one) => loadedObservation(envoy, one)) : [];
  });
}

/** istiod's warning, unless the Secret changed after it: istiod looks again at each change. */
function warned(evidence: Evidence, { use, secret }: UnreadPair): readonly Observation[] {
  if (!secret) return [];
  const about = { ...secret, sdsName: use.sdsName, ...(use.workload && { workload: use.workload }) };
  const warning = eventsAbout(evidence, about, 'secret-expired').at(-1);
  if (!warning) return [];
  const changed = eventsAbout(evidence, about, 'secret-changed').at(-1);
  const isStale = changed?.at !== undefined && warning.at !== undefined && changed.at > warning.at;
  return isStale ? [] : [observed(warning)];
}

/** Expiry of certificates that nobody could read, as `/certs` and istiod's warnings tell it. */
export function* toldExpired(evidence: Evidence): Generator<Fault> {
  const groups = Map.groupBy(unseenPairs(evidence), ({ secret, use }) =>
    secret ? `${secret.namespace}/${secret.name}` : `${use.server.key}${use.path}`,
  );
  for (const [first, ...rest] of groups.values()) {
    if (!first) continue;
    const loaded = [first, ...rest].flatMap((one) => expiredIn(evidence, one));
    const seen = [...loaded, ...warned(evidence, first)];
    if (seen.length === 0) continue;
    const { secret, use } = first;
    const subject: Subject = secret
      ? { apiVersion: 'v1', kind: 'Secret', ...secret }
      : subjectOf(use.server.owner, use.path);
    const servers = serversUsing([first, ...rest].map((one) => one.use));
    const place = `${subject.kind} ${subject.namespace}/${subject.name}`;
    yield {
      subject,
      title: `The certificate of ${place}, which could not be read, has expired`,
      message: `The Secret could not be read; ${loaded.length > 0 ? 'Envoy says that the certificate it serves is past its last day' : 'istiod warns that its certificate is expired or not yet valid'}. It is served all the same, and clients refuse it.`,
      evidence: seen,
      affects: servers.map((server) => ({ server })),
      confidence: loaded.length > 0 ? 0.88 : 0.65,
      fix: replaceValues(evidence, subject, {
        summary: 'put the renewed certificate, its chain and its key into the Secret; no restart is needed',
        values: newPair('tls.crt', 'tls.key'),
      }),
      confirm: confirmServers(servers),
      ...(loaded.length === 0 && {
        decidedBy: 'the dates of the certificate: a handshake, or /certs of Envoy',
      }),
    };
  }
}
