import type { Check } from '../check.ts';

export const mutualTlsCauses: readonly Check[] = [];
