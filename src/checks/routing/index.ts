import type { Check } from '../check.ts';

export const routingCauses: readonly Check[] = [];
