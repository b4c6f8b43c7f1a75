import { evidenceOf, type Evidence } from '../../facts/evidence.ts';
import { attachments } from '../../facts/attachments.ts';
import { ingressSelector, servers } from '../../facts/servers.ts';
import { virtualServices } from '../../facts/routes.ts';
import { services } from '../../facts/services.ts';
import { wantedSecrets } from '../../facts/wanted-secrets.ts';
import { gatewayWorkloads, type Workload } from '../../facts/workloads.ts';
import { kinds } from '../../kubernetes/kinds.ts';
import { objectsAt, textAt } from '../../kubernetes/read.ts';
import { labelText } from '../../kubernetes/selector.ts';
import type { Gap, Lookup } from '../../model/coverage.ts';
import type { EnvoyState } from '../../model/envoy.ts';
import type { AccessReview, ContainerLog, Question, Snapshot, SourcePart } from '../../model/snapshot.ts';
import { serviceAccount } from './access-review.ts';
import type { KubernetesApi } from './api.ts';
import type { Discovery } from './discovery.ts';
import { Gathered } from './gathered.ts';
import type { Selection } from './list-objects.ts';
import { readContainerLog, readProxy } from './read-proxies.ts';
import { apiKindOf, besideGateways, configuration } from './walk-kinds.ts';

export interface WalkOptions {
  readonly question: Question;
  readonly istioNamespace: string;
  readonly now: Date;
  readonly readSecrets: boolean;
  readonly onProgress: (what: string) => void;
  readonly kind: 'cluster' | 'lab';
}

/** More pods than these are not read one by one: the first of each workload stand for the others. */
const mostProxies = 24;
const mostBackends = 200;

/**
 * Walks outward from the gateways: configuration of the whole cluster, then the pods that it selects, then what stands
 * beside those pods and behind the routes, and Secrets by name. Each look is kept with its outcome; none ends the walk.
 */
export class Walk {
  readonly #api: KubernetesApi;
  readonly #options: WalkOptions;
  readonly #found = new Gathered();
  readonly #parts: SourcePart[] = [];
  readonly #logs: ContainerLog[] = [];
  readonly #envoys: EnvoyState[] = [];
  readonly #reviews: AccessReview[] = [];
  #secretNames: { readonly namespace: string; readonly name: string }[] = [];
  #discovery: Lookup<Discovery> = { state: 'absent' };

  constructor(api: KubernetesApi, options: WalkOptions) {
    this.#api = api;
    this.#options = options;
  }

