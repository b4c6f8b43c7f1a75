import type { Check } from '../check.ts';

export const platformCauses: readonly Check[] = [];
