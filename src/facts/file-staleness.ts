import type { Certificate } from '../model/certificate.ts';
import type { Observation } from '../model/finding.ts';
import type { Secret } from '../model/secret.ts';
import { derive, type Evidence } from './evidence.ts';
import { namedFiles, readsFilesItself, type NamedFile } from './named-files.ts';
import type { Pod } from './pods.ts';
import { envoysOf } from './proxies.ts';
import { shownFor } from './served-certificates.ts';

/** A mounted chain that changed after Envoy had read it. */
export interface StaleFile {
  readonly named: NamedFile;
  readonly secret: Secret;
  readonly leaf: Certificate;
  /** Why Envoy does not read it again: an old release, or a file mounted by `subPath`. */
  readonly because: 'release' | 'sub-path';
  readonly observations: readonly Observation[];
  /** NAMESPACE/NAME of the pods that are known to be stale; empty where a balancer hides them. */
  readonly pods: readonly string[];
  /** A certificate was seen that is not that of the Secret; else it is only told by dates. */
  readonly seen: boolean;
  /** What clients were shown, where it was a certificate that could be read. */
  readonly shown?: Certificate;
}

/** The last write to a Secret that is known. */
function changedAt({ changes, createdAt }: Secret): string | undefined {
  const times = [...changes.map(({ at }) => at), ...(createdAt === undefined ? [] : [createdAt])];
  return times.sort().at(-1);
}

interface Sight {
  readonly pod?: string;
  readonly observation: Observation;
  readonly shown?: Certificate;
}

/** What the Envoys loaded from that path, by serial number, as `/certs` lists it. */
function loadedElse(evidence: Evidence, { workload, file }: NamedFile, leaf: Certificate): readonly Sight[] {
  return envoysOf(evidence, workload).flatMap(({ namespace, pod, loadedCertificates }) => {
    const loaded = loadedCertificates?.find(({ role, path }) => role === 'leaf' && path === file);
    if (!loaded || loaded.serialNumber === leaf.serialNumber) return [];
    const place = `${namespace}/${pod}`;
    const until = loaded.expirationTime === undefined ? '' : `, until ${loaded.expirationTime}`;
    const detail = `/certs: ${file} with serial number ${loaded.serialNumber}${until}`;
    return [{ pod: place, observation: { source: 'config-dump', ref: place, detail } }];
  });
}

function shownElse(evidence: Evidence, { server }: NamedFile, leaf: Certificate): readonly Sight[] {
  return shownFor(evidence, server)
    .filter(
      ({ leaf: shown }) => shown.sha256 !== leaf.sha256 && Date.parse(shown.notBefore) <= Date.parse(leaf.notBefore),
    )
    .map(({ leaf: shown, ref, pod }) => ({
      shown,
      observation: {
        source: 'probe',
        ref,
        detail: `shown: serial number ${shown.serialNumber}, until ${shown.notAfter}`,
      },
      ...(pod !== undefined && { pod }),
    }));
}

/** Pods that had read the file, at their start or when the Gateway came, before the Secret was last written. */
function olderPods({ workload, server }: NamedFile, secret: Secret): readonly Pod[] {
  const changed = changedAt(secret);
  if (changed === undefined || (server.owner.createdAt ?? '') >= changed) return [];
  return workload.pods.filter(({ startedAt }) => startedAt !== undefined && startedAt < changed);
}

function sightsOfDates(named: NamedFile, secret: Secret): readonly Sight[] {
  return olderPods(named, secret).map((pod) => ({
    pod: `${pod.namespace}/${pod.name}`,
    observation: {
      source: 'resource',
      ref: `Pod ${pod.namespace}/${pod.name}`,
      detail: `started ${pod.startedAt ?? ''}, before the Secret was written at ${changedAt(secret) ?? ''}`,
    },
  }));
}

function stalenessOf(evidence: Evidence, named: NamedFile): readonly StaleFile[] {
  const { mounted, isChain } = named;
  if (!isChain || mounted.link !== 'secret' || mounted.lookup.state !== 'found') return [];
  const because = mounted.subPath ? 'sub-path' : readsFilesItself(evidence, named) ? 'release' : undefined;
  const secret = mounted.lookup.value;
  const leaf = secret.values[mounted.key]?.certificates[0];
  if (because === undefined || !leaf) return [];
  const seen = [...loadedElse(evidence, named, leaf), ...shownElse(evidence, named, leaf)];
  const looked =
    shownFor(evidence, named.server).length > 0 ||
    envoysOf(evidence, named.workload).some(({ loadedCertificates }) =>
      loadedCertificates?.some(({ path }) => path === named.file),
    );
  const sights = looked ? seen : sightsOfDates(named, secret);
  if (sights.length === 0) return [];
  const shown = sights.find((sight) => sight.shown)?.shown;
  return [
    {
      named,
      secret,
      leaf,
      because,
      observations: sights.map(({ observation }) => observation),
      pods: [...new Set(sights.flatMap(({ pod }) => pod ?? []))],
      seen: seen.length > 0,
      ...(shown && { shown }),
    },
  ];
}

/** Mounted certificates that Envoy still serves in an older version than the Secret holds. */
export const staleFiles = derive((evidence): readonly StaleFile[] =>
  namedFiles(evidence).flatMap((named) => stalenessOf(evidence, named)),
);
