import type { Check } from '../check.ts';

export const frontCauses: readonly Check[] = [];
