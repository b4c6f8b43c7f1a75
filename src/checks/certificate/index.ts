import type { Check } from '../check.ts';

export const certificateCauses: readonly Check[] = [];
