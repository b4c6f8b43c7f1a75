import type { Check } from '../check.ts';
import { acmeHttp01Blocked } from './acme-http01-blocked.ts';
import { certManagerNotReady } from './cert-manager-not-ready.ts';
import { externalSecretNotSynced } from './external-secret-not-synced.ts';
import { fileMountMissing } from './file-mount-missing.ts';
import { fileMountStaleCert } from './file-mount-stale-cert.ts';
import { ingressTlsSecretIgnored } from './ingress-tls-secret-ignored.ts';
import { referencegrantMissing } from './referencegrant-missing.ts';
import { secretHasToken } from './secret-has-token.ts';
import { secretHeldByRefused } from './secret-held-by-refused.ts';
import { secretMissing } from './secret-missing.ts';
import { secretNameReserved } from './secret-name-reserved.ts';
import { secretRbacDenied } from './secret-rbac-denied.ts';
import { secretRotationStale } from './secret-rotation-stale.ts';
import { secretWrongKeys } from './secret-wrong-keys.ts';
import { secretWrongNamespace } from './secret-wrong-namespace.ts';

export const credentialCauses: readonly Check[] = [
  secretMissing,
  secretWrongNamespace,
  secretNameReserved,
  secretHasToken,
  secretWrongKeys,
  secretRbacDenied,
  referencegrantMissing,
  certManagerNotReady,
  acmeHttp01Blocked,
  externalSecretNotSynced,
  fileMountMissing,
  fileMountStaleCert,
  ingressTlsSecretIgnored,
  secretHeldByRefused,
  secretRotationStale,
];
