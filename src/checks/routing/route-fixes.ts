import type { Evidence } from '../../facts/evidence.ts';
import type { RouteRefusal } from '../../facts/route-refusals.ts';
import { listedHosts, servers, type Server } from '../../facts/servers.ts';
import { isForTls } from '../../facts/targets.ts';
import { textAt, textMapAt } from '../../kubernetes/read.ts';
import type { Fix } from '../../model/finding.ts';
import { kubectl, ownerOfNamespace } from '../remedies.ts';
import { fieldChange } from './field-change.ts';

/** The namespaces that are admitted today stay so. */
function admitNamespace({ owner, path, allowedRoutes }: Server, namespace: string): Fix {
  const widensAccess = `whoever may write routes in namespace ${namespace} can then take paths of this listener’s hosts`;
  const labels = Object.entries(textMapAt(allowedRoutes, 'namespaces', 'selector', 'matchLabels'));
  if (textAt(allowedRoutes, 'namespaces', 'from') === 'Selector' && labels.length > 0) {
    return {
      summary: `label namespace ${namespace} as the listener’s selector asks`,
      owner: ownerOfNamespace(namespace),
      commands: [kubectl('', 'label', 'namespace', namespace, ...labels.map(([key, value]) => `${key}=${value}`))],
      undo: [kubectl('', 'label', 'namespace', namespace, ...labels.map(([key]) => `${key}-`))],
      doNot: [],
      widensAccess,
    };
  }
  const values = [...new Set([owner.namespace, namespace])];
  const selector = { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values }] };
  const wanted = { ...allowedRoutes, namespaces: { from: 'Selector', selector } };
  return fieldChange(owner, `${path}.allowedRoutes`, wanted, {
    summary: `let the listener admit routes of namespace ${namespace}; or move the route to namespace ${owner.namespace}`,
    widensAccess,
  });
}

/** TLS listeners of any Gateway of this name, for a reference that lacks the namespace. */
export const listenersOfName = (evidence: Evidence, { parent }: RouteRefusal): readonly Server[] =>
  servers(evidence).filter(
    (server) => server.from === 'GatewayAPI' && server.owner.name === parent.name && isForTls(server),
  );

/** What lets a listener take the route: the reference, the listener’s admission, or the hostnames. */
export function attachRoute(evidence: Evidence, refusal: RouteRefusal): Fix {
  const { route, parent, verdicts, meant, reason } = refusal;
  const { resource } = route;
  if (reason === 'no-parent') {
    const [other] = listenersOfName(evidence, refusal);
    return fieldChange(resource, `${parent.path}.namespace`, other?.owner.namespace ?? '<NAMESPACE>', {
      summary: 'name the Gateway with its namespace',
    });
  }
  const first = verdicts.find(({ server }) => meant.includes(server));
  if (first?.refusal === 'namespace') return admitNamespace(first.server, resource.namespace);
  if (first?.refusal === 'section' || first?.refusal === 'port') {
    const field = first.refusal === 'section' ? 'sectionName' : 'port';
    const value = field === 'port' ? first.server.port : (first.server.listener ?? '');
    return fieldChange(resource, `${parent.path}.${field}`, value, {
      summary: `name the listener ${first.server.listener ?? ''}`,
    });
  }
  return fieldChange(resource, 'spec.hostnames', first ? [...listedHosts(first.server)] : ['<HOST>'], {
    summary: 'let the hostnames of the route be within those of the listener',
  });
}
