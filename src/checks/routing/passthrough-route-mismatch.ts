import { bindingsOf } from '../../facts/routes.ts';
import { isTlsProtocol, namesCertificate, servers, type Server } from '../../facts/servers.ts';
import type { Check, Judgement } from '../check.ts';
import { noFilterChain, noListener, noRoute } from '../symptoms.ts';
import { takenElsewhere } from './passthrough-rivals.ts';
import { unmatched, withoutRule } from './passthrough-rules.ts';

const passes = (server: Server): boolean =>
  server.from === 'Gateway' &&
  isTlsProtocol(server.protocol) &&
  server.tls?.mode === 'PASSTHROUGH' &&
  server.tls.modeWritten &&
  !namesCertificate(server);

/** TLS passes through, and no tls rule makes a chain for the host, or another chain takes it. */
export const passthroughRouteMismatch: Check = {
  name: 'passthrough-route-mismatch',
  title: 'Hosts that pass through have a tls rule with their names and port',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'listener',
  reads: ['resource', 'probe', 'access-log', 'istiod-log'],
  explains: [...noFilterChain, ...noListener, ...noRoute, { check: 'certificate-not-verified', over: 'server' }],
  *inspect(evidence): Iterable<Judgement> {
    for (const server of servers(evidence).filter(passes)) {
      const bindings = bindingsOf(evidence, server);
      const [first] = bindings;
      if (!first) continue;
      const ruled = bindings.filter(({ virtualService }) => virtualService.sections.includes('tls'));
      const fault =
        ruled.length === 0
          ? withoutRule(evidence, first)
          : (unmatched(evidence, server, ruled) ?? takenElsewhere(evidence, server, ruled));
      if (fault) yield fault;
    }
  },
};
