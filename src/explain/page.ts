import type { Group } from '../checks/check.ts';

/** The sections of every page, in this order. */
export const pageSections = [
  'What it means',
  'How clients notice',
  'How istls knows',
  'Confirm by hand',
  'Fix',
  'False alarms',
] as const;
export type PageSection = (typeof pageSections)[number];

/** The groups of checks in the order in which they are listed, with their headings. */
export const pageGroups = {
  front: 'In front of the gateway',
  platform: 'Service, pods, control plane',
  credential: 'The credential',
  certificate: 'The certificate and key',
  'mutual-tls': 'Mutual TLS',
  routing: 'Gateway, routes, backends',
  symptom: 'Symptoms',
} as const satisfies Record<Group, string>;

/** Help for one cause or check, as its author wrote it. The text of a section is Markdown: see `markdown.ts`. */
export interface Page {
  readonly name: string;
  /** The mistake, as a sentence without a full stop. */
  readonly title: string;
  readonly group: Group;
  /** First and last release of Istio where this can happen, `1.8`; absent: no limit. */
  readonly since?: string;
  readonly until?: string;
  /** Ids of documented procedures that it concerns: `B1`. */
  readonly runbook: readonly string[];
  /** Addresses of public reports of it. */
  readonly reports: readonly string[];
  readonly sections: readonly { readonly heading: PageSection; readonly text: string }[];
}

const fields = new Set(['title', 'group', 'since', 'until', 'runbook', 'reports']);

/**
 * Reads a page: `key: value` lines between two lines of `---`, then the sections, each under its `## heading`.
 *
 * @param name the name of its file, without `.md`
 * @throws Error that says what is wrong with the page
 */
export function parsePage(name: string, text: string): Page {
  const [, front, body] = /^---\n(.*?)\n---\n(.*)$/s.exec(text) ?? [];
  if (front === undefined || body === undefined) throw new Error(`${name}: the page does not begin with front matter`);
  const values = frontMatter(name, front);
  const { title, group, since, until } = Object.fromEntries(values);
  if (title === undefined || title === '') throw new Error(`${name}: title is missing`);
  if (!isGroup(group)) throw new Error(`${name}: group is one of ${Object.keys(pageGroups).join(', ')}`);
  return {
    name,
    title,
    group,
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    runbook: list(values.get('runbook')),
    reports: list(values.get('reports')),
    sections: sectionsOf(name, body),
  };
}

function isGroup(text: string | undefined): text is Group {
  return text !== undefined && Object.hasOwn(pageGroups, text);
}

function frontMatter(name: string, text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, key = '', value = ''] = /^([a-z]+): (.*)$/.exec(line) ?? [];
    if (!fields.has(key)) throw new Error(`${name}: no field of front matter: ${line}`);
    values.set(key, value.trim());
  }
  return values;
}

function list(value: string | undefined): readonly string[] {
  return value === undefined ? [] : value.split(',').map((item) => item.trim());
}

function sectionsOf(name: string, body: string): Page['sections'] {
  const [before = '', ...parts] = body.split(/^## /m);
  if (before.trim() !== '') throw new Error(`${name}: text before the first section`);
  const sections = parts.map((part) => {
    const end = part.indexOf('\n');
    return { heading: part.slice(0, end), text: part.slice(end).trim() };
  });
  const headings = sections.map(({ heading }) => heading);
  if (headings.join('\n') !== pageSections.join('\n')) {
    throw new Error(`${name}: the sections are ${headings.join(', ')}; every page has ${pageSections.join(', ')}`);
  }
  return pageSections.map((heading, index) => ({ heading, text: sections[index]?.text ?? '' }));
}
