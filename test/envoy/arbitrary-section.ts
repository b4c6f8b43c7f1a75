import * as fc from 'fast-check';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';

const certificate = mintCertificate({ subject: 'CN=shop', dnsNames: ['shop.example.com'] }).certificatePem;
const word = fc.constantFrom(
  '',
  'a',
  'shop',
  '*.example.com',
  'kubernetes://x',
  'file-cert:/a~/b',
  '<inline>',
  'x:y',
  'prefix:',
  '10.0.0.1',
  'é',
  '__proto__',
);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const source = fc.oneof(
  fc.record({ filename: word }),
  fc.record({
    inline_string: fc.constantFrom(
      '',
      'no pem',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      certificate,
    ),
  }),
  fc.record({ inline_bytes: fc.constantFrom('', 'AAAA', '!', btoa(certificate + certificate)) }),
  fc.constant({}),
);
const matcher = fc.oneof(
  fc.record({ exact: word }),
  fc.record({ prefix: word }),
  fc.record({ safe_regex: fc.record({ regex: word }) }),
  word,
  fc.constant({}),
);
const sds = fc.record({
  name: word,
  sds_config: optional(
    fc.oneof(
      fc.record({ ads: fc.constant({}), initial_fetch_timeout: optional(fc.constant('0s')) }),
      fc.record({
        api_config_source: fc.record({
          grpc_services: fc.array(fc.record({ envoy_grpc: fc.record({ cluster_name: word }) })),
        }),
      }),
      fc.record({ path: word }),
    ),
  ),
});
const validation = fc.record(
  {
    trusted_ca: optional(source),
    crl: optional(source),
    match_subject_alt_names: fc.array(matcher, { maxLength: 2 }),
    verify_certificate_hash: fc.array(word, { maxLength: 2 }),
    trust_chain_verification: optional(word),
  },
  { requiredKeys: [] },
);
const tlsContext = fc.record({
  '@type': fc.constantFrom(
    'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
    'x.UpstreamTlsContext',
  ),
  common_tls_context: fc.record(
    {
      tls_certificates: fc.array(fc.record({ certificate_chain: source, private_key: source }), { maxLength: 2 }),
      tls_certificate_sds_secret_configs: fc.array(sds, { maxLength: 2 }),
      validation_context: validation,
      combined_validation_context: fc.record({
        default_validation_context: validation,
        validation_context_sds_secret_config: sds,
      }),
      alpn_protocols: fc.array(word, { maxLength: 2 }),
      tls_params: fc.record(
        { tls_minimum_protocol_version: word, ecdh_curves: fc.array(word, { maxLength: 2 }) },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  ),
  require_client_certificate: fc.boolean(),
  sni: optional(word),
});
const socket = fc.record({
  name: fc.constantFrom('envoy.transport_sockets.tls', 'envoy.transport_sockets.raw_buffer', 'tap'),
  typed_config: fc.oneof(
    tlsContext,
    fc.constant({}),
    fc.record({ transport_socket: fc.record({ name: word, typed_config: tlsContext }) }),
    fc.record({ downstream_tls_context: tlsContext }),
  ),
});
const accessLog = fc.array(
  fc.record({
    typed_config: fc.record({
      log_format: fc.oneof(
        fc.record({
          text_format_source: fc.record({
            inline_string: fc.constantFrom('%PROTOCOL%\n', '{"a": "%PROTOCOL%"}', '{"a":"%PROTOCOL%"}'),
          }),
        }),
        fc.record({ json_format: fc.constant({ a: '%PROTOCOL%' }) }),
      ),
    }),
  }),
  { maxLength: 2 },
);
const filter = fc.oneof(
  fc.record({
    name: word,
    typed_config: fc.record({
      '@type': fc.constant('x.HttpConnectionManager'),
      rds: optional(fc.record({ route_config_name: word })),
      http_filters: fc.array(fc.record({ name: word }), { maxLength: 2 }),
      xff_num_trusted_hops: optional(fc.nat()),
      access_log: accessLog,
    }),
  }),
  fc.record({ name: fc.constant('envoy.tcp_proxy'), config: fc.record({ cluster: word }) }),
  fc.record({
    name: word,
    typed_config: fc.record({
      '@type': fc.constant('x.TcpProxy'),
      weighted_clusters: fc.record({ clusters: fc.array(fc.record({ name: word })) }),
    }),
  }),
  fc.record({ name: word }),
);
const chain = fc.record({
  name: optional(word),
  filter_chain_match: optional(
    fc.record({
      server_names: fc.array(word),
      destination_port: optional(fc.nat()),
      transport_protocol: optional(word),
      source_ports: optional(fc.array(fc.nat())),
    }),
  ),
  filters: fc.array(filter, { maxLength: 1 }),
  transport_socket: optional(socket),
  use_proxy_proto: optional(fc.boolean()),
});
const listener = fc.record({
  name: optional(word),
  address: optional(
    fc.record({
      socket_address: fc.record({
        address: word,
        port_value: optional(fc.nat()),
        protocol: optional(fc.constant('UDP')),
      }),
    }),
  ),
  filter_chains: fc.array(chain, { maxLength: 3 }),
  default_filter_chain: optional(chain),
  access_log: accessLog,
  listener_filters: fc.array(fc.record({ name: word }), { maxLength: 2 }),
});
const state = fc.record({ version_info: optional(word), listener, last_updated: optional(word) });
const dynamicListener = fc.record({
  name: optional(word),
  active_state: optional(state),
  warming_state: optional(state),
  draining_state: optional(state),
  error_state: optional(
    fc.record({
      failed_configuration: optional(listener),
      last_update_attempt: optional(word),
      details: optional(word),
    }),
  ),
});
const secret = fc.record({
  name: optional(word),
  version_info: optional(word),
  last_updated: optional(word),
  secret: fc.oneof(
    fc.record({ name: word, tls_certificate: fc.record({ certificate_chain: source, private_key: source }) }),
    fc.record({ name: word, validation_context: fc.record({ trusted_ca: optional(source), crl: optional(source) }) }),
    fc.record({ name: word, generic_secret: fc.constant({}) }),
    fc.record({ name: word }),
  ),
});
const route = fc.record({
  name: optional(word),
  match: fc.oneof(
    fc.record({ prefix: word, headers: optional(fc.constant([])) }),
    fc.record({ safe_regex: fc.record({ regex: word }) }),
    fc.constant({}),
  ),
  route: optional(
    fc.oneof(
      fc.record({ cluster: word }),
      fc.record({ weighted_clusters: fc.record({ clusters: fc.array(fc.record({ name: word })) }) }),
    ),
  ),
  redirect: optional(
    fc.record({ scheme_redirect: optional(fc.constantFrom('http', 'https')), port_redirect: optional(fc.nat()) }),
  ),
  direct_response: optional(fc.record({ status: fc.nat() })),
});
const routeConfig = fc.record({
  route_config: fc.record({
    name: optional(word),
    virtual_hosts: fc.array(
      fc.record({
        name: word,
        domains: fc.array(word),
        routes: fc.array(route, { maxLength: 2 }),
        require_tls: optional(fc.constantFrom('ALL', 'NONE')),
      }),
      { maxLength: 2 },
    ),
  }),
});
const cluster = fc.record({
  cluster: fc.record({
    name: optional(word),
    type: optional(word),
    transport_socket: optional(socket),
    transport_socket_matches: fc.array(fc.record({ name: word }), { maxLength: 2 }),
    http2_protocol_options: optional(fc.constant({})),
  }),
});
const bootstrap = fc.record({
  node: fc.record({
    id: optional(fc.constantFrom('router~1.2.3.4~a.b~b.svc', 'x')),
    metadata: optional(
      fc.record({
        LABELS: fc.record({ 'istio.io/rev': optional(word) }),
        ANNOTATIONS: fc.record({ 'istio.io/rev': optional(word) }),
        USER_SDS: word,
      }),
    ),
    build_version: optional(fc.constant('a/1.12.0-dev/b/c/BoringSSL')),
  }),
  stats_config: optional(
    fc.record({
      stats_matcher: fc.oneof(
        fc.record({ reject_all: fc.boolean() }),
        fc.record({ inclusion_list: fc.record({ patterns: fc.array(matcher) }) }),
        fc.record({ exclusion_list: fc.record({ patterns: fc.array(matcher) }) }),
      ),
    }),
  ),
});
const list = <T>(element: fc.Arbitrary<T>) => optional(fc.array(element, { maxLength: 3 }));
/** A section of a config dump with any of its lists, in shapes that Envoy has and some that it has not. */
export const arbitrarySection = fc.record({
  bootstrap: optional(bootstrap),
  static_listeners: list(state),
  dynamic_listeners: list(dynamicListener),
  static_secrets: list(secret),
  dynamic_active_secrets: list(secret),
  dynamic_warming_secrets: list(secret),
  dynamic_route_configs: list(routeConfig),
  static_clusters: list(cluster),
  dynamic_warming_clusters: list(cluster),
});
