import type { Evidence } from '../../facts/evidence.ts';
import { isInMesh, peerModeOf, type PeerMode } from '../../facts/mesh-membership.ts';
import type { Pod } from '../../facts/pods.ts';
import { podsOf, targetPortNumber } from '../../facts/services.ts';
import { waysPastGateways, type WayPast } from '../../facts/ways-past-gateways.ts';
import { kinds } from '../../kubernetes/kinds.ts';
import { fullName, named, subjectOf } from '../../kubernetes/names.ts';
import type { Fix, Observation } from '../../model/finding.ts';
import type { Resource } from '../../model/resource.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { applyManifest, confirmHost, deleteObject } from '../remedies.ts';
import { observedProbe } from '../symptom/probe-symptom.ts';
import { decisionOn } from './field-change.ts';

interface Refused {
  readonly way: WayPast;
  readonly peer: PeerMode;
  readonly policy: Resource;
  readonly pod: Pod;
  readonly number?: number;
}

function refusedBy(evidence: Evidence, way: WayPast): Refused | undefined {
  const pod = podsOf(evidence, way.service).find((one) => isInMesh(evidence, one));
  if (!pod) return undefined;
  const number = way.port && targetPortNumber(way.port, pod);
  const peer = peerModeOf(evidence, pod, number);
  if (peer.mode !== 'STRICT' || !peer.policy) return undefined;
  return { way, peer, policy: peer.policy, pod, ...(number !== undefined && { number }) };
}

/** An exception for one port of one workload: everything else stays STRICT. */
function fixOf({ way, pod, number, policy }: Refused): Fix {
  const { service } = way;
  const name = `${service.name}-plaintext-port`;
  const manifest = {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name, namespace: pod.namespace },
    spec: {
      selector: { matchLabels: { ...service.selector } },
      mtls: { mode: 'STRICT' },
      portLevelMtls: { [String(number ?? '<PORT>')]: { mode: 'PERMISSIVE' } },
    },
  };
  return {
    summary: `lead the traffic through the gateway of the mesh, or give the controller in front a sidecar; else let this one port take plaintext too`,
    commands: [applyManifest(manifest)],
    undo: [deleteObject({ apiVersion: manifest.apiVersion, kind: manifest.kind, namespace: pod.namespace, name })],
    doNot: [`set ${named(policy)} to PERMISSIVE: every workload that it is for would take plaintext`],
    widensAccess: `anybody who reaches port ${number ?? ''} of these pods, without a certificate of the mesh`,
    ...decisionOn(policy),
  };
}

function faultOf(evidence: Evidence, refused: readonly Refused[]): Fault | undefined {
  const [first] = refused;
  if (!first) return undefined;
  const { policy, peer, way } = first;
  const hosts = [...new Set(refused.flatMap((one) => one.way.hosts))];
  const failing = evidence.snapshot.probes.filter(
    ({ host, outcome, http }) =>
      hosts.includes(host.toLowerCase()) &&
      (outcome === 'reset' || outcome === 'closed' || (http !== undefined && http.status >= 502 && http.status <= 504)),
  );
  const title = `${named(policy)} wants mutual TLS of the mesh for ${fullName(way.service)}, which ${named(way.by)} reaches beside the gateway`;
  return {
    subject: subjectOf(policy, peer.path),
    title,
    message: `${title}. The sidecar closes every connection that does not begin with TLS of the mesh, so that clients of ${hosts.join(', ') || 'that way'} get a reset, or a 502 or 503 of what stands in front.`,
    evidence: [
      { source: 'resource', ref: `${named(policy)} ${peer.path}`, detail: 'STRICT' },
      ...refused.slice(0, 3).map((one): Observation => ({
        source: 'resource',
        ref: `${named(one.way.by)} ${one.way.path}`,
        detail: one.way.says,
      })),
      ...failing.slice(0, 2).map(observedProbe),
    ],
    affects: [{ hosts }],
    confidence: failing.length > 0 ? 0.88 : 0.6,
    severity: failing.length > 0 ? 'error' : 'warning',
    related: refused.slice(0, 5).map((one) => subjectOf(one.way.by, one.way.path)),
    clients: 'clients that come by that way; those of the gateway are served',
    fix: fixOf(first),
    confirm: confirmHost(hosts[0]),
    ruledOut: ['the gateway of the mesh: this traffic never meets it'],
  };
}

/** Traffic reaches a workload beside the gateway, and STRICT mutual TLS refuses it. */
export const strictMtlsBypass: Check = {
  name: 'strict-mtls-bypass',
  title: 'No way past the gateway leads to a workload that takes mutual TLS only',
  group: 'routing',
  kind: 'cause',
  severity: 'warning',
  step: 'http',
  reads: ['resource', 'probe'],
  explains: [
    { check: 'handshake-reset', over: 'host' },
    { check: 'http-upstream-failure', over: 'host' },
  ],
  *inspect(evidence): Iterable<Judgement> {
    if (evidence.list(kinds.peerAuthentication).items.length === 0) return;
    const refused = waysPastGateways(evidence).flatMap((way) => refusedBy(evidence, way) ?? []);
    const key = ({ policy, way }: Refused): string => `${fullName(policy)} ${fullName(way.service)}`;
    for (const own of Map.groupBy(refused, key).values()) {
      const fault = faultOf(evidence, own);
      if (fault) yield fault;
    }
  },
};