  async collect(): Promise<Snapshot> {
    const { onProgress } = this.#options;
    onProgress('which kinds the cluster has');
    this.#discovery = await this.#api.discover();
    onProgress('gateways and routes');
    await Promise.all([...configuration.map((kind) => this.#listEverywhere(kind)), this.#controlPlane()]);
    onProgress('gateway pods');
    await this.#gatewayPods();
    await this.#besideGateways();
    onProgress('backends and Secrets');
    await Promise.all([this.#backends(), this.#secrets(), this.#rights()]);
    onProgress('what Envoy holds, and logs');
    await Promise.all([this.#proxies(), this.#controlPlaneLogs()]);
    return this.snapshot();
  }

  /** What is known so far; a walk that is cut short still has a snapshot. */
  snapshot(): Snapshot {
    const { question, now, kind } = this.#options;
    const { context } = this.#api.access;
    const { version } = this.#api;
    return {
      capturedAt: now.toISOString(),
      source: { kind, parts: this.#parts, ...(context !== undefined && { context }) },
      ...(version.state === 'found' && { kubernetesVersion: version.value }),
      resources: this.#found.resources,
      secrets: this.#found.secrets,
      secretNames: this.#secretNames,
      looks: this.#found.looks,
      settings: this.#found.resources.flatMap(({ settings }) => settings ?? []),
      logs: this.#logs,
      envoys: this.#envoys,
      probes: [],
      dns: [],
      accessReviews: this.#reviews,
      question,
    };
  }

  /** The facts of what is known so far decide what to look at next. */
  #evidence(): Evidence {
    return evidenceOf(this.snapshot());
  }

  async #list(name: string, selection: Selection): Promise<Gap | undefined> {
    const kind = apiKindOf(this.#discovery, name);
    const namespace = selection.namespace ?? '*';
    if (kind.state !== 'found') {
      const outcome = kind.state === 'unknown' ? kind.gap : 'complete';
      this.#found.look({ kind: name, namespace, outcome });
      return kind.state === 'unknown' ? kind.gap : undefined;
    }
    return this.#found.listed(name, namespace, await this.#api.list(kind.value, selection));
  }

  async #get(name: string, namespace: string, objectName: string): Promise<void> {
    const kind = apiKindOf(this.#discovery, name);
    const found: Lookup<never> | undefined =
      kind.state === 'found' ? undefined : kind.state === 'unknown' ? kind : { state: 'absent' };
    const looked =
      found ?? (kind.state === 'found' ? await this.#api.get(kind.value, namespace, objectName) : undefined);
    if (looked) this.#found.got(name, namespace, objectName, looked);
  }

  /** Namespaces to fall back to when a list of everything is refused: those that somebody named, or that are known. */
  #namedNamespaces(): readonly string[] {
    const { question, istioNamespace } = this.#options;
    const own = this.#api.access.namespace;
    const targets = question.targets.flatMap((target) => ('namespace' in target ? [target.namespace] : []));
    const gateways = this.#found.of(kinds.gateway).map(({ namespace }) => namespace);
    return [
      ...new Set([
        ...question.namespaces,
        ...targets,
        ...gateways,
        istioNamespace,
        'istio-ingress',
        ...(own === undefined ? [] : [own]),
      ]),
    ];
  }

  async #listEverywhere(name: string, selection: Selection = {}): Promise<void> {
    const gap = await this.#list(name, selection);
    if (gap?.reason !== 'forbidden') return;
    await Promise.all(this.#namedNamespaces().map((namespace) => this.#list(name, { ...selection, namespace })));
  }

  /** istiod, its configuration, and the tags that lead to it. */
  async #controlPlane(): Promise<void> {
    const { istioNamespace: namespace } = this.#options;
    await Promise.all([
      this.#list(kinds.pod, { namespace, labelSelector: 'app in (istiod, pilot)' }),
      this.#list(kinds.deployment, { namespace, labelSelector: 'app in (istiod, pilot)' }),
      this.#list('MutatingWebhookConfiguration.admissionregistration.k8s.io', { labelSelector: 'istio.io/tag' }),
      this.#get(kinds.configMap, namespace, 'istio'),
    ]);
    const revisions = this.#found.of(kinds.pod).flatMap(({ labels }) => labels['istio.io/rev'] ?? []);
    const others = [...new Set(revisions)].filter((revision) => revision !== 'default');
    await Promise.all(others.map((revision) => this.#get(kinds.configMap, namespace, `istio-${revision}`)));
  }

  /** Label selectors under which gateway pods may be found: those of the Gateways, and the marks of every installer. */
  #podSelectors(): readonly string[] {
    const evidence = this.#evidence();
    const own = servers(evidence).flatMap(({ selector }) => (selector ? [labelText(selector)] : []));
    const ingress = labelText(ingressSelector(evidence));
    const installers = ['istio', 'gateway.networking.k8s.io/gateway-name', 'istio.io/gateway-name'];
    return [...new Set([...own, ingress, ...installers])].filter((selector) => selector !== '');
  }

  async #gatewayPods(): Promise<void> {
    await Promise.all(this.#podSelectors().map((labelSelector) => this.#listEverywhere(kinds.pod, { labelSelector })));
  }

  async #besideGateways(): Promise<void> {
    const workloads = gatewayWorkloads(this.#evidence());
    const namespaces = [...new Set(workloads.map(({ namespace }) => namespace))];
    // with no gateway pod at all, the places where gateways are expected still have Services and Deployments to show
    const places = namespaces.length > 0 ? namespaces : this.#namedNamespaces();
    const nodes = [...new Set(workloads.flatMap(({ pods }) => pods.flatMap(({ nodeName }) => nodeName ?? [])))];
    await Promise.all([
      ...places.flatMap((namespace) => besideGateways.map((kind) => this.#list(kind, { namespace }))),
      ...places.map((namespace) => this.#list(kinds.endpointSlice, { namespace })),
      ...workloads.map((one) => this.#get(kinds.serviceAccount, one.namespace, one.serviceAccount)),
      ...nodes.slice(0, mostProxies).map((node) => this.#get(kinds.node, '', node)),
      ...(this.#options.readSecrets ? namespaces.map((namespace) => this.#nearNames(namespace)) : []),
    ]);
  }

  /** Names without contents, for telling a name that is nearly right. No cause depends on it. */
  async #nearNames(namespace: string): Promise<void> {
    const kind = apiKindOf(this.#discovery, kinds.secret);
    if (kind.state !== 'found') return;
    const listing = await this.#api.listMetadata(kind.value, { namespace, limit: 2000 });
    this.#secretNames = [...this.#secretNames, ...listing.items.map(({ name }) => ({ namespace, name }))];
  }

  /** Services that routes lead to, with their endpoints, and their pods where there are not too many. */
  async #backends(): Promise<void> {
    const evidence = this.#evidence();
    const names = new Map<string, Set<string>>();
    const want = (namespace: string, name: string): void => {
      const known = names.get(namespace) ?? new Set();
      known.add(name);
      names.set(namespace, known);
    };
    for (const { destinations } of virtualServices(evidence)) {
      for (const { fqdn } of destinations) {
        const [, name, namespace] = /^([^.]+)\.([^.]+)\.svc(?:\.|$)/.exec(fqdn) ?? [];
        if (name !== undefined && namespace !== undefined) want(namespace, name);
      }
    }
    for (const { namespace, name } of this.#routeBackends()) want(namespace, name);
    await Promise.all([...names].map(([namespace, own]) => this.#servicesIn(namespace, own)));
    await this.#backendPods(new Set(names.keys()));
  }

  #routeBackends(): readonly { readonly namespace: string; readonly name: string }[] {
    const routes = [kinds.httpRoute, kinds.grpcRoute, kinds.tlsRoute, kinds.tcpRoute].flatMap((kind) =>
      this.#found.of(kind),
    );
    const ofRoutes = routes.flatMap((route) =>
      objectsAt(route.body, 'spec', 'rules').flatMap(({ value: rule }) =>
        objectsAt(rule, 'backendRefs').flatMap(({ value }) => {
          const name = textAt(value, 'name');
          return name === undefined ? [] : [{ namespace: textAt(value, 'namespace') ?? route.namespace, name }];
        }),
      ),
    );
    const ofIngresses = this.#found.of(kinds.ingress).flatMap((ingress) =>
      objectsAt(ingress.body, 'spec', 'rules').flatMap(({ value: rule }) =>
        objectsAt(rule, 'http', 'paths').flatMap(({ value }) => {
          const name = textAt(value, 'backend', 'service', 'name');
          return name === undefined ? [] : [{ namespace: ingress.namespace, name }];
        }),
      ),
    );
    return [...ofRoutes, ...ofIngresses];
  }

  async #servicesIn(namespace: string, names: ReadonlySet<string>): Promise<void> {
    if (this.#found.looks.some((look) => look.kind === kinds.service && look.namespace === namespace && !look.name)) {
      return;
    }
    if (names.size > 5) {
      await Promise.all([this.#list(kinds.service, { namespace }), this.#list(kinds.endpointSlice, { namespace })]);
      return;
    }
    await Promise.all(
      [...names].flatMap((name) => [
        this.#get(kinds.service, namespace, name),
        this.#list(kinds.endpointSlice, { namespace, labelSelector: `kubernetes.io/service-name=${name}` }),
      ]),
    );
  }

  async #backendPods(namespaces: ReadonlySet<string>): Promise<void> {
    const own = services(this.#evidence()).filter(
      ({ namespace, selector }) => namespaces.has(namespace) && Object.keys(selector).length > 0,
    );
    if (own.length > mostBackends) {
      const gap: Gap = { reason: 'not-collected', detail: `pods of more than ${mostBackends} backends are not read` };
      for (const namespace of namespaces) this.#found.look({ kind: kinds.pod, namespace, outcome: gap });
      return;
    }
    await Promise.all(
      own.map(({ namespace, selector }) => this.#list(kinds.pod, { namespace, labelSelector: labelText(selector) })),
    );
  }

  async #secrets(): Promise<void> {
    if (!this.#options.readSecrets) {
      const outcome: Gap = { reason: 'not-collected', detail: 'Secrets are not read with --no-secrets' };
      this.#found.look({ kind: kinds.secret, namespace: '*', outcome });
      return;
    }
    await Promise.all(
      wantedSecrets(this.#evidence()).map(async ({ namespace, name }) => {
        this.#found.gotSecret(namespace, name, await this.#api.secret(namespace, name));
      }),
    );
  }

  /** Whether the gateways' service accounts may list Secrets: asked of the API, else read from the Roles. */
  async #rights(): Promise<void> {
    const accounts = new Map<string, Workload>(
      gatewayWorkloads(this.#evidence()).map((one) => [`${one.namespace}/${one.serviceAccount}`, one]),
    );
    const reviews = await Promise.all(
      [...accounts.values()].map(({ namespace, serviceAccount: name }) =>
        this.#api.accessReview(
          { verb: 'list', group: '', resource: 'secrets', namespace },
          serviceAccount(namespace, name),
        ),
      ),
    );
    for (const review of reviews) if (review.state === 'found') this.#reviews.push(review.value);
    if (reviews.every(({ state }) => state === 'found')) return;
    await Promise.all([this.#list(kinds.clusterRole, {}), this.#list(kinds.clusterRoleBinding, {})]);
  }

  async #proxies(): Promise<void> {
    const evidence = this.#evidence();
    const taken = new Set([...attachments(evidence).values()].flatMap(({ workloads }) => workloads));
    const pods = gatewayWorkloads(evidence)
      .filter((workload) => taken.has(workload) || taken.size === 0)
      .flatMap((workload) => workload.pods)
      .filter(({ phase }) => phase === 'Running');
    await Promise.all(
      pods.slice(0, mostProxies).flatMap((pod) => {
        const ref = { namespace: pod.namespace, pod: pod.name };
        const container = pod.containers.includes('istio-proxy') ? 'istio-proxy' : (pod.containers[0] ?? 'istio-proxy');
        const agents = pod.containers.filter((name) => name === 'ingress-sds');
        return [this.#proxy(ref), ...[container, ...agents].map((name) => this.#log(ref, name))];
      }),
    );
  }

  async #proxy(ref: { readonly namespace: string; readonly pod: string }): Promise<void> {
    const { state, gaps } = await readProxy(this.#api, ref);
    const [gap] = gaps;
    if (Object.keys(state).length > 2) this.#envoys.push(state);
    this.#found.look({
      kind: 'pods/portforward',
      namespace: ref.namespace,
      name: ref.pod,
      outcome: gap ?? 'complete',
    });
  }

  async #log(ref: { readonly namespace: string; readonly pod: string }, container: string): Promise<void> {
    const { log, gap } = await readContainerLog(this.#api, ref, container);
    if (log) this.#logs.push(log);
    this.#found.look({ kind: 'pods/log', namespace: ref.namespace, name: ref.pod, outcome: gap ?? 'complete' });
  }

  async #controlPlaneLogs(): Promise<void> {
    const own = this.#found
      .of(kinds.pod)
      .filter(({ labels }) => labels['app'] === 'istiod' || labels['app'] === 'pilot')
      .slice(0, 6);
    await Promise.all(own.map(({ namespace, name }) => this.#log({ namespace, pod: name }, 'discovery')));
  }
}
