import type { JsonObject } from '../../model/json.ts';
import { objectAt, textAt } from '../../kubernetes/read.ts';
import type { AccessRules } from '../api-server/access-rules.ts';
import { impliedGroups } from '../api-server/access-reviews.ts';
import type { SecretText } from '../gateway/credential.ts';
import { readPemBlocks } from '../gateway/pem-blocks.ts';
import { X509Certificate } from 'node:crypto';
import type { ClusterView } from './cluster-view.ts';
import type { Notice, Proxy } from './config.ts';

/** What istiod can give for one SDS name. */
export type SecretAnswer =
  | { readonly state: 'found'; readonly text: SecretText; readonly notices: readonly Notice[] }
  | { readonly state: 'missing'; readonly notice: Notice }
  /** The proxy may not have it; the names of one request share one line. */
  | { readonly state: 'denied'; readonly name: string; readonly reason: string };

export interface SecretSource {
  readonly view: ClusterView;
  readonly rules: AccessRules;
  /** References of Gateways to Secrets (`kubernetes-gateway://ns/name`) that are granted to this proxy. */
  readonly verified: ReadonlySet<string>;
  readonly now: Date;
}

const suffix = '-cacert';

/** Looks a name up as istiod 1.29 does, for the resources that it serves itself. */
export function findSecret(resource: string, proxy: Proxy, source: SecretSource): SecretAnswer {
  const { scheme, namespace, name } = parseResource(resource, proxy);
  const isCa = name.endsWith(suffix) || scheme === 'configmap';
  const denied = denial(scheme, namespace, name, resource, proxy, source);
  if (denied) return denied;
  const values =
    scheme === 'configmap' ? findConfigMap(source.view, namespace, name) : findValues(source.view, namespace, name);
  const extracted = isCa ? extractCa(values) : extractKeyPair(values);
  if ('problem' in extracted) {
    const what = isCa ? 'ca certificate' : 'key and certificate';
    return { state: 'missing', notice: warn(`failed to fetch ${what} for ${resource}: ${extracted.problem}`) };
  }
  const problem = dateProblem(extracted.kind === 'ca' ? extracted.ca : extracted.chain, source.now);
  const text = `invalid certificates: ${namespace}/${name} "${resource}": ${problem}`;
  return { state: 'found', text: extracted, notices: problem === undefined ? [] : [warn(text)] };
}

interface ParsedResource {
  readonly scheme: 'kubernetes' | 'kubernetes-gateway' | 'configmap';
  readonly namespace: string;
  readonly name: string;
}

/** A name without a namespace means the pod's own; of longer ones the first two parts count. */
function parseResource(resource: string, proxy: Proxy): ParsedResource {
  const [scheme = '', rest = ''] = resource.split('://');
  const [first = '', second] = rest.split('/');
  const place = second === undefined ? { namespace: proxy.namespace, name: first } : { namespace: first, name: second };
  if (scheme === 'kubernetes-gateway' || scheme === 'configmap') return { scheme, ...place };
  return { scheme: 'kubernetes', ...place };
}

function denial(
  scheme: ParsedResource['scheme'],
  namespace: string,
  name: string,
  resource: string,
  proxy: Proxy,
  { rules, verified }: SecretSource,
): SecretAnswer | undefined {
  const foreign = {
    state: 'denied',
    name,
    reason: 'cross namespace secret reference requires ReferenceGrant',
  } as const;
  if (scheme === 'configmap') return undefined;
  if (scheme === 'kubernetes-gateway') return verified.has(resource.replace(/-cacert$/, '')) ? undefined : foreign;
  if (namespace !== proxy.namespace) return foreign;
  // The CA alone is no secret: since 1.25 it is given without the permission.
  if (name.endsWith(suffix)) return undefined;
  const user = `system:serviceaccount:${proxy.namespace}:${proxy.serviceAccount}`;
  const access = { verb: 'list', group: '', resource: 'secrets', namespace, name: '' };
  if (rules.allows({ name: user, groups: impliedGroups(user) }, access) !== undefined) return undefined;
  const reason = `${proxy.serviceAccount}/${proxy.namespace} is not authorized to read secrets: `;
  return { state: 'denied', name, reason };
}

