import type { Der } from './der.ts';
import { child, children, oidOf, textOf } from './der.ts';
import { attributeTypes } from './oids.ts';

/**
 * A distinguished name on one line, most specific part first: `CN=shop,O=Example`. Escaped as RFC 4514 section 2.4
 * wants it, so that no value can look like a further attribute. Types without a short name keep their dotted form.
 */
export function nameText(name: Der | undefined): string {
  return [...children(name)]
    .reverse()
    .map((part) => children(part).map(attributeText).join('+'))
    .join(',');
}

/** The most specific common name. */
export function commonNameOf(name: Der | undefined): string | undefined {
  const attributes = children(name).flatMap(children);
  const last = attributes.findLast((attribute) => attributeTypes[oidOf(child(attribute, 0)) ?? ''] === 'CN');
  return last && textOf(child(last, 1));
}

/**
 * A name in the form in which names are compared (RFC 5280 section 7.1, as OpenSSL and BoringSSL do it): without regard
 * to case and to the amount of white space.
 */
export function comparableName(text: string): string {
  return text.toLowerCase().replaceAll(/\s+/g, ' ');
}

function attributeText(attribute: Der): string {
  const id = oidOf(child(attribute, 0)) ?? '?';
  return `${attributeTypes[id] ?? id}=${escaped(textOf(child(attribute, 1)))}`;
}

function escaped(value: string): string {
  return value.replaceAll(/^[ #]|[,+"\\<>;]| $/g, String.raw`\$&`).replaceAll(/\p{Cc}/gu, hexEscapes);
}

function hexEscapes(control: string): string {
  const bytes = Buffer.from(control).toString('hex').match(/../g) ?? [];
  return bytes.map((byte) => `\\${byte}`).join('');
}
