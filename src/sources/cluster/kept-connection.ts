import type http from 'node:http';
import type { KubeConfig } from '@kubernetes/client-node';
import { createApiAgent } from './api-agent.ts';
import { libraryFor, libraryOptions } from './client-library.ts';
import type { ExecSurroundings } from './exec-credential.ts';
import type { KubeContext } from './kube-context.ts';
import { expiredCredential, resolveContext, type ResolvedContext } from './user-credentials.ts';

/** How one request or WebSocket reaches the API server: the same agent and the same headers for both. */
export interface Connection {
  readonly agent: http.Agent;
  readonly headers: Readonly<Record<string, string | string[]>>;
}

export interface Route {
  readonly context: KubeContext;
  readonly server: URL;
  readonly proxy: URL | undefined;
  readonly impersonation: Readonly<Record<string, string | string[]>>;
  readonly surroundings: ExecSurroundings;
}

/** A plugin may ask a person: credentials that were just renewed and are refused again are not asked for once more. */
const renewalPauseMs = 60_000;

/** Keeps one connection with its credentials for all who ask, and renews them when they end. */
export class KeptConnection {
  readonly #route: Route;
  readonly #agents = new Set<http.Agent>();
  #library: KubeConfig | undefined;
  #resolved: ResolvedContext | undefined;
  #opening: Promise<Connection> | undefined;
  #current: Connection | undefined;
  #validUntil = Infinity;
  #renewedAt = -Infinity;

  constructor(route: Route) {
    this.#route = route;
  }

  get(): Promise<Connection> {
    if (this.#validUntil <= Date.now()) this.#startAnew();
    this.#opening ??= this.#open();
    return this.#opening;
  }

  /** As `ClusterAccess.renewCredentials`. */
  renew(used: Connection): boolean {
    const { user } = this.#route.context;
    const renewable = ['exec', 'tokenFile', 'auth-provider'].some((field) => user[field] !== undefined);
    if (!renewable || this.#current !== used) return renewable;
    if (Date.now() - this.#renewedAt < renewalPauseMs) return false;
    this.#renewedAt = Date.now();
    this.#startAnew();
    return true;
  }

  /** As `ClusterAccess.whyRefused`. */
  expired(now: Date): string | undefined {
    return this.#resolved && expiredCredential(this.#resolved.user, now);
  }

  close(): void {
    for (const agent of this.#agents) agent.destroy();
  }

  #startAnew(): void {
    this.#opening = undefined;
    this.#current = undefined;
    this.#validUntil = Infinity;
  }

  async #open(): Promise<Connection> {
    const { context, server, proxy, impersonation, surroundings } = this.#route;
    const before = this.#resolved;
    const now = await resolveContext(context, surroundings);
    // An auth-provider keeps its renewed token in the library's object: a new one would start from the old token.
    if (!this.#library || !same(before, now)) this.#library = await libraryFor(context, now, server);
    const { tls, headers } = await libraryOptions(this.#library, context);
    const kept = sameCertificate(before, now) ? [...this.#agents].at(-1) : undefined;
    const agent = kept ?? createApiAgent(server, tls, proxy);
    this.#agents.add(agent);
    this.#resolved = now;
    this.#validUntil = now.expiresAt ?? Infinity;
    this.#current = { agent, headers: { ...headers, ...impersonation } };
    return this.#current;
  }
}

function same(before: ResolvedContext | undefined, now: ResolvedContext): boolean {
  return JSON.stringify(before) === JSON.stringify(now);
}

function sameCertificate(before: ResolvedContext | undefined, now: ResolvedContext): boolean {
  const fields = ['client-certificate-data', 'client-key-data'];
  return before !== undefined && fields.every((field) => before.user[field] === now.user[field]);
}
