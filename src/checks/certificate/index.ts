import type { Check } from '../check.ts';
import { certAlgorithmUnsupported } from './cert-algorithm-unsupported.ts';
import { certChainIncomplete } from './cert-chain-incomplete.ts';
import { certChainMalformedPem } from './cert-chain-malformed-pem.ts';
import { certChainOrder } from './cert-chain-order.ts';
import { certCnOnly } from './cert-cn-only.ts';
import { certEkuNotServer } from './cert-eku-not-server.ts';
import { certExpired } from './cert-expired.ts';
import { certExpiringSoon } from './cert-expiring-soon.ts';
import { certIssuerUntrusted } from './cert-issuer-untrusted.ts';
import { certNotYetValid } from './cert-not-yet-valid.ts';
import { certRevoked } from './cert-revoked.ts';
import { certSanMismatch } from './cert-san-mismatch.ts';
import { certWeak } from './cert-weak.ts';
import { keyCertMismatch } from './key-cert-mismatch.ts';
import { privateKeyEncrypted } from './private-key-encrypted.ts';
import { privateKeyMalformed } from './private-key-malformed.ts';

export const certificateCauses: readonly Check[] = [
  privateKeyEncrypted,
  privateKeyMalformed,
  keyCertMismatch,
  certChainMalformedPem,
  certChainOrder,
  certAlgorithmUnsupported,
  certChainIncomplete,
  certExpired,
  certNotYetValid,
  certExpiringSoon,
  certRevoked,
  certSanMismatch,
  certCnOnly,
  certEkuNotServer,
  certIssuerUntrusted,
  certWeak,
];
