import type { EnvoySecret } from '../model/envoy.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { pemEffects } from '../x509/pem-problems.ts';
import { objectAt, textAt, textsAt } from '../kubernetes/read.ts';
import type { PemProblem } from '../model/certificate.ts';
import { type PemJudgement, judgePem } from '../x509/judge-pem.ts';
import { readDataSource } from './data-source.ts';
import { present } from './present.ts';

/** The version of a subscription that never received a value [seen: Envoy 1.38.3]. */
export const uninitialized = 'uninitialized';

/** What Envoy writes in the place of every private value. */
const redacted = '[redacted]';

export interface ReadSecret {
  readonly secret: EnvoySecret;
  /** True when the dump was not redacted: a private key stood in it. It is not kept. */
  readonly keyInClear: boolean;
}

/**
 * Reads an element of `static_secrets`, `dynamic_active_secrets` or `dynamic_warming_secrets`. `state` is undefined where
 * the list is not known, as in an answer to `?resource=`: the content then tells.
 */
export function readSecret(entry: Json, state: EnvoySecret['state'] | undefined): ReadSecret | undefined {
  const secret = objectAt(entry, 'secret');
  const name = textAt(entry, 'name') ?? textAt(secret, 'name');
  if (name === undefined) return undefined;
  const versionInfo = textAt(entry, 'version_info');
  const content = contentOf(secret);
  const empty = content === undefined && (versionInfo === undefined || versionInfo === uninitialized);
  const judged = judgeContent(secret, content);
  return {
    secret: present({
      name,
      state: state ?? (empty ? ('warming' as const) : ('active' as const)),
      versionInfo,
      lastUpdated: textAt(entry, 'last_updated'),
      content,
      certificates: judged?.certificates ?? [],
      pemProblems: judged ? (writtenProblems(entry) ?? judged.problems) : [],
      hasCrl: objectAt(secret, 'validation_context', 'crl') !== undefined,
    }),
    keyInClear: keyInClear(secret),
  };
}

function contentOf(secret: JsonObject | undefined): EnvoySecret['content'] {
  if (objectAt(secret, 'tls_certificate')) return 'key-pair';
  if (objectAt(secret, 'validation_context')) return 'validation';
  const others = Object.keys(secret ?? {}).filter((field) => field !== '@type' && field !== 'name');
  return others.length > 0 ? 'other' : undefined;
}

/** The certificates, as Envoy reads them. Undefined for content that has none, or where a file holds them. */
function judgeContent(secret: JsonObject | undefined, content: EnvoySecret['content']): PemJudgement | undefined {
  if (content !== 'key-pair' && content !== 'validation') return undefined;
  const isPair = content === 'key-pair';
  const source = readDataSource(
    isPair
      ? objectAt(secret, 'tls_certificate', 'certificate_chain')
      : objectAt(secret, 'validation_context', 'trusted_ca'),
  );
  if (source.kind === 'file') return undefined;
  return judgePem(source.kind === 'inline' ? source.content : '', isPair ? 'certificates' : 'trusted-ca');
}

/** What istls noted of the PEM text when it wrote this dump: the text itself was not kept. */
function writtenProblems(entry: Json): readonly PemProblem[] | undefined {
  const noted = objectAt(entry, 'istls');
  return noted && textsAt(noted, 'pem_problems').filter((problem) => isPemProblem(problem));
}

function isPemProblem(text: string): text is PemProblem {
  return Object.hasOwn(pemEffects, text);
}

function keyInClear(secret: JsonObject | undefined): boolean {
  const pair = objectAt(secret, 'tls_certificate');
  return ['private_key', 'password', 'pkcs12'].some((field) => {
    const source = readDataSource(pair?.[field]);
    return source.kind === 'inline' && source.content.length > 0 && source.content.toString() !== redacted;
  });
}
