import { quoted } from '../text/quoted.ts';
import { usageError } from './usage-error.ts';

/**
 * `NAMESPACE/NAME`. `before` is what the user wrote in front of it (`gateway/`), for the message.
 *
 * @throws IstlsError
 */
export function parseNamespacedName(text: string, before = ''): { readonly namespace: string; readonly name: string } {
  const [namespace = '', name = '', ...more] = text.split('/');
  if (namespace === '' || name === '' || more.length > 0) {
    throw usageError(`${quoted(before + text)} does not name one object`, `write ${before}NAMESPACE/NAME`);
  }
  return { namespace: parseNamespace(namespace), name: parseObjectName(name) };
}

/** @throws IstlsError for what the Kubernetes API takes for no namespace (RFC 1123 label) */
export function parseNamespace(text: string): string {
  if (/^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/.test(text)) return text;
  throw usageError(
    `${quoted(text)} cannot be the name of a namespace`,
    'those have at most 63 lower-case letters, digits and hyphens, with a letter or digit at both ends',
  );
}

/** RFC 1123 subdomain, the loosest rule that the kinds of a target follow. */
function parseObjectName(text: string): string {
  if (text.length <= 253 && /^[a-z\d](?:[a-z\d.-]*[a-z\d])?$/.test(text)) return text;
  throw usageError(
    `${quoted(text)} cannot be the name of a Kubernetes object`,
    'those have lower-case letters, digits, hyphens and dots, with a letter or digit at both ends',
  );
}
