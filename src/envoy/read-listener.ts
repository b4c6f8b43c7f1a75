import type { EnvoyListener } from '../model/envoy.ts';
import type { Json } from '../model/json.ts';
import { booleanAt, listAt, numberAt, objectAt, objectsAt, textAt } from '../kubernetes/read.ts';
import { present } from './present.ts';
import { accessLogFormats, chainAccessLogFormats, chainsOf, readFilterChain } from './read-filter-chain.ts';
import { withoutPrivateKeys } from './without-private-keys.ts';

type State = EnvoyListener['state'];

/** The listener states that an entry of `dynamic_listeners` can hold, several at once. */
const states = [
  ['active_state', 'active'],
  ['warming_state', 'warming'],
  ['draining_state', 'draining'],
] as const satisfies readonly (readonly [string, State])[];

/**
 * Reads an entry of `dynamic_listeners` (Envoy ≥ 1.13): one listener for each state in it. A refused update leaves two
 * entries, one of them without a name; both take the name of the configuration that failed [seen: Envoy 1.38.3].
 */
export function readDynamicListener(entry: Json): readonly EnvoyListener[] {
  const name = textAt(entry, 'name');
  const found = states.flatMap(([field, state]) => {
    const held = objectAt(entry, field);
    return held ? [readListenerState(held, state, name)] : [];
  });
  const failed = objectAt(entry, 'error_state');
  if (!failed) return found;
  const details = textAt(failed, 'details');
  return [
    ...found,
    {
      ...readListener(objectAt(failed, 'failed_configuration'), 'error', name),
      ...present({
        lastUpdated: textAt(failed, 'last_update_attempt'),
        details: details === undefined ? undefined : withoutPrivateKeys(details),
      }),
    },
  ];
}

/** Reads `{version_info, listener, last_updated}`: a static listener, or an entry of the lists of Envoy ≤ 1.12. */
export function readListenerState(entry: Json, state: State, name?: string): EnvoyListener {
  return {
    ...readListener(objectAt(entry, 'listener'), state, name),
    ...present({ versionInfo: textAt(entry, 'version_info'), lastUpdated: textAt(entry, 'last_updated') }),
  };
}

function readListener(json: Json | undefined, state: State, entryName?: string): EnvoyListener {
  const address = objectAt(json, 'address', 'socket_address');
  const name = entryName ?? textAt(json, 'name') ?? '';
  const fallback = objectAt(json, 'default_filter_chain');
  const formats = new Set([...accessLogFormats(json), ...chainsOf(json).flatMap(chainAccessLogFormats)]);
  return present({
    name,
    state,
    address: textAt(address, 'address') ?? textAt(json, 'address', 'pipe', 'path'),
    port: numberAt(address, 'port_value'),
    chains: listAt(json, 'filter_chains').map((chain) => readFilterChain(chain)),
    hasDefaultChain: fallback !== undefined,
    defaultChain: fallback && readFilterChain(fallback),
    matcher: objectAt(json, 'filter_chain_matcher') ? true : undefined,
    listenerFilters: listenerFilters(json),
    udp: textAt(address, 'protocol') === 'UDP' || objectAt(json, 'udp_listener_config') !== undefined,
    accessLog: listAt(json, 'access_log').length > 0,
    accessLogFormats: formats.size > 0 ? [...formats] : undefined,
  });
}

/** Before it was a listener filter, a flag of the chain asked for the PROXY header. */
function listenerFilters(json: Json | undefined): readonly string[] {
  const names = objectsAt(json, 'listener_filters').map(({ value }) => textAt(value, 'name') ?? '');
  const flagged = chainsOf(json).some((chain) => booleanAt(chain, 'use_proxy_proto') === true);
  return flagged ? [...names, 'envoy.listener.proxy_protocol'] : names;
}
