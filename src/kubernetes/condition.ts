import type { JsonObject } from '../model/json.ts';
import { textAt } from './read.ts';

/** A status condition on one line: `Accepted=False NotAllowedByListeners "…"`. */
export const conditionText = (condition: JsonObject): string =>
  `${textAt(condition, 'type') ?? ''}=${textAt(condition, 'status') ?? ''} ${textAt(condition, 'reason') ?? ''} "${textAt(condition, 'message') ?? ''}"`;
