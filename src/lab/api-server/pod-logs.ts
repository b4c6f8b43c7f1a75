import { EventEmitter } from 'node:events';
import { objectsAt, textAt } from '../../kubernetes/read.ts';
import type { Stream } from './answer.ts';
import { badRequest } from './failure.ts';
import type { KubernetesObject } from './object.ts';
import { annotationsOf, nameOf } from './object.ts';
import type { ResourceRequest } from './resource-request.ts';

interface LogLine {
  readonly at: Date;
  readonly text: string;
}

/** How many lines of one container are kept, as a kubelet rotates. */
const keptLines = 5000;

/** What the containers of the simulated cluster have written. */
export class PodLogs {
  readonly #lines = new Map<string, LogLine[]>();
  readonly #written = new EventEmitter().setMaxListeners(0);

  write(namespace: string, pod: string, container: string, at: Date, text: string): void {
    const key = `${namespace}/${pod}/${container}`;
    const lines = this.#lines.get(key) ?? [];
    lines.push({ at, text });
    this.#lines.set(key, lines.length > keptLines * 2 ? lines.slice(-keptLines) : lines);
    this.#written.emit(key, { at, text });
  }

  lines(namespace: string, pod: string, container: string): readonly LogLine[] {
    return this.#lines.get(`${namespace}/${pod}/${container}`) ?? [];
  }

  follow(namespace: string, pod: string, container: string, listener: (line: LogLine) => void): () => void {
    const key = `${namespace}/${pod}/${container}`;
    this.#written.on(key, listener);
    return () => this.#written.off(key, listener);
  }
}

/**
 * Answers `GET …/pods/NAME/log` with its usual parameters, `follow` among them.
 * @throws ApiFailure 400 for a container that the pod does not have, or a previous one (nothing ever restarts here).
 */
export function answerLogs(logs: PodLogs, pod: KubernetesObject, request: ResourceRequest, now: Date): Stream {
  const { query, namespace, name } = request;
  const container = containerOf(pod, query.get('container') ?? '');
  if (query.get('previous') === 'true') {
    throw badRequest(`previous terminated container "${container}" in pod "${name}" not found`);
  }
  const timestamps = query.get('timestamps') === 'true';
  const print = ({ at, text }: LogLine): string => `${timestamps ? `${at.toISOString()} ` : ''}${text}\n`;
  const text = selectLines(logs.lines(namespace, name, container), query, now)
    .map(print)
    .join('');
  const body = Buffer.from(text).subarray(0, Number(query.get('limitBytes') ?? Number.POSITIVE_INFINITY));
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    if (query.get('follow') !== 'true') {
      response.end(body);
      return;
    }
    response.flushHeaders();
    response.write(body);
    const stop = logs.follow(namespace, name, container, (line) => response.write(print(line)));
    response.once('close', stop);
  };
}

function selectLines(lines: readonly LogLine[], query: URLSearchParams, now: Date): readonly LogLine[] {
  const sinceSeconds = query.get('sinceSeconds');
  const sinceTime = query.get('sinceTime');
  const since =
    sinceSeconds !== null ? now.getTime() - Number(sinceSeconds) * 1000 : Date.parse(sinceTime ?? '1970-01-01');
  const recent = lines.filter(({ at }) => at.getTime() >= since);
  const tail = query.get('tailLines');
  if (tail === null) return recent;
  return Number(tail) === 0 ? [] : recent.slice(-Number(tail));
}

function containerOf(pod: KubernetesObject, asked: string): string {
  const names = objectsAt(pod, 'spec', 'containers').map(({ value }) => textAt(value, 'name') ?? '');
  const usual = annotationsOf(pod)['kubectl.kubernetes.io/default-container'];
  if (asked !== '') {
    if (!names.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${nameOf(pod)}`);
    return asked;
  }
  const [only] = names;
  if (usual !== undefined && names.includes(usual)) return usual;
  if (only !== undefined && names.length === 1) return only;
  throw badRequest(`a container name must be specified for pod ${nameOf(pod)}, choose one of: [${names.join(' ')}]`);
}
