import type { Duplex } from 'node:stream';
import { numberAt, objectsAt } from '../../kubernetes/read.ts';
import { AccessRules } from '../api-server/access-rules.ts';
import type { Kind } from '../api-server/kinds.ts';
import type { PodLogs } from '../api-server/pod-logs.ts';
import type { ObjectEvent, ObjectStore } from '../api-server/store.ts';
import { Gateway } from '../gateway/gateway.ts';
import { ClusterView } from './cluster-view.ts';
import type { Proxy } from './config.ts';
import { readConfiguration } from './configuration.ts';
import { writeEndpoints } from './endpoints.ts';
import { IstioLogs, typeUrls } from './istiod-log.ts';
import { planGateway } from './listeners.ts';
import type { Configuration } from './listeners.ts';
import { meshConfig } from './mesh-config.ts';
import { gatewayProxies } from './proxies.ts';
import { isIncremental, isPushed, pushNotices } from './push.ts';
import { SecretDelivery } from './secret-delivery.ts';
import type { MeshIdentity } from './secret-delivery.ts';
import { applicationOf, findUpstream } from './upstreams.ts';
import { verifiedReferences } from './verified-references.ts';

export interface ControlPlaneOptions {
  readonly store: ObjectStore;
  readonly kinds: readonly Kind[];
  readonly logs: PodLogs;
  readonly now: () => Date;
  /** The workload certificate of a gateway in a namespace, by its ServiceAccount. */
  readonly identityOf: (namespace: string, serviceAccount: string) => MeshIdentity;
  /** Called after each round, when the ports of gateways may have changed. */
  readonly listenersChanged: () => void;
}

interface Connected {
  readonly gateway: Gateway;
  readonly delivery: SecretDelivery;
  /** Listeners that Envoy refused in the last round. */
  refusals: readonly string[];
}

/** Plays istiod: turns the stored objects into listeners, routes and secrets of the gateway pods, anew after every change. */
export class ControlPlane {
  readonly view: ClusterView;
  readonly #options: ControlPlaneOptions;
  readonly #rules: AccessRules;
  readonly #logs: IstioLogs;
  readonly #connected = new Map<string, Connected>();
  readonly #unsubscribe: () => void;
  #changes: ObjectEvent[] = [];
  #pushes = 0;
  #accessLog = false;
  #closed = false;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    this.view = new ClusterView(options.store, options.kinds);
    this.#rules = new AccessRules(options.store, options.kinds);
    this.#logs = new IstioLogs(options.logs, this.view, options.now);
    this.#reconcile();
    this.#unsubscribe = options.store.subscribe((event) => this.#notice(event));
  }

  /** The gateway in a pod, when the pod is one. */
  gatewayOf(namespace: string, pod: string): Gateway | undefined {
    return this.#connected.get(`${namespace}/${pod}`)?.gateway;
  }

  /** Opens a connection to the application in a pod; `undefined` where nothing listens on the port. */
  connectToApplication(namespace: string, name: string, port: number): Duplex | undefined {
    const pod = this.view.get('Pod', namespace, name);
    const ports = objectsAt(pod, 'spec', 'containers').flatMap(({ value }) => objectsAt(value, 'ports'));
    if (!pod || !ports.some(({ value }) => numberAt(value, 'containerPort') === port)) return undefined;
    return applicationOf(pod, port, this.view).application.connect();
  }

  close(): void {
    this.#closed = true;
    this.#unsubscribe();
    for (const { gateway } of this.#connected.values()) gateway.close();
  }

  #notice(event: ObjectEvent): void {
    if (!isPushed(event)) return;
    this.#changes.push(event);
    // One push for all changes of a moment.
    if (this.#changes.length === 1) setImmediate(() => this.#reconcile());
  }

  #reconcile(): void {
    if (this.#closed) return;
    const { now, listenersChanged } = this.#options;
    const changes = this.#changes;
    this.#changes = [];
    this.#pushes += 1;
    writeEndpoints(this.view);
    const proxies = gatewayProxies(this.view);
    const push = {
      number: this.#pushes,
      services: this.view.list('Service').length,
      proxies: proxies.length,
      now: now(),
    };
    for (const notice of pushNotices(changes, push)) this.#logs.istiod(notice);
    const mesh = meshConfig(this.view);
    this.#accessLog = mesh.accessLog;
    const { configuration, notices } = readConfiguration(this.view, mesh, now());
    if (!isIncremental(changes)) for (const notice of notices) this.#logs.istiod(notice);
    this.#disconnectOthers(proxies);
    for (const proxy of proxies) this.#pushTo(proxy, configuration, !isIncremental(changes));
    listenersChanged();
  }

  #pushTo(proxy: Proxy, configuration: Configuration, full: boolean): void {
    const connected = this.#connect(proxy);
    const { plan, notices } = planGateway(configuration, proxy);
    if (full) for (const notice of notices) this.#logs.istiod(notice);
    const verified = verifiedReferences(configuration.gateways, proxy, this.view);
    connected.delivery.deliver(plan, { view: this.view, rules: this.#rules, verified, now: this.#options.now() });
    const refusals = connected.gateway.apply(plan);
    for (const text of refusals.filter((refusal) => !connected.refusals.includes(refusal))) {
      this.#logs.refused(proxy, typeUrls.listener, text, 0);
      const node = `${proxy.pod}.${proxy.namespace}-1`;
      this.#logs.istiod({ level: 'warn', scope: 'delta', text: `ADS:LDS: ACK ERROR ${node} Internal:${text}` });
    }
    connected.refusals = refusals;
  }

  #connect(proxy: Proxy): Connected {
    const key = `${proxy.namespace}/${proxy.pod}`;
    const known = this.#connected.get(key);
    if (known) return known;
    const gateway = new Gateway({
      findUpstream: (destination) => findUpstream(destination, this.view),
      accessLog: (line) => {
        if (this.#accessLog) this.#logs.access(proxy, line);
      },
      now: this.#options.now,
    });
    const identity = this.#options.identityOf(proxy.namespace, proxy.serviceAccount);
    const delivery = new SecretDelivery(proxy, gateway, this.#logs, identity);
    const connected = { gateway, delivery, refusals: [] };
    this.#connected.set(key, connected);
    const text = `ADS: new delta connection for node:${proxy.pod}.${proxy.namespace}-1`;
    this.#logs.istiod({ level: 'info', scope: 'delta', text });
    return connected;
  }

  #disconnectOthers(proxies: readonly Proxy[]): void {
    const present = new Set(proxies.map(({ namespace, pod }) => `${namespace}/${pod}`));
    for (const [key, { gateway }] of this.#connected) {
      if (present.has(key)) continue;
      gateway.close();
      this.#connected.delete(key);
    }
  }
}
