import type { Json, JsonObject } from '../../model/json.ts';
import { booleanAt, numberAt, objectAt, objectsAt, textAt, textsAt } from '../../kubernetes/read.ts';
import type { CertificateDescription, Minted } from '../../pki/certificate-description.ts';
import { mintCertificate } from '../../pki/mint-certificate.ts';
import { mintRevocationList } from '../../pki/mint-revocation-list.ts';
import { keyKinds, privateKeyText } from '../../pki/private-key.ts';
import type { KeyForm } from '../../pki/private-key.ts';
import { X509Certificate } from 'node:crypto';
import type { KubernetesObject } from '../api-server/object.ts';

/** What a scenario's `certificates.yaml` gives: Secrets to store, and files for clients. */
export interface MintedScenario {
  readonly secrets: readonly KubernetesObject[];
  /** Texts by file name. */
  readonly files: Readonly<Record<string, string>>;
}

interface Pair extends Minted {
  readonly issuer?: Pair;
}

const day = 24 * 3600_000;

/**
 * Mints everything that a `certificates.yaml` describes: `certificates` by name, then `secrets` and `files` whose values
 * are made of them. Throws for a name or a value that it does not know.
 */
export function mintScenario(document: Json, now: Date): MintedScenario {
  const pairs = new Map<string, Pair>();
  for (const [name, value] of Object.entries(objectAt(document, 'certificates') ?? {})) {
    pairs.set(name, mintPair(name, objectAt(value) ?? {}, pairs, now));
  }
  const secrets = objectsAt(document, 'secrets').map(({ value }) => secretOf(value, pairs, now));
  const files = textsOf(objectAt(document, 'files'), pairs, now);
  return { secrets, files };
}

function mintPair(name: string, value: JsonObject, pairs: ReadonlyMap<string, Pair>, now: Date): Pair {
  const issuerName = textAt(value, 'issuer');
  const issuer = issuerName === undefined ? undefined : pairNamed(issuerName, pairs);
  const isCa = booleanAt(value, 'ca') ?? false;
  const key = keyKinds.find((kind) => kind === textAt(value, 'key'));
  const keyOf = textAt(value, 'keyOf');
  const signature = (['sha1', 'sha256', 'sha384'] as const).find((digest) => digest === textAt(value, 'signature'));
  const description: CertificateDescription = {
    subject: textAt(value, 'subject') ?? `CN=${textsAt(value, 'dnsNames')[0] ?? name}`,
    dnsNames: textsAt(value, 'dnsNames'),
    uris: textsAt(value, 'uris'),
    ca: isCa,
    notBefore: dateAt(value, 'notBefore', now, isCa ? -400 : -20),
    notAfter: dateAt(value, 'notAfter', now, isCa ? 3200 : 70),
    extendedKeyUsage: isCa ? [] : usageOf(textAt(value, 'usage')),
    ...(key && { key }),
    ...(keyOf !== undefined && { privateKeyPem: pairNamed(keyOf, pairs).privateKeyPem }),
    ...(signature && { signature }),
  };
  return { ...mintCertificate(description, issuer), ...(issuer && { issuer }) };
}

function usageOf(usage: string | undefined): readonly ('serverAuth' | 'clientAuth')[] {
  if (usage === 'client') return ['clientAuth'];
  return usage === 'both' ? ['serverAuth', 'clientAuth'] : ['serverAuth'];
}

/** `-3d` and `+60d` count from now. */
function dateAt(value: JsonObject, field: string, now: Date, usual: number): Date {
  const text = textAt(value, field);
  const days = text === undefined ? usual : Number(/^([+-]\d+)d$/.exec(text)?.[1] ?? Number.NaN);
  if (Number.isNaN(days)) throw new Error(`certificates.yaml: "${text}" in ${field} is no number of days as in -3d.`);
  return new Date(now.getTime() + days * day);
}

function secretOf(secret: JsonObject, pairs: ReadonlyMap<string, Pair>, now: Date): KubernetesObject {
  const data = Object.entries(textsOf(objectAt(secret, 'data'), pairs, now));
  const metadata = objectAt(secret, 'metadata');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { ...metadata, name: textAt(metadata, 'name') ?? '' },
    type: textAt(secret, 'type') ?? 'Opaque',
    data: Object.fromEntries(data.map(([key, text]) => [key, Buffer.from(text).toString('base64')])),
  };
}

function textsOf(
  values: JsonObject | undefined,
  pairs: ReadonlyMap<string, Pair>,
  now: Date,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values ?? {}).map(([key, value]) => [key, textOf(objectAt(value) ?? {}, pairs, now)]),
  );
}

function textOf(value: JsonObject, pairs: ReadonlyMap<string, Pair>, now: Date): string {
  const text = plainTextOf(value, pairs, now);
  const joined = booleanAt(value, 'joined') ? text.replaceAll('-----\n-----', '----------') : text;
  return booleanAt(value, 'base64') ? Buffer.from(joined).toString('base64') : joined;
}

function plainTextOf(value: JsonObject, pairs: ReadonlyMap<string, Pair>, now: Date): string {
  const [chain, certificate, key, crl, text] = ['chain', 'certificate', 'key', 'crl', 'text'].map((field) =>
    textAt(value, field),
  );
  if (text !== undefined) return text;
  if (certificate !== undefined) return pairNamed(certificate, pairs).certificatePem;
  if (chain !== undefined) {
    const blocks = chainOf(pairNamed(chain, pairs));
    return (booleanAt(value, 'reversed') ? blocks.toReversed() : blocks).join('');
  }
  if (key !== undefined) return keyText(pairNamed(key, pairs), textAt(value, 'form'));
  if (crl !== undefined) return revocationList(crl, value, pairs, now);
  const names = textsAt(value, 'certificates');
  if (names.length === 0)
    throw new Error(`certificates.yaml: ${JSON.stringify(value)} says nothing that can be minted.`);
  return names.map((name) => pairNamed(name, pairs).certificatePem).join('');
}

/** The certificate and the intermediates above it, without the root. */
function chainOf(pair: Pair): readonly string[] {
  const above = pair.issuer?.issuer ? chainOf(pair.issuer) : [];
  return [pair.certificatePem, ...above];
}

const keyForms: readonly KeyForm[] = ['pkcs8', 'traditional', 'encrypted-pkcs8', 'encrypted-traditional'];

function keyText(pair: Pair, form: string | undefined): string {
  const wanted = keyForms.find((known) => known === form);
  return wanted ? privateKeyText(pair.privateKeyPem, wanted) : pair.privateKeyPem;
}

function revocationList(issuer: string, value: JsonObject, pairs: ReadonlyMap<string, Pair>, now: Date): string {
  const revokedSerials = textsAt(value, 'revoked').map((name) => {
    return new X509Certificate(pairNamed(name, pairs).certificatePem).serialNumber;
  });
  const age = numberAt(value, 'daysOld') ?? 1;
  return mintRevocationList(pairNamed(issuer, pairs), {
    revokedSerials,
    thisUpdate: new Date(now.getTime() - age * day),
  });
}

function pairNamed(name: string, pairs: ReadonlyMap<string, Pair>): Pair {
  const pair = pairs.get(name);
  if (!pair) throw new Error(`certificates.yaml: there is no certificate "${name}" above the place that names it.`);
  return pair;
}
