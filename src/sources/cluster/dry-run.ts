import { apiPath, permission, type ApiKind } from './api-kind.ts';
import { NoAnswer } from './no-answer.ts';
import type { Gap } from '../../model/coverage.ts';
import { gapOf, isStatus, messageOf, readAnswer } from './read-answer.ts';
import type { Patch, Transport } from './transport.ts';

/** What the API server says of a write that it tried and did not keep. */
export type DryRun =
  | { readonly outcome: 'accepted' }
  /** Refused by validation or an admission webhook, in its own words. */
  | { readonly outcome: 'refused'; readonly message: string }
  | { readonly outcome: 'unknown'; readonly gap: Gap };

/** One object and what is to be tried on it. */
export interface Trial {
  readonly kind: ApiKind;
  readonly namespace: string;
  readonly name: string;
  readonly patch: Patch;
}

/**
 * Tries a patch, or with `application/apply-patch+yaml` an apply, with `dryRun=All`: the server validates and admits it
 * and keeps nothing. Only `--verify-fixes` may call this.
 */
export async function dryRun(transport: Transport, { kind, namespace, name, patch }: Trial): Promise<DryRun> {
  const path = apiPath(kind, { namespace, name });
  if (path === undefined) return { outcome: 'refused', message: `${JSON.stringify(name)} is no name of an object` };
  const query = new URLSearchParams({ fieldManager: 'istls', fieldValidation: 'Strict' });
  if (patch.contentType === 'application/apply-patch+yaml') query.set('force', 'true');
  try {
    const answer = await readAnswer(await transport.send({ do: 'try', path, query, patch }));
    if (answer.status === 200 || answer.status === 201) return { outcome: 'accepted' };
    const judged = [400, 404, 409, 422].includes(answer.status) && isStatus(answer);
    if (judged) return { outcome: 'refused', message: messageOf(answer) };
    return { outcome: 'unknown', gap: gapOf(answer, permission('patch', kind, { namespace, name })) };
  } catch (error) {
    if (error instanceof NoAnswer) return { outcome: 'unknown', gap: error.gap };
    throw error;
  }
}
