import { certificateCauses } from './certificate/index.ts';
import type { Check } from './check.ts';
import { credentialCauses } from './credential/index.ts';
import { frontCauses } from './front/index.ts';
import { mutualTlsCauses } from './mutual-tls/index.ts';
import { platformCauses } from './platform/index.ts';
import { routingCauses } from './routing/index.ts';
import { symptoms } from './symptom/index.ts';

/** Every check, causes by group, then symptoms, in the order in which they are listed. A test holds it against the files. */
export const checks: readonly Check[] = [
  ...frontCauses,
  ...platformCauses,
  ...credentialCauses,
  ...certificateCauses,
  ...mutualTlsCauses,
  ...routingCauses,
  ...symptoms,
];