/** The keys of a Secret, or why there are none. */
type Values = { readonly data: Readonly<Record<string, string>> } | { readonly problem: string };

/** A CA is looked for in the Secret of that very name first, and then in the one without the suffix. */
function findValues(view: ClusterView, namespace: string, name: string): Values {
  const own = watchedSecret(view, namespace, name);
  if (own || !name.endsWith(suffix)) return own ?? { problem: `secret ${namespace}/${name} not found` };
  const plain = name.slice(0, -suffix.length);
  return watchedSecret(view, namespace, plain) ?? { problem: `secret ${namespace}/${plain} not found` };
}

/** Istiod does not watch Secrets of these types, so it does not find them. */
const unwatchedTypes = new Set(['helm.sh/release.v1', 'kubernetes.io/service-account-token']);

function watchedSecret(view: ClusterView, namespace: string, name: string): Values | undefined {
  const secret = view.get('Secret', namespace, name);
  if (!secret || unwatchedTypes.has(textAt(secret, 'type') ?? '')) return undefined;
  return { data: secretData(secret) };
}

/** The decoded values of a Secret. */
export function secretData(secret: JsonObject): Readonly<Record<string, string>> {
  const entries = Object.entries(objectAt(secret, 'data') ?? {});
  return Object.fromEntries(
    entries.map(([key, value]) => [
      key,
      Buffer.from(typeof value === 'string' ? value : '', 'base64').toString('utf8'),
    ]),
  );
}

function findConfigMap(view: ClusterView, namespace: string, fullName: string): Values {
  const name = fullName.replace(/-cacert$/, '');
  const map = view.get('ConfigMap', namespace, name);
  if (!map) return { problem: `configmap ${namespace}/${name} not found` };
  const entries = Object.entries(objectAt(map, 'data') ?? {});
  return { data: Object.fromEntries(entries.map(([key, value]) => [key, typeof value === 'string' ? value : ''])) };
}

type Extracted = SecretText | { readonly problem: string };

function extractKeyPair(values: Values): Extracted {
  if ('problem' in values) return values;
  const { data } = values;
  for (const [certificate, key] of [
    ['cert', 'key'],
    ['tls.crt', 'tls.key'],
  ] as const) {
    if (!(certificate in data) || !(key in data)) continue;
    const [chain, privateKey] = [data[certificate] ?? '', data[key] ?? ''];
    if (chain === '' || privateKey === '') {
      return { problem: `found keys "${certificate}" and "${key}", but they were empty` };
    }
    return { kind: 'key-pair', chain, key: privateKey };
  }
  const expected = '(cert and key) or (tls.crt and tls.key)';
  return { problem: `found secret, but didn't have expected keys ${expected}; found: ${keyList(data)}` };
}

function extractCa(values: Values): Extracted {
  if ('problem' in values) return values;
  const { data } = values;
  for (const [key, crlKey] of [
    ['cacert', 'crl'],
    ['ca.crt', 'ca.crl'],
  ] as const) {
    const ca = data[key];
    if (ca === undefined) continue;
    if (ca === '') return { problem: `found key "${key}", but it was empty` };
    const crl = data[crlKey];
    return { kind: 'ca', ca, ...(crl !== undefined && crl !== '' && { crl }) };
  }
  return { problem: `found secret, but didn't have expected keys cacert or ca.crt; found: ${keyList(data)}` };
}

/** Three keys or more are cut short, even when nothing is left out. */
function keyList(data: Readonly<Record<string, string>>): string {
  const keys = Object.keys(data).toSorted((a, b) => (a < b ? -1 : 1));
  if (keys.length < 3) return keys.join(', ');
  return `${keys.slice(0, 3).join(', ')}, and ${keys.length - 3} more...`;
}

/** Istiod looks at the first block only, says what it finds, and sends the secret all the same. */
function dateProblem(text: string, now: Date): string | undefined {
  const [first] = readPemBlocks(text).blocks;
  if (!first) return 'pem decode failed';
  try {
    const { validFromDate, validToDate } = new X509Certificate(first.der);
    const inDate = validFromDate <= now && now <= validToDate;
    return inDate ? undefined : 'certificate is expired or not yet valid';
  } catch {
    return 'x509: malformed certificate';
  }
}

function warn(text: string): Notice {
  return { level: 'warn', scope: 'ads', text };
}
