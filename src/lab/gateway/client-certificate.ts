import { createHash, X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { TlsPlan } from './plan.ts';
import { alerts } from './tls-alert.ts';

/**
 * Judges the certificate that a client has shown, as Envoy with BoringSSL does.
 * @returns the number of the alert that refuses it, or `undefined` when the client is admitted.
 */
export function judgeClient(socket: TLSSocket, plan: TlsPlan): number | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) {
    if (plan.clientCertificate !== 'required') return undefined;
    return socket.getProtocol() === 'TLSv1.3' ? alerts.certificateRequired : alerts.handshakeFailure;
  }
  if (!socket.authorized) return alertOf(String(socket.authorizationError));
  if (plan.subjectAltNames.length > 0 && !namesOf(certificate).some((name) => plan.subjectAltNames.includes(name))) {
    return alerts.certificateUnknown;
  }
  return isPinned(certificate, plan) ? undefined : alerts.badCertificateHashValue;
}

/** `SSL_alert_from_verify_result` of BoringSSL, by the names that Node gives the verification errors of OpenSSL. */
function alertOf(code: string): number {
  switch (code) {
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_CRL':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'CERT_CHAIN_TOO_LONG':
    case 'INVALID_CA':
    case 'PATH_LENGTH_EXCEEDED':
      return alerts.unknownCa;
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
    case 'CRL_HAS_EXPIRED':
    case 'CRL_NOT_YET_VALID':
      return alerts.certificateExpired;
    case 'CERT_REVOKED':
      return alerts.certificateRevoked;
    case 'INVALID_PURPOSE':
      return alerts.unsupportedCertificate;
    case 'CERT_SIGNATURE_FAILURE':
    case 'CRL_SIGNATURE_FAILURE':
      return alerts.decryptError;
    case 'CERT_UNTRUSTED':
    case 'CERT_REJECTED':
      return alerts.badCertificate;
    default:
      return alerts.certificateUnknown;
  }
}

/** The subject alternative names without their types: `subjectAltNames` of a Gateway compares the bare values. */
function namesOf(certificate: X509Certificate): readonly string[] {
  const entries = (certificate.subjectAltName ?? '').split(', ');
  return entries.map((entry) => entry.slice(entry.indexOf(':') + 1).replaceAll('"', ''));
}

/** Either list may match; without any pin every certificate does. */
function isPinned(certificate: X509Certificate, { spkiPins, certificatePins }: TlsPlan): boolean {
  if (spkiPins.length === 0 && certificatePins.length === 0) return true;
  const spki = certificate.publicKey.export({ type: 'spki', format: 'der' });
  const spkiHash = createHash('sha256').update(spki).digest('base64');
  const hash = createHash('sha256').update(certificate.raw).digest('hex');
  return spkiPins.includes(spkiHash) || certificatePins.some((pin) => pin.replaceAll(':', '').toLowerCase() === hash);
}
