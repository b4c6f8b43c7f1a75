import { gatewayClassClaim, type Claim } from '../../facts/claims.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { rootNamespace, setting } from '../../facts/mesh.ts';
import { probesOf } from '../../facts/probes.ts';
import { listedHosts, serversOfOwner } from '../../facts/servers.ts';
import { conditionText } from '../../kubernetes/condition.ts';
import { kinds } from '../../kubernetes/kinds.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import { objectsAt, textAt } from '../../kubernetes/read.ts';
import type { Observation } from '../../model/finding.ts';
import type { Resource } from '../../model/resource.ts';
import { editDistance } from '../../text/nearest.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost } from '../remedies.ts';
import { noFilterChain, noListener } from '../symptoms.ts';
import { observedProbe } from '../symptom/probe-symptom.ts';
import { fieldChange } from './field-change.ts';

type Unclaimed = Extract<Claim, { by: 'nobody' }>;

/** Conditions as a controller left them; those of nobody's Gateway are the API server's own, `Unknown` and `Pending`. */
const conditionsOf = ({ body }: Resource) => objectsAt(body, 'status', 'conditions').map(({ value }) => value);

const isAccepted = (gateway: Resource): boolean =>
  conditionsOf(gateway).some((value) => textAt(value, 'type') === 'Accepted' && textAt(value, 'status') === 'True');

const istioClasses = (evidence: Evidence): readonly string[] =>
  evidence
    .list(kinds.gatewayClass)
    .items.filter(({ body }) => textAt(body, 'spec', 'controllerName') === 'istio.io/gateway-controller')
    .map(({ name }) => name);

/** Whether the class was meant to be Istio's: by its name, or because there is no other controller that it could be of. */
function isMeant(evidence: Evidence, className: string): boolean {
  if (className.includes('istio') || editDistance(className, 'istio') <= 2) return true;
  const controllers = evidence
    .list(kinds.gatewayClass)
    .items.map(({ body }) => textAt(body, 'spec', 'controllerName') ?? '');
  return controllers.length > 0 && controllers.every((controller) => controller.startsWith('istio.io/'));
}

function whyOf(evidence: Evidence, { className, missing }: Unclaimed): string {
  if (missing !== undefined) return `there is no GatewayClass ${missing}`;
  if (setting(evidence, rootNamespace(evidence), 'PILOT_ENABLE_GATEWAY_API') === 'false') {
    return 'istiod is told to leave the Gateway API alone (PILOT_ENABLE_GATEWAY_API=false)';
  }
  const found = evidence.get(kinds.gatewayClass, '', className);
  const controller = found.state === 'found' ? textAt(found.value.body, 'spec', 'controllerName') : undefined;
  return `GatewayClass ${className} has the controller ${controller ?? 'of nobody'}, which is not Istio’s`;
}

function faultOf(evidence: Evidence, gateway: Resource, claim: Unclaimed): Fault {
  const servers = serversOfOwner(evidence, gateway);
  const [wanted = 'istio'] = istioClasses(evidence);
  const title = `No controller takes ${named(gateway)}: ${whyOf(evidence, claim)}`;
  const probes = servers.flatMap((server) => probesOf(evidence)(server)).filter(({ reading }) => reading === 'fails');
  const path = 'spec.gatewayClassName';
  return {
    subject: subjectOf(gateway, path),
    title,
    message: `${title}. Nothing is deployed or configured for it: it gets no address, and its listeners are nowhere.`,
    evidence: [
      {
        source: 'resource',
        ref: `${named(gateway)} ${path}`,
        detail: `${claim.className}; classes of Istio: ${istioClasses(evidence).join(', ') || 'none'}`,
      },
      ...conditionsOf(gateway)
        .slice(0, 2)
        .map((value): Observation => ({
          source: 'resource',
          ref: `${named(gateway)} status`,
          detail: conditionText(value),
        })),
      ...probes.slice(0, 2).map(({ probe }) => observedProbe(probe)),
    ],
    affects: servers.map((server) => ({ server })),
    confidence: 0.9,
    fix: fieldChange(gateway, path, wanted, {
      summary: `name a class that Istio takes, such as ${wanted} (istiod makes it at its start, if the CRDs are there by then)`,
    }),
    confirm: confirmHost(servers[0] && listedHosts(servers[0])[0]),
  };
}

/** A Gateway of the Gateway API whose class no controller takes. */
export const gatewayclassUnclaimed: Check = {
  name: 'gatewayclass-unclaimed',
  title: 'Every Gateway of the Gateway API has a class that a controller takes',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'listener',
  reads: ['resource', 'probe'],
  explains: [
    ...noFilterChain,
    ...noListener,
    { check: 'connection-refused', over: 'server' },
    { check: 'vs-missing', over: 'server' },
    { check: 'route-not-attached', over: 'server' },
  ],
  *inspect(evidence): Iterable<Judgement> {
    for (const gateway of evidence.list(kinds.kubernetesGateway).items) {
      const claim = gatewayClassClaim(evidence, gateway);
      const affects = serversOfOwner(evidence, gateway).map((server) => ({ server }));
      if (claim.by === 'unknown' && claim.istioMeant && !isAccepted(gateway)) {
        yield { blind: claim.gap, about: `which controller takes ${named(gateway)}`, affects };
      }
      if (claim.by === 'nobody' && !isAccepted(gateway) && isMeant(evidence, claim.className)) {
        yield faultOf(evidence, gateway, claim);
      }
    }
  },
};
