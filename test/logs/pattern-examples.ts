/**
 * For each pattern a line that it explains, and one that is nearly such a line and must not be taken for it. Lines are
 * made up in the form of each writer and release.
 */
export interface PatternExample {
  readonly line: string;
  readonly near: string;
}

const time = '2026-06-15T08:00:00.000000Z';
const pod = 'gateway-6d5f7c9b8-x2x9z.ingress';

/** A line of Istio's columns. */
export function istio(level: string, scope: string, message: string, labels = ''): string {
  return [time, level, ...(scope === '' ? [] : [scope]), message, ...(labels === '' ? [] : [labels])].join('\t');
}

function ads(message: string): string {
  return istio('warn', 'ads', message);
}

function istiod(message: string): string {
  return istio('warn', '', message);
}

function delta(message: string): string {
  return istio('warn', 'delta', message);
}

/** A line of Envoy through the agent of Istio 1.17 and later. */
export function envoy(level: string, component: string, message: string): string {
  return istio(level, `envoy ${component} source/common/x.cc:12`, message, 'thread=30');
}

function agent(level: string, message: string): string {
  return istio(level, 'sds', `resource:shop-credential ${message}`);
}

function nodeAgent(message: string): string {
  return istio(
    'warn',
    'sdsServiceLog',
    `CONNECTION ID: router~10.0.0.1~${pod}-7, RESOURCE NAME: shop-credential, EVENT: ${message}`,
  );
}

const secretType = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';
const listenerType = 'type.googleapis.com/envoy.config.listener.v3.Listener';

function refusedSecret(reason: string): string {
  return envoy('warning', 'config', `delta config for ${secretType} rejected: ${reason}`);
}

function refusedListener(reason: string): string {
  return envoy(
    'warning',
    'config',
    `gRPC config for ${listenerType} rejected: Error adding/updating listener(s) 0.0.0.0_8443: ${reason}`,
  );
}

function access(start: string, rest: string): string {
  return `[${time}] ${start} - "-" 0 0 1 - "203.0.113.9" "curl/8.5.0" "0f2a" "shop.example.com" ${rest}`;
}

const none = '"-" - - 10.0.0.5:8443 203.0.113.9:50000';
const backend =
  '"10.1.0.9:8080" outbound|8080||web.shop.svc.cluster.local 10.0.0.5:40000 10.0.0.5:8443 203.0.113.9:50000';

