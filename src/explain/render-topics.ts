import { emphasisOf } from '../text/emphasis.ts';
import { wrap } from '../text/wrap.ts';
import { pageGroups } from './page.ts';
import type { TextOptions } from './render-text.ts';
import type { Topic } from './topics.ts';

/** The list of all that has a page, by group, and what else can be asked. */
export function renderTopics(topics: readonly Topic[], options: TextOptions): string {
  const { width, program } = options;
  const { strong } = emphasisOf(options);
  const column = Math.max(0, ...topics.map(({ name }) => name.length));
  const rest = `  ${' '.repeat(column)}  `;
  const groups = [...Map.groupBy(topics, ({ group }) => group)].map(([group, members]) =>
    [
      strong(pageGroups[group]),
      ...members.map(({ name, title }) => wrap(title, width, rest, `  ${name.padEnd(column)}  `)),
    ].join('\n'),
  );
  return [...groups, `${strong('Anything else')}\n${others(program)}`].join('\n\n');
}

function others(program: string): string {
  return [
    ['48, unknown_ca', 'a TLS alert by number or name'],
    ['ECONNRESET', 'an error code of Node, curl or OpenSSL'],
    ["'curl: (35) ...'", 'the error of a client, as it was printed'],
    ['KEY_VALUES_MISMATCH, 0b000074', 'an error of BoringSSL by name or number'],
    ['NR, UF,URX', 'response flags of an access log'],
    ["'warning envoy config ...'", 'a whole line of a log of Envoy, the agent or istiod, or of an access log'],
  ]
    .map(([what = '', means = '']) => `  ${`${program} explain ${what}`.padEnd(program.length + 40)}  ${means}`)
    .join('\n');
}
