import type { JsonObject } from '../../model/json.ts';
import { numberAt, objectAt, objectsAt, textAt } from '../../kubernetes/read.ts';
import type { KubernetesObject } from '../api-server/object.ts';
import { namespaceOf } from '../api-server/object.ts';
import type { ClusterView } from './cluster-view.ts';
import type { Condition } from './conditions.ts';
import { isGranted } from './reference-grants.ts';

type Problem = Pick<Condition, 'reason' | 'message'>;

export interface RouteRules {
  readonly rules: readonly JsonObject[];
  /** The first backend that cannot be used, if there is one. */
  readonly problem?: Problem;
}

/** The rules of an HTTPRoute as those of a VirtualService: one for each match, the more specific path first. */
export function httpRules(route: KubernetesObject, view: ClusterView): RouteRules {
  const problems: Problem[] = [];
  const rules = objectsAt(route, 'spec', 'rules').flatMap(({ value: rule }) => {
    const action = actionOf(rule, namespaceOf(route), view, problems);
    const matches = objectsAt(rule, 'matches').map(({ value }) => value);
    return (matches.length > 0 ? matches : [{}]).map((match) => Object.assign({ match: [matchOf(match)] }, action));
  });
  const [problem] = problems;
  return { rules: rules.toSorted((a, b) => specificity(b) - specificity(a)), ...(problem && { problem }) };
}

function specificity(rule: JsonObject): number {
  const uri = objectAt(rule, 'match', 0, 'uri');
  const exact = textAt(uri, 'exact');
  return exact === undefined ? (textAt(uri, 'pathPrefix') ?? '').length : 10_000 + exact.length;
}

function matchOf(match: JsonObject): JsonObject {
  const headers = objectsAt(match, 'headers').map(({ value }) => {
    const condition = textAt(value, 'type') === 'RegularExpression' ? 'regex' : 'exact';
    return [textAt(value, 'name') ?? '', { [condition]: textAt(value, 'value') ?? '' }];
  });
  const method = textAt(match, 'method');
  return {
    uri: pathMatch(objectAt(match, 'path')),
    ...(method !== undefined && { method: { exact: method } }),
    headers: Object.fromEntries(headers),
  };
}

function pathMatch(path: JsonObject | undefined): JsonObject {
  const value = textAt(path, 'value') ?? '/';
  switch (textAt(path, 'type')) {
    case 'Exact':
      return { exact: value };
    case 'RegularExpression':
      return { regex: value };
    default:
      return { pathPrefix: value };
  }
}

function actionOf(rule: JsonObject, namespace: string, view: ClusterView, problems: Problem[]): JsonObject {
  const filters = objectsAt(rule, 'filters').map(({ value }) => value);
  const redirect = objectAt(
    filters.find((filter) => textAt(filter, 'type') === 'RequestRedirect'),
    'requestRedirect',
  );
  if (redirect) {
    return {
      redirect: {
        scheme: redirect['scheme'],
        authority: redirect['hostname'],
        port: redirect['port'],
        redirectCode: numberAt(redirect, 'statusCode') ?? 302,
      },
    };
  }
  const backends = objectsAt(rule, 'backendRefs').map(({ value }) => value);
  const found = backends.map((backend) => backendProblem(backend, namespace, view));
  const bad = found.filter((problem) => problem !== undefined);
  problems.push(...bad);
  // A rule whose backends cannot be used answers for itself.
  if (bad.length > 0 || backends.length === 0) return { directResponse: { status: 500 } };
  return {
    route: backends.map((backend) => ({
      destination: {
        host: `${textAt(backend, 'name')}.${textAt(backend, 'namespace') ?? namespace}.svc.cluster.local`,
        port: { number: numberAt(backend, 'port') ?? 0 },
      },
      weight: numberAt(backend, 'weight') ?? 1,
    })),
  };
}

function backendProblem(backend: JsonObject, from: string, view: ClusterView): Problem | undefined {
  const name = textAt(backend, 'name') ?? '';
  const namespace = textAt(backend, 'namespace') ?? from;
  if (
    !isGranted(view, {
      fromKind: 'HTTPRoute',
      fromNamespace: from,
      toKind: 'Service',
      toNamespace: namespace,
      toName: name,
    })
  ) {
    const message = `backendRef ${name}/${namespace} not accessible to a HTTPRoute in namespace "${from}" (missing a ReferenceGrant?)`;
    return { reason: 'RefNotPermitted', message };
  }
  if (view.get('Service', namespace, name)) return undefined;
  return { reason: 'BackendNotFound', message: `backend(${name}.${namespace}.svc.cluster.local) not found` };
}
