import type { Check } from '../check.ts';
import { accessLogCodecError } from './access-log-codec-error.ts';
import { accessLogNoFilterChain } from './access-log-no-filter-chain.ts';
import { accessLogNoRoute } from './access-log-no-route.ts';
import { accessLogUpstreamFailure } from './access-log-upstream-failure.ts';
import { certificateNotVerified } from './certificate-not-verified.ts';
import { connectionRefused } from './connection-refused.ts';
import { connectionTimeout } from './connection-timeout.ts';
import { filterChainMissing } from './filter-chain-missing.ts';
import { handshakeNotTls } from './handshake-not-tls.ts';
import { handshakeRefused } from './handshake-refused.ts';
import { handshakeReset } from './handshake-reset.ts';
import { httpForbidden } from './http-forbidden.ts';
import { httpNotFound } from './http-not-found.ts';
import { httpUpstreamFailure } from './http-upstream-failure.ts';
import { listenerMissing } from './listener-missing.ts';
import { listenerStatusInvalid } from './listener-status-invalid.ts';
import { secretRefused } from './secret-refused.ts';
import { secretWarming } from './secret-warming.ts';

export const symptoms: readonly Check[] = [
  connectionTimeout,
  connectionRefused,
  listenerMissing,
  listenerStatusInvalid,
  filterChainMissing,
  secretWarming,
  secretRefused,
  handshakeReset,
  handshakeNotTls,
  handshakeRefused,
  certificateNotVerified,
  httpNotFound,
  httpForbidden,
  httpUpstreamFailure,
  accessLogNoFilterChain,
  accessLogNoRoute,
  accessLogUpstreamFailure,
  accessLogCodecError,
];
