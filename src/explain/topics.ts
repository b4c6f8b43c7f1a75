import type { Group } from '../checks/check.ts';
import { pageGroups } from './page.ts';
import { pageNames, readPage } from './pages.ts';

/** A page in a list of pages. */
export interface Topic {
  readonly name: string;
  readonly title: string;
  readonly group: Group;
}

/** All that has a page: the groups in their order, the names of each in alphabetical order. */
export function topics(): readonly Topic[] {
  const order = Object.keys(pageGroups);
  return pageNames()
    .map((name) => readPage(name))
    .map(({ name, title, group }) => ({ name, title, group }))
    .sort((a, b) => order.indexOf(a.group) - order.indexOf(b.group));
}
