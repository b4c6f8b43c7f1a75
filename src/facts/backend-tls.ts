import { speaksTls } from '../istio/port-protocol.ts';
import { kinds } from '../kubernetes/kinds.ts';
import { named } from '../kubernetes/names.ts';
import { objectsAt, textAt } from '../kubernetes/read.ts';
import type { Observation } from '../model/finding.ts';
import type { AccessLogEntry } from '../model/log-event.ts';
import type { Resource } from '../model/resource.ts';
import { answerOf } from './answers.ts';
import type { UpstreamTls } from './destination-rules.ts';
import { clusterName, trafficPolicyOf } from './destinations.ts';
import { derive, type Evidence } from './evidence.ts';
import type { BackendUse } from './gateway-backends.ts';
import { isInMesh, peerModeOf, probedScheme, type PeerMode } from './mesh-membership.ts';
import type { Pod } from './pods.ts';
import { requestsFor } from './requests.ts';
import { podsOf, targetPortNumber } from './services.ts';

/** What is wrong between gateway and backend, by what the gateway speaks and what is there. */
export type BackendTrouble =
  | 'plaintext-to-tls'
  | 'tls-to-plaintext'
  | 'mesh-to-plaintext'
  | 'plaintext-to-strict'
  | 'tls-to-strict'
  | 'tls-twice'
  | 'not-verified'
  | 'wrong-name'
  | 'client-certificate';

export interface BackendTls {
  readonly trouble: BackendTrouble;
  readonly use: BackendUse;
  readonly rule?: Resource;
  readonly tls?: UpstreamTls;
  readonly peer?: PeerMode;
  /** What shows it, the objects first. */
  readonly signs: readonly Observation[];
  readonly lines: readonly AccessLogEntry[];
}

/** Everything that is known of one backend's side of the connection. */
interface Side {
  readonly use: BackendUse;
  readonly rule?: Resource;
  readonly tls?: UpstreamTls;
  readonly pods: readonly Pod[];
  readonly lines: readonly AccessLogEntry[];
}

/** BackendTLSPolicies by the Service that they are for. */
const backendPolicies = derive((evidence): ReadonlySet<string> => {
  const items = evidence.list(kinds.backendTlsPolicy).items;
  return new Set(
    items.flatMap(({ namespace, body }) =>
      objectsAt(body, 'spec', 'targetRefs').flatMap(({ value }) => `${namespace}/${textAt(value, 'name') ?? ''}`),
    ),
  );
});

function sideOf(evidence: Evidence, use: BackendUse): Side {
  const { backend, clients, hosts } = use;
  const { service } = backend;
  const policy = trafficPolicyOf(evidence, backend, clients[0] ?? '');
  const cluster = clusterName(backend);
  return {
    use,
    ...policy,
    pods: service ? podsOf(evidence, service) : [],
    lines: hosts
      .flatMap((host) => requestsFor(evidence, host))
      .filter(({ upstreamCluster }) => upstreamCluster === cluster),
  };
}

const failure = ({ upstreamFailure, details }: AccessLogEntry): string => `${upstreamFailure ?? ''} ${details ?? ''}`;

const withReason = (lines: readonly AccessLogEntry[], reason: RegExp): readonly AccessLogEntry[] =>
  lines.filter((line) => reason.test(failure(line)));

/** The backend closed a connection in which nothing of its kind came: what a TLS server does with plain HTTP. */
const brokenOff = (lines: readonly AccessLogEntry[]): readonly AccessLogEntry[] =>
  lines.filter(
    ({ flags, status }) =>
      status !== undefined && status >= 500 && flags.some((flag) => flag === 'UC' || flag === 'UR' || flag === 'UPE'),
  );

/** nginx and Go answer plain HTTP on a TLS port with 400. */
const refusedAsPlain = (lines: readonly AccessLogEntry[]): readonly AccessLogEntry[] =>
  lines.filter(({ status, flags }) => status === 400 && flags.length === 0);

const succeeded = (lines: readonly AccessLogEntry[]): boolean =>
  lines.some(
    ({ status, flags }) => status !== undefined && status > 0 && status < 500 && status !== 400 && flags.length === 0,
  );

function schemeOf({ use, pods }: Side): 'HTTP' | 'HTTPS' | undefined {
  const { servicePort } = use.backend;
  for (const pod of pods) {
    const port = servicePort && targetPortNumber(servicePort, pod);
    const scheme = port === undefined ? undefined : probedScheme(pod, port);
    if (scheme) return scheme;
  }
  return undefined;
}

function portSign({ backend }: BackendUse): Observation | undefined {
  const { service, servicePort, entry, entryPort, protocol } = backend;
  if (!speaksTls(protocol)) return undefined;
  if (service && servicePort) {
    const { name, appProtocol, index } = servicePort;
    const detail = appProtocol === undefined ? `named ${name ?? ''}` : `appProtocol ${appProtocol}`;
    return { source: 'resource', ref: `${named(service.resource)} spec.ports[${index}]`, detail };
  }
  if (!entry || !entryPort) return undefined;
  return {
    source: 'resource',
    ref: `${named(entry.resource)} spec.ports[${entryPort.index}]`,
    detail: `protocol ${entryPort.protocol}`,
  };
}

