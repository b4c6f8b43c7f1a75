import type { EnvoyListener, EnvoyNode, EnvoyState } from '../model/envoy.ts';
import type { Json } from '../model/json.ts';
import { isObject } from '../kubernetes/read.ts';
import {
  bareReaders,
  type ConfigDumpPart,
  type Found,
  type ListReader,
  listReaders,
  sectionParts,
} from './config-dump-lists.ts';
import { ConfigDumpSplitter, type SplitEvents } from './config-dump-splitter.ts';
import { present } from './present.ts';
import { readBootstrap, readNodeId } from './read-node.ts';
import { utf8Chunks } from './utf8-chunks.ts';

export type { ConfigDumpPart } from './config-dump-lists.ts';

export interface ConfigDumpOptions {
  /** Parts that were asked for, so that an answer without any element means that there are none. */
  readonly asked?: readonly ConfigDumpPart[];
  /** The largest element that is read, in bytes. */
  readonly maxElementBytes?: number;
}

export interface ConfigDumpReading {
  /** `namespace` and `pod` are there where the bootstrap names them. */
  readonly state: Partial<EnvoyState>;
  /** What could not be read, each with the section and the place. Empty: the whole dump was read. */
  readonly problems: readonly string[];
}

const plan = {
  lists: new Set(listReaders.keys()),
  wholes: new Set(['bootstrap']),
  marks: new Set(['name', ...bareReaders.keys()]),
  maxDepth: 200,
};

const mostProblems = 50;
const defaultMaxElementBytes = 256 * 1024 * 1024;

/**
 * Reads `/config_dump` of API v2 or v3, whole, masked or as a slice, as it arrives: the memory needed is that of its
 * largest element and of what is kept. Never throws because of the content; throws what `chunks` throws.
 */
export async function readConfigDump(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: ConfigDumpOptions = {},
): Promise<ConfigDumpReading> {
  const reader = new ConfigDumpReader(options);
  const splitter = new ConfigDumpSplitter(
    { ...plan, maxBytes: options.maxElementBytes ?? defaultMaxElementBytes },
    reader,
  );
  for await (const chunk of utf8Chunks(chunks)) {
    splitter.push(chunk);
    if (splitter.stopped) break;
  }
  splitter.end();
  return reader.result();
}

/** Gathers what the splitter finds. */
class ConfigDumpReader implements SplitEvents {
  /** One bucket for each list, so that the order of the sections in the dump does not show in the result. */
  readonly #buckets = new Map([...listReaders.values(), ...bareReaders.values()].map((each) => [each, emptyFound()]));
  readonly #collected: Set<ConfigDumpPart>;
  readonly #sections = new Set<ConfigDumpPart>();
  readonly #problems: string[] = [];
  #node: EnvoyNode | undefined;
  #recognised = false;

  constructor({ asked }: ConfigDumpOptions) {
    this.#collected = new Set(asked);
  }

  type(url: string): void {
    const part = sectionParts.get(url.slice(url.lastIndexOf('.') + 1));
    if (part) this.#sections.add(part);
    if (url.startsWith('type.googleapis.com/envoy.admin.')) this.#recognised = true;
  }

  list(member: string): void {
    const part = listReaders.get(member)?.part;
    if (part) this.#collected.add(part);
  }

  element(member: string, index: number, text: string): void {
    const reader = listReaders.get(member);
    if (reader) this.#take(reader, `${member}[${index}]`, parse(text));
  }

  whole(member: string, text: string): void {
    const bootstrap = parse(text);
    if (!isObject(bootstrap)) this.problem(`${member} is no JSON and was left out`);
    else if (Object.keys(bootstrap).length > 0) this.#node = readBootstrap(bootstrap);
  }

  bare(text: string): void {
    const json = parse(text);
    const member = isObject(json) ? Object.keys(json).find((key) => bareReaders.has(key)) : undefined;
    const reader = member === undefined ? undefined : bareReaders.get(member);
    if (reader) this.#take(reader, 'an element', json);
    else this.problem('an object that is no element of a config dump was left out');
  }

  problem(text: string): void {
    if (this.#problems.length < mostProblems) this.#problems.push(text);
    else if (this.#problems.length === mostProblems) this.#problems.push('and more that could not be read');
  }

  result(): ConfigDumpReading {
    const node = this.#node;
    // A mask empties the sections that it does not name, the bootstrap among them. With a bootstrap, empty is empty.
    const collected = new Set([...this.#collected, ...(node ? this.#sections : [])]);
    if (!this.#recognised && !node && collected.size === 0 && this.#problems.length === 0) {
      this.problem('JSON, but no config dump: none of its sections is there');
    }
    const id = node?.id === undefined ? undefined : readNodeId(node.id);
    const found = inOrder([...this.#buckets.values()]);
    const part = <K extends ConfigDumpPart>(name: K) => (collected.has(name) ? found[name] : undefined);
    const state = present({
      namespace: id?.namespace,
      pod: id?.pod,
      node,
      listeners: part('listeners'),
      secrets: part('secrets'),
      routeConfigs: part('routeConfigs'),
      clusters: part('clusters'),
      endpoints: part('endpoints'),
    });
    return { state, problems: this.#problems };
  }

  #take(reader: ListReader, place: string, json: Json | undefined): void {
    this.#collected.add(reader.part);
    if (json === undefined) return this.problem(`${place} is no JSON and was left out`);
    const said = reader.read(json, this.#buckets.get(reader) ?? emptyFound());
    if (said !== undefined) this.problem(said);
  }
}

function parse(text: string): Json | undefined {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

function emptyFound(): Found {
  return { listeners: [], secrets: [], routeConfigs: [], clusters: [], endpoints: [] };
}

/** Static ones first, what still warms last. */
function inOrder(buckets: readonly Found[]): Found {
  const rank = (state: string) => ['static', 'active', 'warming'].indexOf(state);
  const all = <K extends ConfigDumpPart>(part: K) =>
    buckets.flatMap((found): readonly Found[K][number][] => found[part]);
  return {
    listeners: withoutEchoes(all('listeners')).toSorted(
      (a, b) => Number(b.state === 'static') - Number(a.state === 'static'),
    ),
    secrets: all('secrets').toSorted((a, b) => rank(a.state) - rank(b.state)),
    clusters: all('clusters').toSorted((a, b) => Number(a.warming ?? false) - Number(b.warming ?? false)),
    routeConfigs: all('routeConfigs'),
    endpoints: all('endpoints'),
  };
}

/** Envoy lists a refused listener twice, once without name and time: the echo says nothing that the first does not. */
function withoutEchoes(listeners: readonly EnvoyListener[]): readonly EnvoyListener[] {
  const refusal = (listener: EnvoyListener) => `${listener.name} ${listener.details}`;
  const refused = listeners.filter(({ state }) => state === 'error');
  const dated = new Set(refused.filter(({ lastUpdated }) => lastUpdated !== undefined).map(refusal));
  return listeners.filter(
    (listener) => listener.state !== 'error' || listener.lastUpdated !== undefined || !dated.has(refusal(listener)),
  );
}