export const examples: Readonly<Record<string, PatternExample>> = {
  // istiod gives secrets, or does not
  'istiod-key-not-found': {
    line: ads('failed to fetch key and certificate for kubernetes://shop-tls: secret ingress/shop-tls not found'),
    near: ads('failed to fetch key and certificate for kubernetes://shop-tls: secret not found'),
  },
  'istiod-key-wrong-keys': {
    line: ads(
      "failed to fetch key and certificate for kubernetes://shop-tls: found secret, but didn't have expected keys (cert and key) or (tls.crt and tls.key); found: a.crt, a.key",
    ),
    near: ads('failed to fetch key and certificate for kubernetes://shop-tls: found secret'),
  },
  'istiod-key-empty': {
    line: ads(
      'failed to fetch key and certificate for kubernetes://shop-tls: found keys "tls.crt" and "tls.key", but they were empty',
    ),
    near: ads('failed to fetch key and certificate for kubernetes://shop-tls: found keys but they were empty'),
  },
  'istiod-key-failed': {
    line: ads('failed to fetch key and certificate for kubernetes://shop-tls'),
    near: ads('failed to fetch key and certificate for shop-tls'),
  },
  'istiod-ca-not-found': {
    line: ads('failed to fetch ca certificate for kubernetes://shop-tls-cacert: secret ingress/shop-tls not found'),
    near: ads('failed to fetch ca certificate for kubernetes://shop-tls-cacert: service ingress/shop-tls not found'),
  },
  'istiod-ca-wrong-keys': {
    line: ads(
      "failed to fetch ca certificate for kubernetes://shop-tls-cacert: found secret, but didn't have expected keys cacert or ca.crt; found: tls.crt, tls.key",
    ),
    near: ads("failed to fetch ca certificate for kubernetes://shop-tls-cacert: didn't have expected keys; found: x"),
  },
  'istiod-ca-empty': {
    line: ads('failed to fetch ca certificate for kubernetes://shop-tls-cacert: found key "ca.crt", but it was empty'),
    near: ads('failed to fetch ca certificate for kubernetes://shop-tls-cacert: found key ca.crt'),
  },
  'istiod-ca-failed': {
    line: ads(
      'failed to fetch ca certificate for configmap://ingress/clients: configmap access not enabled for remote clusters',
    ),
    near: ads('failed to fetch a certificate for configmap://ingress/clients'),
  },
  'istiod-certificate-out-of-time': {
    line: ads(
      'invalid certificates: ingress/shop-tls "kubernetes://shop-tls": certificate is expired or not yet valid',
    ),
    near: ads('invalid certificates: ingress/shop-tls "kubernetes://shop-tls": certificate is fine'),
  },
  'istiod-certificate-unreadable': {
    line: ads('invalid certificates: "kubernetes://shop-tls": pem decode failed'),
    near: ads('invalid certificates: kubernetes://shop-tls'),
  },
  'istiod-denied-rbac': {
    line: ads(
      `proxy ${pod} attempted to access unauthorized certificates shop-tls: gateway/ingress is not authorized to read secrets: `,
    ),
    near: ads(
      `proxy ${pod} attempted to access unauthorized certificates shop-tls: gateway is not authorized to read secrets`,
    ),
  },
  'istiod-denied-reference': {
    line: ads(
      `proxy ${pod} attempted to access unauthorized certificates a-tls, b-tls, and 2 others: cross namespace secret reference requires ReferencePolicy`,
    ),
    near: ads(`proxy ${pod} attempted to access unauthorized certificates a-tls: cross namespace secret reference`),
  },
  'istiod-denied': {
    line: ads(`proxy ${pod} attempted to access unauthorized certificates shop-tls: no auth controller`),
    near: ads(`proxy ${pod} attempted to access certificates shop-tls: no auth controller`),
  },
  'istiod-denied-rbac-terse': {
    line: ads(`proxy ${pod} is not authorized to receive secrets: gateway/ingress is not authorized to read secrets: `),
    near: ads(`proxy ${pod} is not authorized to receive secrets: gateway is not known`),
  },
  'istiod-denied-reference-terse': {
    line: ads(
      `requested secret kubernetes://shop/shop-tls not accessible for proxy ${pod}: SDS is currently only supporting accessing secret within the same namespace. Secret namespace "shop" does not match proxy namespace "ingress"`,
    ),
    near: ads('requested secret kubernetes://shop/shop-tls not accessible'),
  },
  'istiod-proxy-unauthenticated': {
    line: ads(
      `proxy ${pod} is not authorized to receive credscontroller. Ensure you are connecting over TLS port and are authenticated.`,
    ),
    near: ads(
      `proxy ${pod} is not authorized to receive routes. Ensure you are connecting over TLS port and are authenticated.`,
    ),
  },
  'istiod-unknown-cluster': {
    line: ads(`proxy ${pod} is from an unknown cluster, cannot retrieve certificates: cluster east is not configured`),
    near: ads(`proxy ${pod} is from an unknown cluster`),
  },
  'istiod-bad-resource-name': {
    line: ads(
      'error parsing resource name: invalid resource name "kubernetes-gateway://shop-tls". Expected namespace and name',
    ),
    near: ads('error parsing resource name: nothing'),
  },
  'istiod-secret-refused': {
    line: delta(`ADS:SDS: ACK ERROR ${pod}-12 Internal:some words that nobody knows`),
    near: delta(`ADS:SDS: ACK ${pod}-12 Internal:some words`),
  },
  'istiod-pushed': {
    line: istio(
      'info',
      'delta',
      `SDS: PUSH request for node:${pod} resources:1 removed:1 size:4.3kB cached:0/2 filtered:0`,
    ),
    near: istio('info', 'delta', `LDS: PUSH request for node:${pod} resources:1 removed:1 size:4.3kB`),
  },
  'istiod-push-failed': {
    line: ads(
      `SDS: Send failure for node:${pod} resources:1 size:4.1kB: rpc error: code = Unavailable desc = transport is closing`,
    ),
    near: ads(`SDS: Send to node:${pod} resources:1`),
  },
  'istiod-secret-changed': {
    line: istio(
      'info',
      'ads',
      'Push debounce stable[5] 1 for config Secret/ingress/shop-tls and 2 more configs: 100ms since last change, 100ms since last push, full=false',
    ),
    near: istio(
      'info',
      'ads',
      'Push debounce stable[5] 1 for config ServiceEntry/ingress/shop: 100ms since last change, full=false',
    ),
  },
  // istiod makes listeners
  'istiod-duplicate-hosts': {
    line: istio(
      'warn',
      'model',
      'skipping server on gateway shop/younger, duplicate host names: [shop.example.com www.example.com]',
    ),
    near: istio('warn', 'model', 'skipping server on gateway shop/younger, no host names'),
  },
  'istiod-protocol-conflict': {
    line: istio(
      'info',
      'model',
      'skipping server on gateway shop port https.443.HTTPS: conflict with existing server 443.HTTPS',
    ),
    near: istio('info', 'model', 'skipping server on gateway shop port https.443.HTTPS: why not'),
  },
  'istiod-port-name-conflict': {
    line: istiod('skipping server on gateway shop port https.443.HTTPS: non unique port name for HTTPS port'),
    near: istiod('skipping server on gateway shop port https: non unique port name for HTTPS port'),
  },
  'istiod-port-taken': {
    line: istio(
      'debug',
      'model',
      'skipping server on gateway shop port tcp.9000.TCP: could not build RDS name from server',
    ),
    near: istio('debug', 'model', 'skipping server on gateway shop: could not build RDS name from server'),
  },
  'istiod-plaintext-on-tls-port': {
    line: istio(
      'warn',
      'model',
      'TLS server without TLS options shop/shop port:{number:443 protocol:"HTTP" name:"http"} hosts:"*"',
    ),
    near: istio('warn', 'model', 'TLS server without options shop/shop'),
  },
  'istiod-privileged-port': {
    line: istiod(
      `buildGatewayListeners: skipping privileged gateway port 443 for node ${pod} as it is an unprivileged pod`,
    ),
    near: istiod(`buildGatewayListeners: skipping privileged gateway port 443 for node ${pod}`),
  },
  'istiod-gateway-of-other-namespace': {
    line: istio(
      'info',
      'model',
      'strict gateway merging: skipping gateway shop/shop not in managed GatewayAPI namespace',
    ),
    near: istio('info', 'model', 'strict gateway merging: skipping nothing'),
  },
  'istiod-no-listeners': {
    line: istiod(`gateway has zero listeners for node ${pod}`),
    near: istiod(`gateway has two listeners for node ${pod}`),
  },
  'istiod-no-gateways': {
    line: istiod(`buildGatewayRoutes: no gateways for router ${pod}`),
    near: istiod(`buildGatewayRoutes: 2 gateways for router ${pod}`),
  },
  'istiod-listener-omitted': {
    line: istio(
      'info',
      '',
      'gateway omitting listener "0.0.0.0_8443" due to: must have more than 0 chains in listener "0.0.0.0_8443"',
    ),
    near: istio('info', '', 'gateway omitting listener 0.0.0.0_8443'),
  },
  'istiod-no-virtual-service': {
    line: istiod('no virtual service bound to gateway: shop/shop'),
    near: istiod('virtual service bound to gateway: shop/shop'),
  },
  'istiod-server-without-route': {
    line: istiod('gateway shop/shop:443 listener missed network filter'),
    near: istiod('gateway shop/shop:443 listener has network filter'),
  },
  'istiod-no-virtual-hosts': {
    line: istiod(
      'constructed http route config for route https.443.https.shop.ns on port 443 with no vhosts; Setting up a default 404 vhost',
    ),
    near: istiod('constructed http route config for route https.443.https.shop.ns on port 443 with 2 vhosts'),
  },
  'istiod-duplicate-server-names': {
    line: istiod(
      'skipping VirtualService bank-tls rule #0 on server port 443 of gateway shop/shop, duplicate SNI host names: [bank.example.com]',
    ),
    near: istiod('skipping VirtualService bank-tls of gateway shop/shop'),
  },
  'istiod-ingress-without-secret': {
    line: istio('info', '', 'invalid ingress rule shop:web for hosts ["shop.example.com"], no secretName defined'),
    near: istio('info', '', 'invalid ingress rule shop:web for hosts ["shop.example.com"]'),
  },
  'istiod-listener-without-tls': {
    line: istio('warn', 'gateway', 'protocol is HTTPS but no TLS section is defined, skipping listener creation'),
    near: istio('warn', 'gateway', 'protocol is HTTPS but no TLS section is defined'),
  },
  'istiod-external-sds-missing': {
    line: istio(
      'error',
      '',
      'could not find cluster for external sds provider "name:sds": could not find service sds.sec.svc.cluster.local in Istio service registry',
    ),
    near: istio('error', '', 'could not find cluster for external provider sds'),
  },
  'istiod-listener-refused': {
    line: delta(`ADS:LDS: ACK ERROR ${pod}-12 Internal:Error adding/updating listener(s) 0.0.0.0_8443: something new`),
    near: delta(`ADS:LDS: ACK ERROR ${pod}-12`),
  },
  'istiod-cluster-refused': {
    line: delta(`ADS:CDS: ACK ERROR ${pod}-12 Internal:Error adding/updating cluster(s) outbound|443||x: bad`),
    near: delta(`ADS:EDS: ACK ERROR ${pod}-12 Internal:x`),
  },
  'istiod-routes-refused': {
    line: delta(`ADS:RDS: ACK ERROR ${pod}-12 Internal:Only a single wildcard domain is permitted`),
    near: delta(`ADS:RDS: NACK ${pod}-12 Internal:x`),
  },
  'istiod-several-services': {
    line: istiod(
      'buildGatewayListeners: found 2 services on port 443: [a.ns.svc.cluster.local b.ns.svc.cluster.local]',
    ),
    near: istiod('buildGatewayListeners: found services'),
  },
  'istiod-server-name-repeated': {
    line: istio(
      'warn',
      'model',
      'Server name web is not unique in gateway shop/shop and may create possible issues like stat prefix collision ',
    ),
    near: istio('warn', 'model', 'Server name web is unique in gateway shop/shop'),
  },
  'istiod-route-without-gateway': {
    line: istiod('Gateway missing for route https.443.https.shop.ns. This is normal if gateway was recently deleted.'),
    near: istiod('Gateway missing for route https.443.https.shop.ns'),
  },
  // the agent of Istio 1.1 to 1.7
  'agent-waits-for-secret': {
    line: istio(
      'warn',
      '',
      'Waiting for ingress gateway secret resource "shop-credential", connectionID "router~1-7", node "router~1"',
    ),
    near: istio('warn', '', 'Waiting for pod to be ready'),
  },
  'agent-secret-not-found': {
    line: nodeAgent('SecretFetcher cannot find secret shop-credential from cache'),
    near: nodeAgent('SecretFetcher cannot find secret shop-credential'),
  },
  'agent-no-fallback-either': {
    line: istio(
      'error',
      'secretfetcher',
      'cannot find secret shop-credential and cannot find fallback secret gateway-fallback',
    ),
    near: istio('error', 'secretfetcher', 'cannot find secret shop-credential'),
  },
  'agent-looks-for-fallback': {
    line: istio(
      'warn',
      'secretfetcher',
      'Cannot find secret shop-credential, searching for fallback secret gateway-fallback',
    ),
    near: istio('warn', 'secretfetcher', 'Cannot find secret shop-credential'),
  },
  'agent-uses-fallback': {
    line: istio('debug', 'secretfetcher', 'Return fallback secret gateway-fallback for gateway secret shop-credential'),
    near: istio('debug', 'secretfetcher', 'Return fallback secret gateway-fallback'),
  },
  'agent-reserved-name': {
    line: istio(
      'debug',
      'secretfetcher',
      'kubernetes secret istio-shop is not an ingress gateway secret, skip adding secret',
    ),
    near: istio('debug', 'secretfetcher', 'kubernetes secret istio-shop is not an ingress gateway secret'),
  },
  'agent-empty-field': {
    line: istio('warn', '', 'Secret object: shop-credential has empty field, skip adding secret'),
    near: istio('warn', '', 'Secret object: shop-credential has a field'),
  },
  'agent-empty-pair': {
    line: istio(
      'warn',
      'secretFetcherLog',
      'failed load server cert/key pair from secret shop-credential: server cert or private key is empty',
    ),
    near: istio('warn', 'secretFetcherLog', 'failed load server cert/key pair from secret shop-credential'),
  },
  'agent-no-ca': {
    line: istio(
      'warn',
      'secretFetcherLog',
      "failed load CA only secret from shop-credential-cacert: no 'cacert' or 'tls.crt' key in the secret",
    ),
    near: istio('warn', 'secretFetcherLog', 'failed load CA only secret from shop-credential-cacert'),
  },
  'agent-unparsable': {
    line: istio(
      'warn',
      'secretFetcherLog',
      'skip loading secret. Kubernetes secret shop-credential contains a server certificate that fails to parse: failed to parse the cert',
    ),
    near: istio(
      'warn',
      'secretFetcherLog',
      'skip loading secret. Kubernetes secret shop-credential contains a server certificate',
    ),
  },
  'agent-change-refused': {
    line: istio('warn', 'secretFetcherLog', 'unexpected server key/cert change in secret shop-credential'),
    near: istio('warn', 'secretFetcherLog', 'unexpected change in secret shop-credential'),
  },
  'agent-direct-read': {
    line: istio('info', 'secretFetcherLog', 'Return secret shop-credential found by direct api call'),
    near: istio('info', 'secretFetcherLog', 'Return secret shop-credential found'),
  },
  'agent-cannot-read-secrets': {
    line: istio(
      'error',
      '',
      'failed to create secretFetcher for gateway proxy: open /var/run/token: no such file or directory',
    ),
    near: istio('error', '', 'failed to create secretFetcher'),
  },
  'agent-pushed': {
    line: nodeAgent('pushed root cert to proxy'),
    near: nodeAgent('pushed nothing to proxy'),
  },
  'agent-pushed-change': {
    line: istio('info', 'sds', 'Dynamic push for secret shop-credential'),
    near: istio('info', 'sds', 'Dynamic push for secret'),
  },
  'agent-secret-refused': {
    line: agent(
      'error',
      'received error: code:13 message:"Failed to load private key from <inline>" . Will not respond until next secret update',
    ),
    near: agent('error', 'received error: code:13 message:"Failed"'),
  },
  'agent-closed-stream': {
    line: agent('error', 'Close connection. Failed to get secret for proxy "router~1" from secret cache: not found'),
    near: agent('error', 'Close connection.'),
  },
  'agent-lost-change': {
    line: agent('error', 'NotifyProxy failed. No connection with id "router~1-4" can be found'),
    near: agent('error', 'NotifyProxy failed.'),
  },
  'agent-change-not-delivered': {
    line: agent('warn', 'failed to notify secret change for proxy: no connection with id "c-4" can be found'),
    near: agent('warn', 'failed to notify secret change'),
  },
  'agent-change-held-back': {
    line: nodeAgent(
      'skip multiple push, last push finishes at 2019-06-15 08:00:00.5 +0000 UTC m=+9.5 and is waiting for next SDS request',
    ),
    near: nodeAgent('skip multiple push'),
  },
  'agent-asked': {
    line: agent('info', 'new connection'),
    near: istio('info', 'ads', 'ADS: new connection for node:1'),
  },
  'agent-stream-ended': {
    line: istio(
      'info',
      '',
      'SDS: connection with "router~1-7" terminated rpc error: code = Canceled desc = context canceled',
    ),
    near: istio('info', '', 'SDS: connection with "router~1-7" opened'),
  },
  'agent-remote-closed': {
    line: istio('error', 'sds', 'Remote side closed connection'),
    near: istio('error', 'sds', 'Remote side opened connection'),
  },
  'agent-started': {
    line: istio('info', '', 'Starting gateway SDS'),
    near: istio('info', '', 'Starting default Istio SDS Server'),
  },
  'agent-sds-skipped': { line: istio('info', '', 'Skipping gateway SDS'), near: istio('info', '', 'Skipping SDS') },
  'agent-secret-changed': {
    line: istio(
      'debug',
      'secretfetcher',
      'secret shop-credential-cacert is added as a client CA cert (from a compound Secret)',
    ),
    near: istio('debug', 'secretfetcher', 'secret shop-credential is here'),
  },
  'agent-secret-event': {
    line: istio('info', 'secretFetcherLog', 'scrtUpdated is called on kubernetes secret shop-credential'),
    near: istio('info', 'secretFetcherLog', 'scrtUpdated is called'),
  },
  'agent-secret-unchanged': {
    line: istio('info', 'secretFetcherLog', 'secret shop-credential does not change, skip update'),
    near: istio('info', 'secretFetcherLog', 'secret shop-credential does change'),
  },
  // Envoy
  'envoy-secret-timeout': {
    line: envoy('warning', 'config', `gRPC config: initial fetch timed out for ${secretType}`),
    near: envoy('warning', 'config', `gRPC config: initial fetch timed out for ${listenerType}`),
  },
  'envoy-secret-refused': {
    line: refusedSecret('some words that nobody knows'),
    near: envoy('warning', 'config', `gRPC config for ${secretType} accepted`),
  },
  'envoy-listener-refused': {
    line: refusedListener('something new'),
    near: envoy('warning', 'config', `gRPC config for ${listenerType} accepted`),
  },
  'envoy-cluster-refused': {
    line: envoy(
      'warning',
      'config',
      'delta config for type.googleapis.com/envoy.config.cluster.v3.Cluster rejected: Error adding/updating cluster(s) x: bad',
    ),
    near: envoy(
      'warning',
      'config',
      'delta config for type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment rejected: x',
    ),
  },
  'envoy-secret-stream-closed': {
    line: envoy(
      'warning',
      'config',
      'StreamSecrets gRPC config stream to sds-grpc closed: 3, workload is not authorized for the requested identities',
    ),
    near: envoy('warning', 'config', 'StreamSecrets gRPC config stream to sds-grpc opened'),
  },
  'envoy-tls-not-ready': {
    line: envoy('debug', 'connection', 'Create NotReadySslSocket'),
    near: envoy('debug', 'connection', 'Create SslSocket'),
  },
  'envoy-no-filter-chain': {
    line: envoy('debug', 'conn_handler', 'closing connection from 203.0.113.9:50000: no matching filter chain found'),
    near: envoy('debug', 'conn_handler', 'closing connection from 203.0.113.9:50000'),
  },
  'envoy-client-certificate-refused': {
    line: envoy(
      'debug',
      'connection',
      'verify cert failed: X509_verify_cert: certificate verification error at depth 0: certificate has expired',
    ),
    near: envoy('debug', 'connection', 'verify cert succeeded'),
  },
  'envoy-handshake-failed': {
    line: envoy(
      'debug',
      'connection',
      '[Tags: "ConnectionId":"7"] remote address:203.0.113.9:50000,TLS_error:|268435648:SSL routines:OPENSSL_internal:PEER_DID_NOT_RETURN_A_CERTIFICATE:TLS_error_end',
    ),
    near: envoy('debug', 'connection', '[Tags: "ConnectionId":"7"] closing socket: 0'),
  },
  'envoy-handshake-failed-older': {
    line: envoy(
      'debug',
      'connection',
      '[C7] TLS error: 268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED',
    ),
    near: envoy('debug', 'connection', '[C7] TLS handshake complete'),
  },
  'envoy-secret-updated': {
    line: envoy('debug', 'connection', 'Secret is updated.'),
    near: envoy('debug', 'connection', 'Secret is unchanged.'),
  },
  'envoy-listener-taken': {
    line: envoy('info', 'upstream', "lds: add/update listener '0.0.0.0_8443'"),
    near: envoy('info', 'upstream', "lds: remove listener '0.0.0.0_8443'"),
  },
  'file-secret-failed': {
    line: istio(
      'error',
      'cache',
      'resource:file-cert:/etc/a/tls.crt~/etc/a/tls.key failed to generate secret for proxy from file: open /etc/a/tls.crt: no such file or directory',
    ),
    near: istio('error', 'cache', 'resource:file-cert:/etc/a/tls.crt~/etc/a/tls.key failed to generate secret'),
  },
  'file-secret-read': {
    line: istio('info', 'cache', 'read certificate from file', 'resource=file-cert:/etc/a/tls.crt~/etc/a/tls.key'),
    near: istio('info', 'cache', 'read certificate from cache'),
  },
  'file-changed': {
    line: istio('info', 'cache', 'event for file certificate /etc/a/tls.crt : REMOVE, pushing to proxy'),
    near: istio('info', 'cache', 'event for file certificate /etc/a/tls.crt'),
  },
  'file-watched': {
    line: istio('info', 'cache', 'adding watcher for file certificate /etc/a/tls.crt'),
    near: istio('info', 'cache', 'adding watcher for namespaces'),
  },
  // why Envoy refuses
  'refused-key-of-another-certificate': {
    line: delta(
      `ADS:SDS: ACK ERROR ${pod}-12 Internal:Failed to load private key from <inline>, Cause: error:0b000074:X.509 certificate routines:OPENSSL_internal:KEY_VALUES_MISMATCH`,
    ),
    near: refusedSecret(
      'Failed to load private key from <inline>, Cause: error:0b000099:X.509 certificate routines:OPENSSL_internal:OTHER',
    ),
  },
  'refused-key-of-another-type': {
    line: refusedSecret(
      'Failed to load private key from <inline>, Cause: error:0b000073:X.509 certificate routines:OPENSSL_internal:KEY_TYPE_MISMATCH',
    ),
    near: refusedSecret('Failed to load private key'),
  },
  'refused-encrypted-key': {
    line: refusedSecret(
      'Failed to load private key from <inline>, Cause: error:09000068:PEM routines:OPENSSL_internal:BAD_PASSWORD_READ',
    ),
    near: refusedSecret(
      'Failed to load private key from <inline>, Cause: error:0900006e:PEM routines:OPENSSL_internal:NO_START_LINE',
    ),
  },
  'refused-unreadable-key': {
    line: refusedSecret(
      'Failed to load private key from <inline>, Cause: error:0900006e:PEM routines:OPENSSL_internal:NO_START_LINE',
    ),
    near: refusedSecret('Failed to load private key from <inline>'),
  },
  'refused-key-without-cause': {
    line: refusedSecret('Failed to load private key from <inline>'),
    near: refusedSecret('Failed to load public key from <inline>'),
  },
  'refused-certificate-algorithm': {
    line: refusedSecret(
      'Failed to load certificate chain from <inline>, only RSA certificates with 2048-bit or larger keys are supported',
    ),
    near: refusedSecret('Failed to load certificate chain from <inline>'),
  },
  'refused-certificate-chain': {
    line: refusedSecret('Failed to load certificate chain from <inline>'),
    near: refusedSecret('Failed to load chain from <inline>'),
  },
  'refused-incomplete-pair': {
    line: refusedSecret('Failed to load incomplete certificate from <inline>: certificate chain not set'),
    near: refusedSecret('Failed to load incomplete thing from <inline>'),
  },
  'refused-revocation-list': {
    line: refusedSecret('Failed to load CRL from <inline>'),
    near: refusedSecret('Failed to load CRLs'),
  },
  'refused-trusted-ca': {
    line: refusedSecret('Failed to load trusted CA certificates from <inline>'),
    near: refusedSecret('Failed to load trusted certificates from <inline>'),
  },
  'refused-staple': {
    line: refusedSecret('OCSP response does not match its TLS certificate'),
    near: refusedSecret('OCSP policy unknown'),
  },
  'refused-nameless-certificate': {
    line: refusedSecret('Invalid TLS context has neither subject CN nor SAN names'),
    near: refusedSecret('Invalid TLS context has no names'),
  },
  'refused-unexpected-secret': {
    line: refusedSecret('Unexpected SDS secret (expecting kubernetes://a): kubernetes://b'),
    near: refusedSecret('Unexpected secret'),
  },
  'refused-missing-file': {
    line: `[2019-06-15 08:00:00.000][18][warning][config] [external/envoy/source/common/config/x.cc:73] gRPC config for type.googleapis.com/envoy.api.v2.Listener rejected: Error adding/updating listener(s) 0.0.0.0_443: Invalid path: /etc/istio/ingressgateway-certs/tls.crt`,
    near: refusedListener('Valid path: /etc/x'),
  },
  'refused-same-match': {
    line: refusedListener(
      "error adding listener '0.0.0.0:8443': filter chain '' has the same matching rules defined as ''. duplicate matcher is: {}",
    ),
    near: refusedListener("error adding listener '0.0.0.0:8443': filter chain '' has no matching rules"),
  },
  'refused-names-without-ca': {
    line: refusedListener('SAN-based verification of peer certificates without trusted CA is insecure and not allowed'),
    near: refusedListener('SAN-based verification of peer certificates'),
  },
  'refused-ciphers': {
    line: refusedListener(
      'Failed to initialize cipher suites RC4-MD5. The following ciphers were rejected when tried individually: RC4-MD5',
    ),
    near: refusedListener('Failed to initialize RC4-MD5'),
  },
  'refused-bind': {
    line: refusedListener("cannot bind '0.0.0.0:443': Permission denied"),
    near: refusedListener("can bind '0.0.0.0:443'"),
  },
  'refused-value': {
    line: refusedListener('Proto constraint validation failed (ListenerValidationError.Address: value is required)'),
    near: refusedListener('Proto constraint validation passed'),
  },
  'refused-unknown-extension': {
    line: refusedListener("Didn't find a registered implementation for 'envoy.filters.http.none' with type URL: ''"),
    near: refusedListener('Found a registered implementation'),
  },
  // the connection to istiod
  'agent-connected': {
    line: istio('info', 'xdsproxy', 'connected to delta upstream XDS server: istiod.istio-system.svc:15012', 'id=1'),
    near: istio('info', 'xdsproxy', 'connected to something'),
  },
  'agent-cannot-connect': {
    line: istio(
      'error',
      'xdsproxy',
      'failed to connect to upstream istiod.istio-system.svc:15012: context deadline exceeded',
    ),
    near: istio('error', 'xdsproxy', 'failed to connect to upstream'),
  },
  'agent-disconnected': {
    line: istio(
      'warn',
      'xdsproxy',
      'upstream terminated with unexpected error rpc error: code = Unauthenticated desc = authentication failure',
      'id=3',
    ),
    near: istio('debug', 'xdsproxy', 'upstream terminated with status rpc error'),
  },
  'envoy-cannot-connect': {
    line: envoy(
      'warning',
      'config',
      'DeltaAggregatedResources gRPC config stream to xds-grpc closed since 40s ago: 14, connection error: desc = "transport: Error while dialing: dial tcp 10.0.0.2:15012: i/o timeout"{via_upstream}',
    ),
    near: envoy('warning', 'config', 'DeltaAggregatedResources gRPC config stream to xds-grpc closed: 13, '),
  },
  'envoy-stream-closed': {
    line: envoy('warning', 'config', 'StreamAggregatedResources gRPC config stream closed: 13, '),
    near: envoy('warning', 'config', 'StreamAggregatedResources gRPC config stream opened'),
  },
  'agent-no-identity': {
    line: istio(
      'warn',
      'sds',
      'failed to warm certificate: failed to generate workload certificate: create certificate: rpc error: code = Unavailable',
    ),
    near: istio('warn', 'sds', 'failed to warm up'),
  },
  'agent-certificate-not-signed': {
    line: istio(
      'error',
      'cache',
      'resource:default failed to sign: create certificate: rpc error: code = Unauthenticated desc = request authenticate failure',
    ),
    near: istio('error', 'cache', 'resource:default failed to sign'),
  },
  'istiod-csr-not-signed': {
    line: istio('error', 'serverca', 'CSR signing error: requested TTL is too long'),
    near: istio('error', 'serverca', 'CSR signing succeeded'),
  },
  'istiod-client-unauthenticated': {
    line: istio(
      'error',
      'ads',
      'Failed to authenticate client from 10.0.0.5:41234: Authenticator ClientCertAuthenticator: no verified chain is found; Authenticator KubeJWTAuthenticator: token expired',
    ),
    near: istio('error', 'ads', 'Failed to authenticate client'),
  },
  'secrets-forbidden': {
    line: istio(
      'error',
      '',
      'k8s.io/client-go/tools/cache/reflector.go:105: Failed to list *v1.Secret: secrets is forbidden: User "system:serviceaccount:ingress:gateway" cannot list resource "secrets" in API group "" in the namespace "ingress"',
    ),
    near: istio('error', '', 'k8s.io/client-go/tools/cache/reflector.go:105: Failed to list *v1.Secret: timeout'),
  },
  'clock-skew': {
    line: istio(
      'warn',
      'ca',
      'x509: certificate has expired or is not yet valid: current time 2026-06-15T07:00:00Z is before 2026-06-15T08:00:00Z',
    ),
    near: istio(
      'warn',
      'ca',
      'x509: certificate has expired or is not yet valid: current time 2026-06-15T07:00:00Z is after 2025-06-15T08:00:00Z',
    ),
  },
  // lines that only look like faults
  'istiod-incremental-push': {
    line: istio('info', 'ads', 'XDS: Incremental Pushing ConnectedEndpoints:1 Version:2026-06-15T07:59:00Z/4'),
    near: istio('info', 'ads', 'XDS: Pushing Services:9 ConnectedEndpoints:1 Version:2026-06-15T07:59:00Z/4'),
  },
  'istiod-webhook-not-ready': {
    line: istio(
      'error',
      'controllers',
      'error handling istio-validator-istio-system, retrying (retry count: 1): webhook is not ready, retry',
      'controller=validation',
    ),
    near: istio('error', 'controllers', 'error handling something, retrying (retry count: 1): x'),
  },
  'istiod-webhook-conflict': {
    line: istio(
      'error',
      'validationController',
      'failed to updated: Operation cannot be fulfilled on validatingwebhookconfigurations.admissionregistration.k8s.io "istio-validator-istio-system": the object has been modified',
      'name=x resource version=88',
    ),
    near: istio('error', 'validationController', 'failed to updated: Operation cannot be fulfilled on secrets "x"'),
  },
  'istiod-gateway-class-exists': {
    line: istio(
      'error',
      'controllers',
      'error handling istio, retrying (retry count: 1): gatewayclasses.gateway.networking.k8s.io "istio-remote" already exists',
      'controller=gateway class',
    ),
    near: istio('info', '', 'gatewayclasses.gateway.networking.k8s.io is now ready, building client'),
  },
  'istiod-ca-reference': {
    line: istio('warn', 'gateway', 'buildCaCertificateReference configmap://shop/clients-cacert'),
    near: istio('warn', 'gateway', 'buildCaCertificate configmap://shop/clients-cacert'),
  },
  'memory-limit': {
    line: '2026/06/15 08:00:00 ERROR failed to set GOMEMLIMIT package=example.com/automemlimit error="process is not in cgroup"',
    near: '2026/06/15 08:00:00 ERROR failed to set GOMAXPROCS',
  },
  'agent-concurrency': {
    line: istio('warn', '', 'concurrency is set to 0, which will use a thread per CPU on the host.'),
    near: istio('warn', '', 'concurrency is set to 2'),
  },
  // access logs
  'access-no-server-name': {
    line: access('"- - -" 0 NR filter_chain_not_found', `${none} - -`),
    near: access('"- - -" 0 NR filter_chain_not_found', `${none} a.example.com -`),
  },
  'access-unknown-server-name': {
    line: access('"- - -" 0 NR filter_chain_not_found', `${none} a.example.com -`),
    near: access('"- - -" 0 - -', `${none} a.example.com -`),
  },
  'access-other-host-on-connection': {
    line: access('"GET / HTTP/2" 404 NR route_not_found', `${none} other.example.com -`),
    near: access('"GET / HTTP/2" 404 NR route_not_found', `${none} shop.example.com -`),
  },
  'access-no-route': {
    line: access('"GET / HTTP/2" 404 NR route_not_found', `${none} shop.example.com -`),
    near: access('"GET / HTTP/2" 404 - via_upstream', `${backend} shop.example.com -`),
  },
  'access-no-http': {
    line: access('"- - HTTP/1.1" 400 DPE http1.codec_error', `${none} - -`),
    near: access('"GET / HTTP/1.1" 400 - via_upstream', `${backend} - -`),
  },
  'access-backend-tls-failed': {
    line: access(
      '"GET / HTTP/2" 503 URX,UF upstream_reset_before_response_started{remote_connection_failure|TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end}',
      `${backend} shop.example.com -`,
    ),
    near: access(
      '"GET / HTTP/2" 503 UF upstream_reset_before_response_started{connection_timeout}',
      `${backend} shop.example.com -`,
    ),
  },
  'access-backend-unreachable': {
    line: access(
      '"GET / HTTP/2" 503 UF upstream_reset_before_response_started{connection_timeout}',
      `${backend} shop.example.com -`,
    ),
    near: access('"GET / HTTP/2" 503 UH no_healthy_upstream', `${none} shop.example.com -`),
  },
  'access-no-endpoint': {
    line: access('"GET / HTTP/2" 503 UH no_healthy_upstream', `${none} shop.example.com -`),
    near: access('"GET / HTTP/2" 503 - via_upstream', `${backend} shop.example.com -`),
  },
  'access-no-destination': {
    line: access('"GET / HTTP/2" 503 NC cluster_not_found', `${none} shop.example.com -`),
    near: access('"GET / HTTP/2" 503 - via_upstream', `${backend} shop.example.com -`),
  },
  'access-backend-closed': {
    line: access(
      '"GET / HTTP/2" 503 UC upstream_reset_before_response_started{connection_termination}',
      `${backend} shop.example.com -`,
    ),
    near: access('"GET / HTTP/2" 503 UO overflow', `${backend} shop.example.com -`),
  },
  'access-backend-protocol': {
    line: access(
      '"GET / HTTP/2" 502 UPE upstream_reset_before_response_started{protocol_error}',
      `${backend} shop.example.com -`,
    ),
    near: access('"GET / HTTP/2" 502 - via_upstream', `${backend} shop.example.com -`),
  },
  'access-denied': {
    line: access('"GET / HTTP/2" 403 - rbac_access_denied_matched_policy[none]', `${none} shop.example.com -`),
    near: access('"GET / HTTP/2" 403 - via_upstream', `${backend} shop.example.com -`),
  },
  'access-redirect-over-tls': {
    line: access('"GET / HTTP/2" 301 - direct_response', `${none} shop.example.com -`),
    near: access('"GET / HTTP/1.1" 301 - direct_response', `${none} - -`),
  },
  'access-client-left': {
    line: access('"- - HTTP/1.1" 0 DC downstream_remote_disconnect', `${none} shop.example.com -`),
    near: access('"GET / HTTP/1.1" 200 - via_upstream', `${backend} shop.example.com -`),
  },
  'access-other-flag': {
    line: access('"GET / HTTP/2" 429 RL request_rate_limited', `${none} shop.example.com -`),
    near: access('"GET / HTTP/2" 429 - via_upstream', `${backend} shop.example.com -`),
  },
  'access-passed-on': {
    line: access('"- - -" 0 - -', `${backend} bank.example.com -`),
    near: access('"GET / HTTP/2" 200 - via_upstream', `${backend} bank.example.com -`),
  },
  'access-answered': {
    line: access('"GET / HTTP/2" 503 - via_upstream', `${backend} shop.example.com -`),
    near: access('"- - -" 0 - -', `${backend} shop.example.com -`),
  },
};
