import type { Check } from '../check.ts';
import { alpnH2 } from './alpn-h2.ts';
import { authzDenied } from './authz-denied.ts';
import { backendTlsOrigination } from './backend-tls-origination.ts';
import { envoyfilterBreaksTls } from './envoyfilter-breaks-tls.ts';
import { gatewayHostConflict } from './gateway-host-conflict.ts';
import { gatewayHostMissing } from './gateway-host-missing.ts';
import { gatewayPortNameConflict } from './gateway-port-name-conflict.ts';
import { gatewayPortProtocolConflict } from './gateway-port-protocol-conflict.ts';
import { gatewayclassUnclaimed } from './gatewayclass-unclaimed.ts';
import { http2Coalescing } from './http2-coalescing.ts';
import { httpsRedirectLoop } from './https-redirect-loop.ts';
import { ingressClassUnclaimed } from './ingress-class-unclaimed.ts';
import { namespaceNotDiscovered } from './namespace-not-discovered.ts';
import { passthroughRouteMismatch } from './passthrough-route-mismatch.ts';
import { routeNotAttached } from './route-not-attached.ts';
import { serverProtocolNotHttps } from './server-protocol-not-https.ts';
import { strictMtlsBypass } from './strict-mtls-bypass.ts';
import { tlsModeWrong } from './tls-mode-wrong.ts';
import { tlsSettingsMissing } from './tls-settings-missing.ts';
import { tlsVersionCipher } from './tls-version-cipher.ts';
import { upstreamNoEndpoints } from './upstream-no-endpoints.ts';
import { vsDestinationMissing } from './vs-destination-missing.ts';
import { vsExportTo } from './vs-export-to.ts';
import { vsGatewayNamespace } from './vs-gateway-namespace.ts';
import { vsHostConflict } from './vs-host-conflict.ts';
import { vsHostMismatch } from './vs-host-mismatch.ts';
import { vsMissing } from './vs-missing.ts';
import { vsRouteMatch } from './vs-route-match.ts';

export const routingCauses: readonly Check[] = [
  gatewayHostMissing,
  gatewayclassUnclaimed,
  gatewayHostConflict,
  gatewayPortProtocolConflict,
  gatewayPortNameConflict,
  tlsModeWrong,
  tlsSettingsMissing,
  serverProtocolNotHttps,
  tlsVersionCipher,
  alpnH2,
  http2Coalescing,
  passthroughRouteMismatch,
  httpsRedirectLoop,
  vsMissing,
  vsHostMismatch,
  vsGatewayNamespace,
  vsRouteMatch,
  vsDestinationMissing,
  vsExportTo,
  vsHostConflict,
  namespaceNotDiscovered,
  envoyfilterBreaksTls,
  routeNotAttached,
  ingressClassUnclaimed,
  backendTlsOrigination,
  upstreamNoEndpoints,
  authzDenied,
  strictMtlsBypass,
];
