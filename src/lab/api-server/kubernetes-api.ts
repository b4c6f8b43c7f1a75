import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Json } from '../../model/json.ts';
import { AccessRules } from './access-rules.ts';
import type { User } from './access-rules.ts';
import { send } from './answer.ts';
import type { Answer, Stream } from './answer.ts';
import type { AuditRecord } from './audit.ts';
import { authenticate } from './authentication.ts';
import type { Caller } from './authentication.ts';
import { readBody } from './body.ts';
import { ApiFailure, badRequest, forbidden, forbiddenPath, unknownResource } from './failure.ts';
import { isReview } from './kinds.ts';
import { forwardPorts } from './port-forward.ts';
import type { DialPod } from './port-forward.ts';
import { readObjectOf } from './reads.ts';
import { answerResource, answerReviewRequest } from './resource-answers.ts';
import type { ResourceContext } from './resource-answers.ts';
import { readResourceRequest, representationOf } from './resource-request.ts';
import type { ResourceRequest } from './resource-request.ts';
import { answerServerPath } from './server-paths.ts';
import { isDryRun } from './write-request.ts';

export interface KubernetesApiOptions extends ResourceContext {
  /** Who holds which bearer token. */
  readonly users: ReadonlyMap<string, User>;
  readonly dialPod: DialPod;
}

/** Answers the requests of one simulated cluster, and keeps a record of each. */
export class KubernetesApi {
  readonly records: AuditRecord[] = [];
  readonly #options: KubernetesApiOptions;
  readonly #rules: AccessRules;

  constructor(options: KubernetesApiOptions) {
    this.#options = options;
    this.#rules = new AccessRules(options.store, options.kinds);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen: Seen = { request, url: urlOf(request) };
    const answer = await readBody(request)
      .then((body) => this.#answer(seen, body))
      .catch(failureAnswer);
    if (typeof answer === 'function') answer(response);
    else send(response, answer);
    this.#record(seen, response.statusCode);
  }

  /** Port-forward is the only upgrade; others are refused with a Status, for the lab runs no containers. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const seen: Seen = { request, url: urlOf(request) };
    socket.on('error', () => socket.destroy());
    try {
      const { namespace, name } = this.#forwardedPod(seen);
      const ports = seen.url.searchParams.getAll('ports').flatMap((list) => list.split(',').map(Number));
      if (ports.length === 0 || !ports.every(isPort)) throw badRequest('query parameter "ports" is required');
      this.#record(seen, 101);
      forwardPorts(request, socket, head, { namespace, name, ports }, this.#options.dialPod);
    } catch (error) {
      const { code, body } = failureAnswer(error);
      this.#record(seen, code);
      refuseUpgrade(socket, code, JSON.stringify(body));
    }
  }

  #forwardedPod(seen: Seen): ResourceRequest {
    // RBAC knows exec and port-forward as `create`, also where a WebSocket has to begin with GET.
    const resource = this.#authorize(seen, 'create');
    if (!resource) throw unknownResource();
    readObjectOf(this.#options.store, resource);
    if (resource.subresource !== 'portforward') {
      throw badRequest('the lab runs no containers: there is nothing to exec or to attach to');
    }
    if (seen.request.headers.upgrade?.toLowerCase() !== 'websocket') {
      throw badRequest('unable to upgrade: the lab forwards ports over WebSockets (v4.channel.k8s.io) only');
    }
    return resource;
  }

  #answer(seen: Seen, body: Json): Answer | Stream {
    const resource = this.#authorize(seen);
    const { request, caller } = seen;
    if (!resource || !caller) return answerServerPath(request, seen.url, this.#options.kinds) ?? pageNotFound;
    if (isReview(resource.kind)) return answerReviewRequest(resource, body, caller.user, this.#rules);
    return answerResource(this.#options, resource, {
      body,
      contentType: (request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '',
      userAgent: request.headers['user-agent'] ?? '',
      as: representationOf(request),
    });
  }

  /** Finds out who asks for what, and refuses what no Role allows. Gives nothing for a path that names no object. */
  #authorize(seen: Seen, asVerb?: string): ResourceRequest | undefined {
    const { user } = (seen.caller = authenticate(seen.request, this.#options.users, this.#rules));
    const method = seen.request.method ?? 'GET';
    const resource = readResourceRequest(method, seen.url, this.#options.kinds);
    if (!resource) {
      const path = seen.url.pathname;
      if (this.#rules.allowsPath(user, method.toLowerCase(), path)) return undefined;
      throw forbiddenPath(user.name, method.toLowerCase(), path);
    }
    seen.resource = resource;
    const { kind, subresource, name } = resource;
    const verb = asVerb ?? resource.verb;
    // A Role in a namespace may allow the namespace itself: Kubernetes counts it as an object within itself.
    const namespace = kind.group === '' && kind.kind === 'Namespace' ? name : resource.namespace;
    const path = subresource === '' ? kind.plural : `${kind.plural}/${subresource}`;
    const allowed = this.#rules.allows(user, { verb, group: kind.group, resource: path, namespace, name });
    if (allowed === undefined) throw forbidden({ user: user.name, verb, kind, subresource, namespace, name });
    return resource;
  }

  #record({ request, url, caller, resource }: Seen, status: number): void {
    this.records.push({
      at: this.#options.now().toISOString(),
      user: caller?.user.name ?? '',
      ...(caller?.impersonatedBy !== undefined && { impersonatedBy: caller.impersonatedBy }),
      method: request.method ?? 'GET',
      path: url.pathname,
      query: url.search.slice(1),
      ...(resource && auditedResource(resource)),
      status,
      metadataOnly: representationOf(request) === 'metadata',
      dryRun: resource !== undefined && isDryRun(resource),
    });
  }
}

/** What is known of a request while it is handled; caller and resource are noted as they are found out. */
interface Seen {
  readonly request: IncomingMessage;
  readonly url: URL;
  caller?: Caller;
  resource?: ResourceRequest;
}

/** What kube-apiserver says where nobody registered a path: plain text, not a Status. */
const pageNotFound: Answer = { code: 404, body: '404 page not found\n', contentType: 'text/plain; charset=utf-8' };

function auditedResource({ kind, subresource, verb, namespace, name }: ResourceRequest): Partial<AuditRecord> {
  const path = subresource === '' ? kind.plural : `${kind.plural}/${subresource}`;
  return { verb, resource: kind.group === '' ? path : `${path}.${kind.group}`, namespace, name };
}

/** A target that is no URL leads to a path that nobody has. */
function urlOf(request: IncomingMessage): URL {
  return URL.parse(request.url ?? '/', 'https://kubernetes') ?? new URL('https://kubernetes/unreadable');
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65536;
}

function failureAnswer(error: unknown): Answer {
  if (error instanceof ApiFailure) return { code: error.code, body: error.status() };
  // A percent sign in the path that encodes nothing.
  if (error instanceof URIError)
    return { code: 400, body: badRequest('the path of the request is no URL path').status() };
  const text = error instanceof Error ? error.message : String(error);
  const failure = new ApiFailure(500, 'InternalError', `Internal error occurred: ${text}`);
  return { code: 500, body: failure.status() };
}

function refuseUpgrade(socket: Duplex, code: number, body: string): void {
  socket.end(
    `HTTP/1.1 ${code} Refused\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
