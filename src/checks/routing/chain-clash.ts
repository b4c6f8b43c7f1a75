import { answerOf } from '../../facts/answers.ts';
import { observed } from '../../facts/credential-trail.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { eventsOf } from '../../facts/log-events.ts';
import { envoysOf } from '../../facts/proxies.ts';
import type { RefusedListener } from '../../facts/server-conflicts.ts';
import { listedHosts, type Server } from '../../facts/servers.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Observation } from '../../model/finding.ts';
import type { Fault } from '../check.ts';
import { confirmHost } from '../remedies.ts';
import { fieldChange } from './field-change.ts';

/** Envoy's refusal, in the logs and in what it holds. */
function refusal(evidence: Evidence, { workload, port }: RefusedListener): readonly Observation[] {
  const lines = eventsOf(evidence, 'listener-refused').filter(({ reason }) =>
    /same matching rules|overlapping matching rules|duplicate matcher/.test(reason ?? ''),
  );
  const states = (workload ? envoysOf(evidence, workload) : []).flatMap(({ namespace, pod, listeners }) =>
    (listeners ?? [])
      .filter((listener) => listener.state === 'error' && (listener.port ?? port) === port)
      .map(({ details = '' }): Observation => ({
        source: 'config-dump',
        ref: `${namespace}/${pod}`,
        detail: `the listener for port ${port} was refused: ${details.slice(0, 160)}`,
      })),
  );
  return [...lines.slice(-2).map(observed), ...states.slice(0, 1)];
}

/** Two servers whose hosts differ as text and are the same name to Envoy, which refuses their listener. */
export function chainClashFault(evidence: Evidence, refused: RefusedListener): Fault {
  const { clash, servers, port } = refused;
  const { a, b, name } = clash;
  const text = (server: Server): string => server.hosts.find(({ host }) => host === name)?.text ?? name;
  const title = `${named(a.owner)} (${text(a)}) and ${named(b.owner)} (${text(b)}) both make a filter chain for ${name} on port ${port}`;
  const seen = refusal(evidence, refused);
  const path = `${b.path}.hosts`;
  const rest = b.hosts.flatMap(({ host, text: own }) => (host === name ? [] : [own]));
  const wanted = rest.length > 0 ? rest : ['<ANOTHER_HOST>'];
  const serving = servers.every((server) => listedHosts(server).some((host) => answerOf(evidence, server, host)));
  return {
    subject: subjectOf(b.owner, path),
    title,
    message: `${title}. A namespace before the slash, or the case of letters, does not keep them apart: Envoy refuses the whole listener, so that every host of the port stays as it was, or is refused connections if the listener is new.`,
    evidence: [
      { source: 'resource', ref: `${named(a.owner)} ${a.path}.hosts`, detail: text(a) },
      { source: 'resource', ref: `${named(b.owner)} ${path}`, detail: text(b) },
      ...seen,
    ],
    affects: servers.map((server) => ({ server })),
    confidence: seen.length > 0 ? 0.95 : 0.8,
    severity: serving && seen.length === 0 ? 'warning' : 'error',
    step: 'listener',
    related: [subjectOf(a.owner, `${a.path}.hosts`)],
    fix: fieldChange(b.owner, path, wanted, {
      summary: `let one of the two have ${name}`,
      doNot: ['restart the gateway before it is mended: a new pod has no older listener to go on with'],
    }),
    confirm: confirmHost(name),
    misleading: ['Hosts that have nothing to do with it fail too: they share the listener.'],
  };
}
