import { Flags } from '@oclif/core';
import { parseConnectTo, parseResolve } from '../connect-rules.ts';
import { parseNamespacedName } from '../object-name.ts';
import type { ConnectToRule, ResolveRule } from '../../model/connect.ts';
import { helpGroups } from './help-groups.ts';
import { count, someDuration, repeatable } from './kinds.ts';

const helpGroup = helpGroups.probe;

/** How connections to the gateway are made: the words of curl, and budgets. */
export const probeFlags = {
  resolve: Flags.custom<ResolveRule>({
    helpValue: 'HOST:PORT:ADDRESS',
    helpGroup,
    summary: 'address for a host, instead of what DNS and the cluster say (repeatable)',
    ...repeatable,
    parse: async (text) => parseResolve(text),
  })(),
  'connect-to': Flags.custom<ConnectToRule>({
    helpValue: 'HOST1:PORT1:HOST2:PORT2',
    helpGroup,
    summary: 'connect to the second pair where the first was meant; SNI and Host stay (repeatable)',
    ...repeatable,
    parse: async (text) => parseConnectTo(text),
  })(),
  cacert: Flags.string({
    helpValue: 'FILE',
    helpGroup,
    summary: 'certificates that the clients trust: a PEM file or a folder of them (repeatable)',
    ...repeatable,
  }),
  cert: Flags.string({
    helpValue: 'FILE',
    helpGroup,
    summary: "client certificate; without --key it is judged by the gateway's rules and not sent",
  }),
  key: Flags.string({ helpValue: 'FILE', helpGroup, summary: 'private key of --cert', dependsOn: ['cert'] }),
  'client-secret': Flags.custom<{ readonly namespace: string; readonly name: string }>({
    helpValue: 'NAMESPACE/NAME',
    helpGroup,
    summary: 'client certificate and key straight from a Secret, never written to disk',
    exclusive: ['cert', 'key'],
    parse: async (text) => parseNamespacedName(text),
  })(),
  'no-probe': Flags.boolean({ helpGroup, summary: 'connect to no gateway; recorded probes still count' }),
  'in-cluster': Flags.boolean({
    helpGroup,
    summary: 'resolve and connect as a client inside the cluster does: cluster IPs and names of Services',
  }),
  'max-probes': count({ helpGroup, summary: 'connections that a run may make' }),
  concurrency: count({ helpGroup, summary: 'connections and requests at a time' }),
  'probe-timeout': someDuration({
    helpGroup,
    summary: 'time for one connection, from the first packet to the answer',
    default: 3000,
    defaultHelp: async () => '3s',
  }),
  'phone-out': Flags.boolean({
    helpGroup,
    summary: 'follow the CRL, OCSP and issuer addresses inside certificates',
  }),
};
