import { before } from '../istio/release.ts';
import type { Observation } from '../model/finding.ts';
import type { Secret } from '../model/secret.ts';
import { observedCondition, refusedReference } from './absence.ts';
import { standingComplaint } from './credential-log.ts';
import { observed } from './credential-trail.ts';
import type { CredentialState, CredentialUse } from './credentials.ts';
import { deliveryOf, isDelivered } from './delivery.ts';
import type { Evidence } from './evidence.ts';
import { release } from './mesh.ts';

/** What is known to be wrong with the keys. `found` are those that are there, as far as anybody says. */
export interface KeyProblem {
  readonly says: string;
  readonly observations: readonly Observation[];
  readonly confidence: number;
  readonly secret?: Secret;
}

/** Keys that are listed; a Secret may have hundreds. */
const mostKeys = 10;

const pairs = [
  ['tls.crt', 'tls.key'],
  ['cert', 'key'],
] as const;

/** Half of one form and half of the other is neither. */
function isMixed(found: readonly string[]): boolean {
  const halves = pairs.map((pair) => pair.filter((key) => found.includes(key)).length);
  return halves.every((count) => count === 1);
}

function saysOfKeys(secret: Secret, found: readonly string[]): string {
  const [broken] = secret.invalidBase64;
  if (broken !== undefined) return `data[${broken}] is not base64`;
  if (isMixed(found))
    return `it mixes two forms, ${found.filter((key) => pairs.flat().some((one) => one === key)).join(' and ')}`;
  return found.length === 0 ? 'it has no keys at all' : `it has ${found.join(', ')}`;
}

function seenInSecret(state: CredentialState): KeyProblem | undefined {
  if (state.state !== 'wrong-keys' && state.state !== 'empty') return undefined;
  const { secret } = state;
  const ref = `${secret.namespace}/${secret.name}`;
  const sizes = Object.entries(secret.values)
    .slice(0, mostKeys)
    .map(([key, { bytes }]) => `${key} (${bytes} bytes)`);
  const detail = `type ${secret.type}; keys: ${[...sizes, ...secret.invalidBase64.map((key) => `${key} (not base64)`)].join(', ') || 'none'}`;
  const empty = state.state === 'empty' ? state.keys.filter((key) => secret.values[key]?.kind === 'empty') : [];
  const says =
    state.state === 'empty'
      ? `${empty.join(' and ')} ${empty.length === 1 ? 'is' : 'are'} empty`
      : saysOfKeys(secret, state.found);
  return { says, secret, confidence: 0.95, observations: [{ source: 'secret', ref, detail }] };
}

/** Agents before 1.8 passed over a Secret with a good pair for an empty CA beside it, as cert-manager writes one. */
function emptyCa(evidence: Evidence, use: CredentialUse): KeyProblem | undefined {
  const { state } = use;
  if (state.state !== 'pair' || !before(use.workload?.release ?? release(evidence), 1, 8)) return undefined;
  const line = standingComplaint(evidence, use, 'secret-empty');
  const key = ['ca.crt', 'cacert'].find((one) => state.secret.values[one]?.kind === 'empty');
  if (!line || key === undefined || isDelivered(deliveryOf(evidence, use))) return undefined;
  const says = `${key} is there and empty, for which this release passes over the whole Secret`;
  return { says, confidence: 0.7, observations: [observed(line)] };
}

/** Where the Secret could not be read: what istiod, or an agent, found in it. */
function complained(evidence: Evidence, use: CredentialUse): KeyProblem | undefined {
  const condition =
    refusedReference(use, use.name, "didn't have expected keys") ?? refusedReference(use, use.name, 'they were empty');
  if (condition) {
    return { says: condition.message, confidence: 0.85, observations: [observedCondition(use, condition)] };
  }
  const line = standingComplaint(evidence, use, 'secret-wrong-keys', 'secret-empty');
  if (!line || isDelivered(deliveryOf(evidence, use))) return undefined;
  const keys = (line.keys ?? []).join(', ');
  const says =
    line.kind === 'secret-empty' ? `${keys === '' ? 'its pair' : keys} is empty or not whole` : `it has ${keys}`;
  return { says, confidence: 0.8, observations: [observed(line)] };
}

/**
 * What is wrong with the keys of the Secret that a use finds: in the Secret itself, else, where that could not be read,
 * by what istiod, an agent or the status of a listener says of it.
 */
export function keyProblemOf(evidence: Evidence, use: CredentialUse): KeyProblem | undefined {
  const { state } = use;
  if (state.state === 'unknown') return complained(evidence, use);
  return seenInSecret(state) ?? emptyCa(evidence, use);
}
