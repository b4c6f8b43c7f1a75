import type { Check } from '../check.ts';
import { secretMissing } from './secret-missing.ts';

export const credentialCauses: readonly Check[] = [secretMissing];
