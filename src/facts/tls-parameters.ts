import { objectAt, textAt, textsAt } from '../kubernetes/read.ts';
import { atLeast, type Release } from '../istio/release.ts';
import { defaultMinimum, readTlsVersion, settableSuites, type TlsVersion } from '../istio/tls-versions.ts';
import { attachmentOf } from './attachments.ts';
import { credentialsOf } from './credentials.ts';
import { derive, type Evidence } from './evidence.ts';
import { layout } from './listeners.ts';
import { meshConfig, release, rootNamespace, setting } from './mesh.ts';
import { terminatesTls, type Server } from './servers.ts';

/** The versions and suites that a server takes, and who says so. */
export interface TlsParameters {
  readonly minimum: TlsVersion;
  readonly maximum: TlsVersion;
  /** Who set the minimum: nobody, the mesh for all, or the server. */
  readonly minimumBy: 'default' | 'mesh' | 'server';
  /** Suites for TLS 1.2 and older that are in force; empty: Envoy's own choice. */
  readonly suites: readonly string[];
  /** Suites that are written and that this release passes over. */
  readonly passedOver: readonly string[];
  readonly rules?: Release;
}

/** What a server takes: its own fields, over `meshConfig.tlsDefaults`, over Envoy's defaults. */
export function tlsParametersOf(evidence: Evidence, server: Server): TlsParameters {
  const rules = attachmentOf(evidence, server).workloads[0]?.release ?? release(evidence);
  const mesh = objectAt(meshConfig(evidence).mesh, 'tlsDefaults');
  const own = readTlsVersion(server.tls?.minProtocolVersion);
  const ofMesh = readTlsVersion(textAt(mesh, 'minProtocolVersion'));
  const isFips = setting(evidence, rootNamespace(evidence), 'COMPLIANCE_POLICY') === 'fips-140-2';
  const suites = server.tls?.cipherSuites ?? [];
  const written = suites.length > 0 ? suites : textsAt(mesh, 'cipherSuites');
  const filtered = atLeast(rules, 1, 11);
  return {
    minimum: isFips ? 'TLSv1.2' : (own ?? ofMesh ?? defaultMinimum(rules)),
    maximum: isFips ? 'TLSv1.2' : (readTlsVersion(server.tls?.maxProtocolVersion) ?? 'TLSv1.3'),
    minimumBy: own ? 'server' : ofMesh ? 'mesh' : 'default',
    suites: filtered ? written.filter((suite) => settableSuites.has(suite)) : written,
    passedOver: filtered ? suites.filter((suite) => !settableSuites.has(suite)) : [],
    ...(rules && { rules }),
  };
}

/** Servers that end TLS with certificates of their own beside this one, on whatever port of the same gateways. */
const neighboursByWorkload = derive(
  (evidence) =>
    new Map(
      [...Map.groupBy(layout(evidence).listeners, ({ workload }) => workload.key)].map(([key, listeners]) => [
        key,
        listeners
          .flatMap(({ accepted }) => accepted)
          .filter((server) => terminatesTls(server) && server.tls?.mode !== 'ISTIO_MUTUAL'),
      ]),
    ),
);

/** A server of the same gateway that takes older versions than this one: a reason to think that its clients need them. */
export function milderNeighbour(evidence: Evidence, server: Server): Server | undefined {
  const neighbours = attachmentOf(evidence, server).workloads.flatMap(
    ({ key }) => neighboursByWorkload(evidence).get(key) ?? [],
  );
  return neighbours.find((one) => one !== server && tlsParametersOf(evidence, one).minimum !== 'TLSv1.3');
}

/** The kinds of keys that a server's certificates have, as far as they could be read. */
export function keyKinds(evidence: Evidence, server: Server): ReadonlySet<'rsa' | 'ec'> {
  const kinds = credentialsOf(evidence, server).flatMap(({ role, state }) => {
    if (role !== 'pair' || state.state !== 'pair') return [];
    const algorithm = state.secret.values[state.certKey]?.certificates[0]?.publicKey.algorithm;
    return algorithm === 'rsa' || algorithm === 'ec' ? [algorithm] : [];
  });
  return new Set(kinds);
}
