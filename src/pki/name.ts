import type { Der } from '../x509/der.ts';
import { attributeTypes } from '../x509/oids.ts';
import type { NameDescription } from './certificate-description.ts';
import { oid, sequence, set, utf8 } from './der-writer.ts';

const oidByType = new Map(Object.entries(attributeTypes).map(([dotted, type]) => [type, dotted]));

/** The order of `NameDescription`, most specific first. */
const specificFirst = ['CN', 'OU', 'O', 'L', 'ST', 'C'] as const;

/** A distinguished name as DER, which has the least specific attribute first. Throws for an attribute it cannot write. */
export function distinguishedName(description: NameDescription | string | undefined): Der {
  const parts = typeof description === 'string' ? partsOfText(description) : partsOfAttributes(description ?? {});
  return sequence(...parts.reverse().map(([type, value]) => set(sequence(oid(attributeOid(type)), utf8(value)))));
}

function partsOfAttributes(attributes: NameDescription): [string, string][] {
  return specificFirst.flatMap((type): [string, string][] => {
    const value = attributes[type];
    return value === undefined ? [] : [[type, value]];
  });
}

/** RFC 4514 in its everyday form: a backslash takes the next character as it is. */
function partsOfText(text: string): [string, string][] {
  const parts = text.match(/(?:\\.|[^\\,])+/gsu) ?? [];
  return parts.map((part) => {
    const equals = part.indexOf('=');
    if (equals < 0) throw new TypeError(`"${part.trim()}" is no TYPE=VALUE of a distinguished name.`);
    return [part.slice(0, equals).trim(), part.slice(equals + 1).replaceAll(/\\(.)/gsu, '$1')];
  });
}

function attributeOid(type: string): string {
  const found = oidByType.get(type);
  if (found === undefined) throw new TypeError(`"${type}" is no known attribute of a distinguished name.`);
  return found;
}
