import type { Duplex } from 'node:stream';
import { chooseChain } from './choose-chain.ts';
import { readFirstBytes } from './client-hello.ts';
import { acceptSecret } from './credential.ts';
import type { Credential, SecretText } from './credential.ts';
import { Http1Front } from './http-front.ts';
import { listenerRefusal } from './listener-rules.ts';
import type { ChainPlan, GatewayPlan, HttpPlan, ListenerPlan } from './plan.ts';
import { serveConnection } from './serve-connection.ts';
import type { LiveChain, Serving } from './serve-connection.ts';
import { ChainTlsServer } from './tls-server.ts';
import type { FindUpstream } from './upstream.ts';

export interface GatewayOptions {
  readonly findUpstream: FindUpstream;
  /** Takes a line of the access log. */
  readonly accessLog: (line: string) => void;
  readonly now: () => Date;
}

/** Where a connection comes in, and the two ends as logs write them: `127.0.0.1:20443`. */
export interface Arrival {
  readonly port: number;
  readonly localAddress: string;
  readonly remoteAddress: string;
}

interface LiveListener {
  readonly plan: ListenerPlan;
  readonly chains: readonly LiveChain[];
}

/** How long a client may take for its first bytes (Envoy's listener filter timeout). */
const firstBytesTimeout = 15_000;

/** One gateway pod: does with connections what Envoy does under the plan and the secrets that it was given. */
export class Gateway {
  readonly #serving: Omit<Serving, 'routesOf'>;
  readonly #connections = new Set<Duplex>();
  /** The last accepted value of each SDS name: one that is refused later, or a deletion, does not take it away. */
  readonly #credentials = new Map<string, Credential>();
  #listeners = new Map<number, LiveListener>();

  constructor(options: GatewayOptions) {
    this.#serving = { ...options, http1: new Http1Front() };
  }

  /** Takes a secret; it counts from the next `apply` on. Gives the text of the refusal when Envoy would not load it. */
  deliver(name: string, text: SecretText): string | undefined {
    const acceptance = acceptSecret(text);
    if ('refused' in acceptance) return acceptance.refused;
    this.#credentials.set(name, acceptance.accepted);
    return undefined;
  }

  /** Takes listeners. Gives the texts of those that Envoy would refuse: they keep their old version, if they have one. */
  apply({ listeners }: GatewayPlan): readonly string[] {
    const refusals: string[] = [];
    const active = listeners.flatMap((plan) => {
      const refusal = listenerRefusal(plan);
      if (refusal === undefined) return [plan];
      refusals.push(refusal);
      return this.#listeners.get(plan.port)?.plan ?? [];
    });
    const needed = new Set(active.flatMap(({ chains }) => chains.flatMap(secretNames)));
    for (const name of this.#credentials.keys()) if (!needed.has(name)) this.#credentials.delete(name);
    this.#listeners = new Map(
      active.map((plan) => [plan.port, { plan, chains: plan.chains.map((chain) => this.#activate(chain)) }]),
    );
    return refusals;
  }

  /** The ports of the pod that are open. */
  get ports(): readonly number[] {
    return [...this.#listeners.keys()];
  }

  /** Takes a connection to one of the open ports. */
  accept(connection: Duplex, arrival: Arrival): void {
    this.#connections.add(connection);
    connection.once('close', () => this.#connections.delete(connection));
    connection.on('error', () => connection.destroy());
    const timer = setTimeout(() => connection.destroy(), firstBytesTimeout).unref();
    connection.once('close', () => clearTimeout(timer));
    let bytes = Buffer.alloc(0);
    const inspect = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const first = readFirstBytes(bytes);
      if (first.kind === 'incomplete') return;
      clearTimeout(timer);
      connection.off('data', inspect);
      connection.pause();
      const hello = first.kind === 'client-hello' ? first : undefined;
      const chain = chooseChain(this.#listeners.get(arrival.port)?.chains ?? [], hello?.serverName);
      const serving = { ...this.#serving, routesOf: (served: ChainPlan) => this.#routesOf(arrival.port, served) };
      serveConnection(serving, { ...arrival, connection, bytes, ...(hello && { hello }) }, chain);
    };
    connection.on('data', inspect);
  }

  close(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  #activate(chain: ChainPlan): LiveChain {
    const { tls } = chain;
    if (!tls || !secretNames(chain).every((name) => this.#credentials.has(name))) return chain;
    const keyPairs = tls.keyPairs.flatMap((name) => this.#credentials.get(name) ?? []);
    const clientCa = tls.clientCa === undefined ? undefined : this.#credentials.get(tls.clientCa);
    return { ...chain, tlsServer: new ChainTlsServer(tls, { keyPairs, ...(clientCa && { clientCa }) }) };
  }

  #routesOf(port: number, { server, traffic }: ChainPlan): HttpPlan | undefined {
    const now = this.#listeners.get(port)?.chains.find((chain) => chain.server === server)?.traffic ?? traffic;
    return now.kind === 'http' ? now : undefined;
  }
}

/** The SDS names that a chain cannot do without. */
export function secretNames({ tls }: ChainPlan): readonly string[] {
  if (!tls) return [];
  return tls.clientCa === undefined ? tls.keyPairs : [...tls.keyPairs, tls.clientCa];
}
