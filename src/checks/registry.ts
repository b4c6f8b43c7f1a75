import type { Check } from './check.ts';
import { secretMissing } from './credential/secret-missing.ts';
import { symptoms } from './symptom/index.ts';

/** Every check, causes first, in the order in which they are listed. A test holds this against the files. */
export const checks: readonly Check[] = [secretMissing, ...symptoms];
