import type { Certificate } from '../model/certificate.ts';
import type { EnvoyTls } from '../model/envoy.ts';
import type { Json } from '../model/json.ts';
import { booleanAt, objectAt, objectsAt, textAt, textsAt } from '../kubernetes/read.ts';
import { judgePem } from '../x509/judge-pem.ts';
import { readDataSource, sourceName } from './data-source.ts';
import { present } from './present.ts';
import { readStringMatcher } from './string-matcher.ts';
import { typeName } from './type-name.ts';

/** What stands at the transport of a filter chain or cluster. Neither field is there for plaintext. */
export interface ReadTransport {
  readonly tls?: EnvoyTls;
  /** The type of a transport socket that is neither TLS nor plaintext, and that wraps no such one. */
  readonly transportSocket?: string;
}

/** A transport socket inside another: PROXY protocol, HBONE, taps. More of them than this is no real configuration. */
const deepestWrapper = 4;

/**
 * Reads `transport_socket` (Istio ≥ 1.5), or the `tls_context` beside it that Envoy's v2 API had, of a filter chain, a
 * cluster or a `transport_socket_matches` entry.
 */
export function readTransport(owner: Json | undefined): ReadTransport {
  const inlineContext = objectAt(owner, 'tls_context');
  if (inlineContext) return { tls: readTlsContext(inlineContext) };
  let socket = objectAt(owner, 'transport_socket');
  for (let level = 0; socket && level < deepestWrapper; level += 1) {
    const config = objectAt(socket, 'typed_config') ?? objectAt(socket, 'config');
    const type = typeName(config) ?? textAt(socket, 'name') ?? '';
    const quic = objectAt(config, 'downstream_tls_context') ?? objectAt(config, 'upstream_tls_context');
    if (quic) return { tls: readTlsContext(quic) };
    const isTls = /TlsContext$|^(?:envoy\.transport_sockets\.)?tls$/.test(type);
    if (isTls) return { tls: readTlsContext(config) };
    if (/RawBuffer$|raw_buffer$/.test(type)) return {};
    const inner = objectAt(config, 'transport_socket');
    if (!inner) return { transportSocket: type };
    socket = inner;
  }
  return {};
}

/** Reads a DownstreamTlsContext or UpstreamTlsContext of either API version. */
export function readTlsContext(context: Json | undefined): EnvoyTls {
  const common = objectAt(context, 'common_tls_context');
  const sds = objectsAt(common, 'tls_certificate_sds_secret_configs').map(({ value }) => value);
  const validation = readValidation(common);
  const parameters = objectAt(common, 'tls_params');
  const curves = textsAt(parameters, 'ecdh_curves');
  const pairs = readPairs(common);
  return present({
    secrets: sds.map((config) => textAt(config, 'name') ?? ''),
    files: pairs.files,
    inlineCertificates: pairs.certificates,
    ...validation,
    secretSource: secretSource(sds[0]),
    secretFetchTimeout: textAt(sds[0], 'sds_config', 'initial_fetch_timeout'),
    requireClientCertificate: booleanAt(context, 'require_client_certificate') ?? false,
    minVersion: textAt(parameters, 'tls_minimum_protocol_version'),
    maxVersion: textAt(parameters, 'tls_maximum_protocol_version'),
    cipherSuites: textsAt(parameters, 'cipher_suites'),
    ecdhCurves: curves.length > 0 ? curves : undefined,
    alpn: textsAt(common, 'alpn_protocols'),
    sni: textAt(context, 'sni'),
  });
}

function readPairs(common: Json | undefined) {
  const files: string[] = [];
  const certificates: Certificate[] = [];
  for (const { value } of objectsAt(common, 'tls_certificates')) {
    const chain = readDataSource(value['certificate_chain']);
    files.push(sourceName(chain) ?? '', sourceName(readDataSource(value['private_key'])) ?? '');
    if (chain.kind === 'inline') certificates.push(...judgePem(chain.content, 'certificates').certificates);
  }
  return { files, certificates: certificates.length > 0 ? certificates : undefined };
}

/** Fields of a validation context that make Envoy look at the peer's certificate. */
const verifying = [
  'trusted_ca',
  'system_root_certs',
  'ca_certificate_provider_instance',
  'custom_validator_config',
  'verify_certificate_spki',
  'verify_certificate_hash',
  'match_typed_subject_alt_names',
  'match_subject_alt_names',
  'verify_subject_alt_name',
];

function readValidation(common: Json | undefined) {
  const combined = objectAt(common, 'combined_validation_context');
  const inline = objectAt(combined, 'default_validation_context') ?? objectAt(common, 'validation_context');
  const secret =
    textAt(combined, 'validation_context_sds_secret_config', 'name') ??
    textAt(common, 'validation_context_sds_secret_config', 'name');
  const ca = readDataSource(inline?.['trusted_ca']);
  return {
    validationSecret: secret,
    validatesClients: secret !== undefined || verifying.some((field) => inline?.[field] !== undefined),
    caFile: sourceName(ca),
    crlFile: sourceName(readDataSource(inline?.['crl'])),
    inlineTrustedCa: ca.kind === 'inline' ? judgePem(ca.content, 'trusted-ca').certificates : undefined,
    subjectAltNames: readSubjectAltNames(inline),
    verifySpki: textsAt(inline, 'verify_certificate_spki'),
    verifyHash: textsAt(inline, 'verify_certificate_hash'),
    trustChainVerification: textAt(inline, 'trust_chain_verification'),
  };
}

/** Three fields in the course of Envoy's versions: typed since 1.21, matchers since 1.13, plain texts before. */
function readSubjectAltNames(validation: Json | undefined): readonly string[] {
  const typed = objectsAt(validation, 'match_typed_subject_alt_names').map(({ value }) => value['matcher']);
  const matchers = objectsAt(validation, 'match_subject_alt_names').map(({ value }) => value);
  const texts = textsAt(validation, 'verify_subject_alt_name');
  return [...typed, ...matchers, ...texts].flatMap((matcher) => readStringMatcher(matcher) ?? []);
}

function secretSource(config: Json | undefined): string | undefined {
  const source = objectAt(config, 'sds_config');
  if (objectAt(source, 'ads')) return 'ads';
  const [service] = objectsAt(source, 'api_config_source', 'grpc_services');
  return (
    textAt(service?.value, 'envoy_grpc', 'cluster_name') ??
    textAt(service?.value, 'google_grpc', 'target_uri') ??
    textAt(source, 'path_config_source', 'path') ??
    textAt(source, 'path')
  );
}
