import type { Certificate } from '../model/certificate.ts';
import type { EnvoyTls } from '../model/envoy.ts';
import type { JsonObject } from '../model/json.ts';
import { inline } from './data-source.ts';
import { present } from './present.ts';
import { writeStringMatcher } from './string-matcher.ts';

const types = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';

/** What Envoy shows in the place of a private value: the base64 of `[redacted]`. */
export const redacted: JsonObject = { inline_bytes: Buffer.from('[redacted]').toString('base64') };

/** Writes a transport socket that `readTransport` reads as this TLS context. */
export function writeTlsSocket(tls: EnvoyTls, side: 'Downstream' | 'Upstream'): JsonObject {
  const parameters = present({
    tls_minimum_protocol_version: tls.minVersion,
    tls_maximum_protocol_version: tls.maxVersion,
    cipher_suites: listed(tls.cipherSuites),
    ecdh_curves: listed(tls.ecdhCurves ?? []),
  });
  const source = writeSecretSource(tls);
  const common = present({
    tls_params: Object.keys(parameters).length > 0 ? parameters : undefined,
    tls_certificates: listed(writePairs(tls)),
    tls_certificate_sds_secret_configs: listed(tls.secrets.map((name) => present({ name, sds_config: source }))),
    ...writeValidation(tls),
    alpn_protocols: listed(tls.alpn),
  });
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: present({
      '@type': `${types}.${side}TlsContext`,
      common_tls_context: common,
      require_client_certificate:
        side === 'Downstream' || tls.requireClientCertificate ? tls.requireClientCertificate : undefined,
      sni: tls.sni,
    }),
  };
}

/** A DataSource that holds these certificates as PEM. */
export function writeCertificates(certificates: readonly Certificate[]): JsonObject {
  return { inline_bytes: Buffer.from(certificates.map(({ pem }) => pem).join('')).toString('base64') };
}

function listed<T>(values: readonly T[]): readonly T[] | undefined {
  return values.length > 0 ? values : undefined;
}

function writeSecretSource(tls: EnvoyTls): JsonObject | undefined {
  const timeout = present({ initial_fetch_timeout: tls.secretFetchTimeout });
  if (tls.secretSource === undefined) return tls.secretFetchTimeout === undefined ? undefined : timeout;
  if (tls.secretSource === 'ads') return { ads: {}, ...timeout, resource_api_version: 'V3' };
  const service = { envoy_grpc: { cluster_name: tls.secretSource } };
  return { api_config_source: { api_type: 'GRPC', grpc_services: [service] }, ...timeout, resource_api_version: 'V3' };
}

/** The certificates of all inline pairs were kept in one list: they go to the first of these pairs. */
function writePairs(tls: EnvoyTls): readonly JsonObject[] {
  let certificates = tls.inlineCertificates ?? [];
  const pairs: JsonObject[] = [];
  for (let at = 0; at < tls.files.length; at += 2) {
    const [chain = '', key = ''] = tls.files.slice(at, at + 2);
    pairs.push({
      ...(chain !== '' && {
        certificate_chain: chain === inline ? writeCertificates(certificates) : { filename: chain },
      }),
      ...(key !== '' && { private_key: key === inline ? redacted : { filename: key } }),
    });
    if (chain === inline) certificates = [];
  }
  return pairs;
}

function writeValidation(tls: EnvoyTls): JsonObject {
  const known = present({
    trusted_ca: writeTrustedCa(tls),
    crl:
      tls.crlFile === undefined
        ? undefined
        : tls.crlFile === inline
          ? { inline_string: '' }
          : { filename: tls.crlFile },
    match_subject_alt_names: listed(tls.subjectAltNames.map(writeStringMatcher)),
    verify_certificate_spki: listed(tls.verifySpki),
    verify_certificate_hash: listed(tls.verifyHash),
    trust_chain_verification: tls.trustChainVerification,
  });
  if (tls.validationSecret !== undefined) {
    const secret = { name: tls.validationSecret };
    return {
      combined_validation_context: { default_validation_context: known, validation_context_sds_secret_config: secret },
    };
  }
  const verifies = ['trusted_ca', 'match_subject_alt_names', 'verify_certificate_spki', 'verify_certificate_hash'];
  const otherwise = tls.validatesClients && !verifies.some((field) => field in known) ? { system_root_certs: {} } : {};
  const validation = { ...known, ...otherwise };
  return Object.keys(validation).length > 0 ? { validation_context: validation } : {};
}

function writeTrustedCa(tls: EnvoyTls): JsonObject | undefined {
  if (tls.inlineTrustedCa) return writeCertificates(tls.inlineTrustedCa);
  return tls.caFile === undefined ? undefined : { filename: tls.caFile };
}
