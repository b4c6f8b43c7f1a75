import type { Json, JsonObject } from '../../model/json.ts';
import { at } from '../../kubernetes/read.ts';
import { badRequest } from './failure.ts';
import { labelsOf } from './object.ts';

export type ObjectFilter = (object: JsonObject) => boolean;

/** The filter of `labelSelector` and `fieldSelector` together. Throws a bad request for one it cannot read. */
export function filterOf(query: URLSearchParams): ObjectFilter {
  const labels = labelFilter(query.get('labelSelector') ?? '');
  const fields = fieldFilter(query.get('fieldSelector') ?? '');
  return (object) => labels(object) && fields(object);
}

/** `a=b,c!=d,e in (f,g),h notin (i),j,!k`. */
function labelFilter(selector: string): ObjectFilter {
  const terms = splitOutsideParentheses(selector).map(labelTerm);
  return (object) => {
    const labels = labelsOf(object);
    return terms.every((term) => term(labels));
  };
}

type LabelTerm = (labels: Readonly<Record<string, string>>) => boolean;

function labelTerm(text: string): LabelTerm {
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(text);
  if (set) {
    const [, key = '', operator, list = ''] = set;
    const values = new Set(list.split(',').map((value) => value.trim()));
    const isListed: LabelTerm = (labels) => key in labels && values.has(labels[key] ?? '');
    return operator === 'in' ? isListed : (labels) => !isListed(labels);
  }
  const comparison = /^([^=!\s]+)\s*(==|=|!=)\s*([^=!\s]*)$/.exec(text);
  if (comparison) {
    const [, key = '', operator, value = ''] = comparison;
    return operator === '!=' ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  }
  const existence = /^(!?)\s*([^=!\s(),]+)$/.exec(text);
  if (!existence) throw badRequest(`unable to parse requirement: found '${text}', expected: label selector`);
  const [, not, key = ''] = existence;
  return not === '!' ? (labels) => !(key in labels) : (labels) => key in labels;
}

function splitOutsideParentheses(selector: string): readonly string[] {
  const terms: string[] = [];
  let depth = 0;
  let term = '';
  for (const character of selector) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === ',' && depth === 0) {
      terms.push(term);
      term = '';
    } else term += character;
  }
  return [...terms, term].map((text) => text.trim()).filter((text) => text !== '');
}

/** `metadata.name=x,status.phase!=Running`: any field that holds plain text, which is more than a real server takes. */
function fieldFilter(selector: string): ObjectFilter {
  const terms = selector.split(',').filter((term) => term !== '');
  const tests = terms.map((text) => {
    const term = /^([^=!]+)(==|=|!=)(.*)$/.exec(text);
    if (!term) throw badRequest(`invalid field selector: ${text}`);
    const [, field = '', operator, value = ''] = term;
    const path = field.split('.');
    return (object: JsonObject) => (plainText(at(object, ...path)) === value) !== (operator === '!=');
  });
  return (object) => tests.every((test) => test(object));
}

function plainText(value: Json | undefined): string {
  return value === undefined || typeof value === 'object' ? '' : String(value);
}
