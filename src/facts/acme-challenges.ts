import { kinds } from '../kubernetes/kinds.ts';
import { named } from '../kubernetes/names.ts';
import { at, objectAt, objectsAt, textAt, textsAt } from '../kubernetes/read.ts';
import type { JsonObject } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import { derive, type Evidence } from './evidence.ts';
import { issuances, isReady, statusCondition, type Issuance } from './issuance.ts';

/** An HTTP-01 challenge of ACME that is not answered yet: somebody must get a token from port 80 of the host. */
export interface HttpChallenge {
  readonly host: string;
  /** Absent where only the solver's Ingress or route was seen. */
  readonly challenge?: Resource;
  readonly issuance?: Issuance;
  /** What answers it: the Ingress or the HTTPRoute of the solver. */
  readonly solver?: Resource;
  /** The Ingress as it would be made, where only the challenge says of which class it is. */
  readonly planned?: Resource;
  /** What cert-manager says of its own attempt to get the token. */
  readonly says?: string;
}

const solverLabels = ['acme.cert-manager.io/http01-solver', 'certmanager.k8s.io/acme-http01-solver'];

const isSolver = ({ labels, name }: Resource): boolean =>
  solverLabels.some((label) => labels[label] === 'true') || name.startsWith('cm-acme-http-solver-');

const hostsOfSolver = (solver: Resource): readonly string[] =>
  solver.kind === 'HTTPRoute'
    ? textsAt(solver.body, 'spec', 'hostnames')
    : objectsAt(solver.body, 'spec', 'rules').flatMap(({ value }) => textAt(value, 'host') ?? []);

const solversByHost = derive((evidence) => {
  const solvers = [...evidence.list(kinds.ingress).items, ...evidence.list(kinds.httpRoute).items].filter(isSolver);
  return Map.groupBy(
    solvers.flatMap((solver) => hostsOfSolver(solver).map((host) => ({ key: `${solver.namespace}/${host}`, solver }))),
    ({ key }) => key,
  );
});

/** How the challenge is to be answered: `solver` since 0.8, `config` before. */
function httpSolver(challenge: Resource): JsonObject | undefined {
  const { body } = challenge;
  return objectAt(body, 'spec', 'solver', 'http01') ?? objectAt(body, 'spec', 'config', 'http01');
}

function isHttp(challenge: Resource): boolean {
  const type = textAt(challenge.body, 'spec', 'type')?.toUpperCase();
  return type === 'HTTP-01' || (type === undefined && httpSolver(challenge) !== undefined);
}

/** An Ingress of the class that the solver of a challenge asks for. */
function plannedIngress(challenge: Resource): Resource | undefined {
  const solver = httpSolver(challenge);
  // a solver that edits an Ingress in place makes none
  if (!solver || at(solver, 'gatewayHTTPRoute') !== undefined || at(solver, 'ingress', 'name') !== undefined) {
    return undefined;
  }
  const className = textAt(solver, 'ingress', 'ingressClassName');
  const annotated = textAt(solver, 'ingress', 'class') ?? textAt(solver, 'ingressClass');
  return {
    ...challenge,
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    annotations: annotated === undefined ? {} : { 'kubernetes.io/ingress.class': annotated },
    body: className === undefined ? {} : { spec: { ingressClassName: className } },
  };
}

function fromChallenge(
  evidence: Evidence,
  challenge: Resource,
  issuance: Issuance | undefined,
): readonly HttpChallenge[] {
  const host = textAt(challenge.body, 'spec', 'dnsName')?.toLowerCase();
  if (host === undefined || !isHttp(challenge) || textAt(challenge.body, 'status', 'state') === 'valid') return [];
  const solver = solversByHost(evidence).get(`${challenge.namespace}/${host}`)?.[0]?.solver;
  const planned = solver ? undefined : plannedIngress(challenge);
  const says = textAt(challenge.body, 'status', 'reason');
  return [
    {
      host,
      challenge,
      ...(issuance && { issuance }),
      ...(solver && { solver }),
      ...(planned && { planned }),
      ...(says !== undefined && { says }),
    },
  ];
}

const namesHost = ({ certificate }: Issuance, host: string): boolean =>
  textsAt(certificate.body, 'spec', 'dnsNames').includes(host) ||
  textAt(certificate.body, 'spec', 'commonName') === host;

/** Every HTTP-01 challenge under way, by its own object, or, where those were not collected, by what answers it. */
export const httpChallenges = derive((evidence): readonly HttpChallenge[] => {
  const all = issuances(evidence);
  const known = all.flatMap((issuance) =>
    issuance.challenges.flatMap((challenge) => fromChallenge(evidence, challenge, issuance)),
  );
  const attached = new Set(known.flatMap(({ challenge }) => challenge ?? []));
  const loose = evidence
    .list(kinds.challenge)
    .items.filter((challenge) => !attached.has(challenge))
    .flatMap((challenge) => {
      const [first] = fromChallenge(evidence, challenge, undefined);
      const issuance =
        first && all.find((one) => one.certificate.namespace === challenge.namespace && namesHost(one, first.host));
      return first ? [{ ...first, ...(issuance && { issuance }) }] : [];
    });
  const seen = new Set([...known, ...loose].map(({ host, challenge }) => `${challenge?.namespace ?? ''}/${host}`));
  const bySolver = [...solversByHost(evidence).entries()].flatMap(([key, entries]) => {
    const [first] = entries;
    if (!first || seen.has(key)) return [];
    const { solver } = first;
    const host = key.slice(solver.namespace.length + 1);
    const issuance = all.find(
      (one) => one.certificate.namespace === solver.namespace && namesHost(one, host) && !isReady(one),
    );
    return issuance ? [{ host, solver, issuance }] : [];
  });
  return [...known, ...loose, ...bySolver];
});

/** Why a route of the Gateway API does not answer: its parent has not taken it. */
export function unattachedRoute(route: Resource): string | undefined {
  for (const { value } of objectsAt(route.body, 'status', 'parents')) {
    const accepted = statusCondition({ ...route, body: { status: value } }, 'Accepted');
    if (accepted?.status === 'False') return `${named(route)} is not accepted: ${accepted.reason} ${accepted.message}`;
  }
  return undefined;
}