/** Signs that the backend speaks TLS itself. A number alone is none, unless connections break off. */
function tlsSigns(side: Side): readonly Observation[] {
  const { use, pods, lines } = side;
  const port = portSign(use);
  const [pod] = pods;
  const scheme: Observation | undefined =
    pod && schemeOf(side) === 'HTTPS'
      ? { source: 'resource', ref: named(pod.resource), detail: 'its own probes ask this port by HTTPS' }
      : undefined;
  const number = use.backend.port ?? 0;
  const usual = String(number).endsWith('443') && brokenOff(lines).length + refusedAsPlain(lines).length > 0;
  const guess: Observation | undefined =
    usual && !port
      ? {
          source: 'resource',
          ref: `${named(use.owner)} ${use.path}`,
          detail: `port ${number}, and connections to it break off`,
        }
      : undefined;
  return [port, scheme, guess].filter((sign) => sign !== undefined);
}

const originates = (tls: UpstreamTls | undefined): boolean => tls?.mode === 'SIMPLE' || tls?.mode === 'MUTUAL';

function plaintextTrouble(evidence: Evidence, side: Side): Omit<BackendTls, keyof Side> | undefined {
  const { use, tls, lines } = side;
  const { service } = use.backend;
  if (originates(tls) || use.section === 'tls') return undefined;
  if (service && backendPolicies(evidence).has(`${service.namespace}/${service.name}`)) return undefined;
  const signs = tlsSigns(side);
  if (signs.length === 0 || succeeded(lines)) return undefined;
  return { trouble: 'plaintext-to-tls', signs };
}

function ruleSign({ rule, tls }: Side): readonly Observation[] {
  if (!rule || !tls) return [];
  return [{ source: 'resource', ref: `${named(rule)} ${tls.path}`, detail: `mode ${tls.mode}` }];
}

/** What refuses the gateway where a policy of the mesh wants mutual TLS and a DestinationRule takes it away. */
function strictTrouble(evidence: Evidence, side: Side): Omit<BackendTls, keyof Side> | undefined {
  const { use, tls, pods, lines } = side;
  const [pod] = pods.filter((one) => isInMesh(evidence, one));
  if (!pod || !tls || (tls.mode !== 'DISABLE' && !originates(tls)) || succeeded(lines)) return undefined;
  const port = use.backend.servicePort && targetPortNumber(use.backend.servicePort, pod);
  const peer = peerModeOf(evidence, pod, port);
  if (peer.mode !== 'STRICT') return undefined;
  const sign: Observation | undefined = peer.policy && {
    source: 'resource',
    ref: `${named(peer.policy)} ${peer.path}`,
    detail: 'STRICT',
  };
  return {
    trouble: tls.mode === 'DISABLE' ? 'plaintext-to-strict' : 'tls-to-strict',
    signs: [...ruleSign(side), ...(sign ? [sign] : [])],
    peer,
  };
}

function seenTrouble(side: Side): Omit<BackendTls, keyof Side> | undefined {
  const { tls, lines } = side;
  const signs = ruleSign(side);
  if (withReason(lines, /Secret is not supplied by SDS/).length > 0) return { trouble: 'client-certificate', signs };
  if (withReason(lines, /CERTIFICATE_VERIFY_FAILED/).length > 0) return { trouble: 'not-verified', signs };
  if (withReason(lines, /UNRECOGNIZED_NAME/).length > 0) return { trouble: 'wrong-name', signs };
  if (withReason(lines, /WRONG_VERSION_NUMBER/).length > 0) {
    return { trouble: tls?.mode === 'ISTIO_MUTUAL' || !tls ? 'mesh-to-plaintext' : 'tls-to-plaintext', signs };
  }
  return undefined;
}

/** What the objects alone tell of a DestinationRule that does not suit its backend. */
function writtenTrouble(evidence: Evidence, side: Side): Omit<BackendTls, keyof Side> | undefined {
  const { use, tls, pods, lines } = side;
  if (use.section === 'tls') return originates(tls) ? { trouble: 'tls-twice', signs: ruleSign(side) } : undefined;
  if (succeeded(lines)) return undefined;
  const ready = pods.filter((pod) => pod.ready);
  if (tls?.mode === 'ISTIO_MUTUAL' && ready.length > 0 && ready.every((pod) => !isInMesh(evidence, pod))) {
    const sign: Observation = {
      source: 'resource',
      ref: named(ready[0]?.resource ?? use.owner),
      detail: 'has no sidecar',
    };
    return { trouble: 'mesh-to-plaintext', signs: [...ruleSign(side), sign] };
  }
  if (originates(tls) && schemeOf(side) === 'HTTP') {
    const sign: Observation = {
      source: 'resource',
      ref: named(pods[0]?.resource ?? use.owner),
      detail: 'its own probes ask this port by plain HTTP',
    };
    return { trouble: 'tls-to-plaintext', signs: [...ruleSign(side), sign] };
  }
  return undefined;
}

/** What is wrong with TLS between a gateway and a backend; undefined: nothing is known to be, or it is seen to work. */
export function backendTlsOf(evidence: Evidence, use: BackendUse): BackendTls | undefined {
  const { state } = use.backend.state;
  if (state !== 'found') return undefined;
  if (use.isWhole && use.hosts.some((host) => answerOf(evidence, use.server, host))) return undefined;
  const side = sideOf(evidence, use);
  const found =
    seenTrouble(side) ??
    strictTrouble(evidence, side) ??
    writtenTrouble(evidence, side) ??
    plaintextTrouble(evidence, side);
  if (!found) return undefined;
  const { rule, tls, lines } = side;
  return { ...found, use, lines, ...(rule && { rule }), ...(tls && { tls }) };
}

/** The lines that show the trouble, newest last. */
export const troubleLines = ({ lines }: BackendTls): readonly AccessLogEntry[] =>
  lines
    .filter(({ status, flags }) => (status !== undefined && status >= 500) || (status === 400 && flags.length === 0))
    .slice(-2);
