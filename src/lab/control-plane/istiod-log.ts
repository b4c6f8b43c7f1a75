import type { PodLogs } from '../api-server/pod-logs.ts';
import { labelsOf, nameOf } from '../api-server/object.ts';
import type { ClusterView } from './cluster-view.ts';
import type { Notice, Proxy } from './config.ts';
import { proxyContainer } from './proxies.ts';

/** The names under which Envoy speaks of its resources. */
export const typeUrls = {
  listener: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  secret: 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
};

/** Writes into the logs of the lab's pods, in the envelopes of Istio 1.29. */
export class IstioLogs {
  readonly #logs: PodLogs;
  readonly #view: ClusterView;
  readonly #now: () => Date;

  constructor(logs: PodLogs, view: ClusterView, now: () => Date) {
    this.#logs = logs;
    this.#view = view;
    this.#now = now;
  }

  /** A line of istiod. Nothing is written where no istiod runs. */
  istiod({ level, scope, text }: Notice): void {
    const pod = this.#view.list('Pod', 'istio-system').find((candidate) => labelsOf(candidate)['app'] === 'istiod');
    if (!pod) return;
    const parts = [this.#time(), level, ...(scope === '' ? [] : [scope]), text];
    this.#logs.write('istio-system', nameOf(pod), 'discovery', this.#now(), parts.join('\t'));
  }

  /** Envoy's warning that it refuses a resource: once for the delta, and once for each secret that it has from istiod. */
  refused(proxy: Proxy, typeUrl: string, text: string, secrets: number): void {
    const source = 'envoy config source/extensions/config_subscription/grpc';
    const end = `for ${typeUrl}`.slice(4);
    this.#gateway(
      proxy,
      `warning\t${source}/delta_subscription_state.cc:282\tdelta config for ${end} rejected: ${text}\tthread=18`,
    );
    for (let count = 0; count < secrets; count += 1) {
      this.#gateway(
        proxy,
        `warning\t${source}/grpc_subscription_impl.cc:138\tgRPC config for ${end} rejected: ${text}\tthread=18`,
      );
    }
  }

  /** The agent of a gateway cannot read a mounted file. */
  fileMissing(proxy: Proxy, resource: string, path: string): void {
    const text = `resource:${resource} failed to generate secret for proxy from file: context deadline exceeded with last error: open ${path}: no such file or directory`;
    this.#gateway(proxy, `error\tcache\t${text}`);
  }

  /** A line of the access log, which has no envelope. */
  access(proxy: Proxy, line: string): void {
    this.#logs.write(proxy.namespace, proxy.pod, proxyContainer, this.#now(), line);
  }

  #gateway(proxy: Proxy, rest: string): void {
    this.#logs.write(proxy.namespace, proxy.pod, proxyContainer, this.#now(), `${this.#time()}\t${rest}`);
  }

  /** Microseconds, as Go's logger writes them. */
  #time(): string {
    return this.#now().toISOString().replace('Z', '000Z');
  }
}
