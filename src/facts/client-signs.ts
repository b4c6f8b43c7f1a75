import type { Observation } from '../model/finding.ts';
import { clientRefusals, type ClientRefusal } from './client-refusals.ts';
import { observed } from './credential-trail.ts';
import { derive, type Evidence } from './evidence.ts';
import { layout, type Listener } from './listeners.ts';
import { eventsOf, isOfWorkload } from './log-events.ts';
import { envoysOf } from './proxies.ts';
import { asksClients, type Server } from './servers.ts';

/** Why a client was refused, as far as logs and statistics tell: `none` is a client without any certificate. */
export type SignedWhy = ClientRefusal['why'] | 'none';

/** Clients that were refused, by what a gateway wrote or counted; neither tells which client, nor which host. */
export interface ClientSign {
  readonly why: SignedWhy;
  /** The servers on that listener that ask clients for certificates: it was one of them. */
  readonly servers: readonly [Server, ...Server[]];
  readonly seen: readonly Observation[];
}

/**
 * The words of a failed verification, the most telling first. Envoy before 1.37 (Istio 1.29) gives none of them, and its
 * log has failed handshakes at debug level only.
 */
const words: readonly (readonly [RegExp, SignedWhy])[] = [
  [/PEER_DID_NOT_RETURN_A_CERTIFICATE|peer did not return a certificate/i, 'none'],
  [/KEY_USAGE_BIT_INCORRECT|unsupported certificate purpose|unsuitable certificate purpose/i, 'usage'],
  [/depth 0: certificate has expired/i, 'expired'],
  [/depth 0: certificate is not yet valid/i, 'not-yet-valid'],
  [/certificate revoked/i, 'revoked'],
  [/verify SAN list/i, 'names'],
  [/cert hash and spki/i, 'pins'],
  [/unable to get (?:local )?issuer|self[- ]signed certificate|unable to verify the first/i, 'untrusted'],
];

const whyOf = (reason: string): SignedWhy | undefined => words.find(([pattern]) => pattern.test(reason))?.[1];

const counters: Readonly<Record<string, SignedWhy>> = {
  fail_verify_no_cert: 'none',
  fail_verify_san: 'names',
  fail_verify_cert_hash: 'pins',
};

const counterName = /^listener\.\S+_(\d{1,5})\.ssl\.(fail_verify_\w+)$/;

interface Asking {
  readonly listener: Listener;
  readonly servers: readonly [Server, ...Server[]];
}

const asking = derive((evidence): readonly Asking[] =>
  layout(evidence).listeners.flatMap((listener) => {
    const [first, ...rest] = listener.accepted.filter(asksClients);
    return first ? [{ listener, servers: [first, ...rest] as const }] : [];
  }),
);

function inLogs(evidence: Evidence, { listener, servers }: Asking): readonly ClientSign[] {
  const lines = eventsOf(evidence, 'handshake-failed').filter((event) => isOfWorkload(event, listener.workload));
  const byWhy = Map.groupBy(lines, ({ reason, text }) => whyOf(reason ?? text));
  return [...byWhy].flatMap(([why, events]) => {
    const last = events.at(-1);
    return why === undefined || !last ? [] : [{ why, servers, seen: [observed(last)] }];
  });
}

function inStats(evidence: Evidence, { listener, servers }: Asking): readonly ClientSign[] {
  return envoysOf(evidence, listener.workload).flatMap(({ stats = {}, namespace, pod }) =>
    Object.entries(stats).flatMap(([name, value]): readonly ClientSign[] => {
      const [, port, counter = ''] = value > 0 && name.startsWith('listener.') ? (counterName.exec(name) ?? []) : [];
      const why = Number(port) === listener.port ? counters[counter] : undefined;
      if (why === undefined) return [];
      return [
        { why, servers, seen: [{ source: 'envoy-stats', ref: `${namespace}/${pod}`, detail: `${name}: ${value}` }] },
      ];
    }),
  );
}

/** Signs of refused clients, one for each reason and listener, without what a handshake in the evidence shows already. */
export const clientSigns = derive((evidence): readonly ClientSign[] => {
  const shown = new Set(clientRefusals(evidence).map(({ attempt, why }) => `${attempt.server.key}|${why}`));
  const all = asking(evidence).flatMap((one) => [...inLogs(evidence, one), ...inStats(evidence, one)]);
  const fresh = all.filter(({ servers, why }) => !servers.some(({ key }) => shown.has(`${key}|${why}`)));
  const groups = Map.groupBy(fresh, ({ why, servers }) => `${why}|${servers.map(({ key }) => key).join()}`);
  return [...groups.values()].flatMap(([first, ...rest]) =>
    first ? [{ ...first, seen: [first, ...rest].flatMap(({ seen }) => seen).slice(0, 4) }] : [],
  );
});
