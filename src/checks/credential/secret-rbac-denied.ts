import { observed } from '../../facts/credential-trail.ts';
import type { CredentialUse } from '../../facts/credentials.ts';
import { deliveryOf, isDelivered } from '../../facts/delivery.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { grantedInstead, type SecretAccess } from '../../facts/secret-access.ts';
import { readingAccounts, type ReadingAccount } from '../../facts/secret-denials.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Observation } from '../../model/finding.ts';
import type { LogEvent } from '../../model/log-event.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost, kubectl } from '../remedies.ts';
import { credentialNotGiven } from '../symptoms.ts';
import { affectedBy, consequenceOf, reachOf } from './consequences.ts';
import { accessFix, resendFix } from './access-fix.ts';
import { looseFaults, type LooseMeaning } from './loose-faults.ts';

type Denied = Extract<SecretAccess, { state: 'denied' }>;

const userName = ({ account }: ReadingAccount): string => `system:serviceaccount:${account.namespace}:${account.name}`;

/** How it is known that the account has no such right: the API server's word, or the bindings that were read. */
function seenOfAccess(reading: ReadingAccount, { by, useless, bindings }: Denied): readonly Observation[] {
  const { account, verb } = reading;
  const places = useless.map(({ binding, role, found }): Observation => ({
    source: 'resource',
    ref: named(binding),
    detail: found
      ? `gives ${role}, which does not allow to ${verb} secrets`
      : `refers to ${role}, which does not exist`,
  }));
  if (by !== 'roles') {
    const detail = `may not ${by.verb} secrets in namespace ${account.namespace}${by.reason === undefined ? '' : `: ${by.reason}`}`;
    return [{ source: 'access-review', ref: userName(reading), detail }, ...places];
  }
  const none = `none of ${bindings} bindings allows ${userName(reading)} to ${verb} secrets there`;
  return [{ source: 'resource', ref: `namespace ${account.namespace}`, detail: none }, ...places];
}

/** What the API server answers ends in the reason, behind the name of the account: it is not cut like other lines. */
function observedDenial(denial: LogEvent): Observation {
  const { kind, reason, at } = denial;
  if (kind !== 'secret-api-forbidden' || reason === undefined) return observed(denial);
  return { ...observed(denial), detail: [at, reason.slice(0, 500)].filter((part) => part !== undefined).join(' ') };
}

function insteadText(evidence: Evidence, { account, verb }: ReadingAccount): string {
  const others = grantedInstead(evidence, account, verb);
  return others.length === 0 ? '' : ` The right is given to ServiceAccount ${others.slice(0, 3).join(', ')} instead.`;
}

function deniedFault(evidence: Evidence, reading: ReadingAccount, observations: readonly Observation[]): Fault {
  const { account, uses, verb, access, denial } = reading;
  const [first] = uses;
  const delivered = uses.every((use) => isDelivered(deliveryOf(evidence, use)));
  const effect = !first
    ? ''
    : delivered
      ? ' What was given before still holds; a restart, or a new host, gets nothing.'
      : ` ${consequenceOf(evidence, first)}`;
  const sure = access.state !== 'denied' ? 0.85 : access.by !== 'roles' ? 0.9 : denial ? 0.9 : 0.75;
  return {
    subject: { apiVersion: 'v1', kind: 'ServiceAccount', ...account },
    title: `ServiceAccount ${account.namespace}/${account.name} may not ${verb} Secrets in its namespace`,
    message: `A gateway is given only the Secrets that its ServiceAccount may ${verb} in its own namespace.${insteadText(evidence, reading)}${effect}`,
    evidence: [...observations, ...(denial ? [observedDenial(denial)] : [])],
    affects: affectedBy(evidence, uses),
    confidence: delivered ? 0.8 : sure,
    ...reachOf(evidence, uses),
    related: reading.workloads.map((workload) => subjectOf(workload.resource ?? workload.ref)),
    fix: accessFix(evidence, reading),
    confirm: confirmHost(first?.server.hosts[0]?.host),
    misleading: [
      'The log of the gateway itself says nothing of it; istiod says it once, and names two Secrets at most.',
    ],
  };
}

const lacks = (evidence: Evidence, use: CredentialUse): boolean => {
  const { lacking, cutOff } = deliveryOf(evidence, use);
  return use.state.state === 'pair' && (lacking.length > 0 || cutOff);
};

/** The right is there by now; istiod does not send again what it denied before [seen: 1.29.5]. */
function notResent(evidence: Evidence, reading: ReadingAccount, uses: readonly CredentialUse[]): Fault | undefined {
  const { account, denial, access } = reading;
  if (!denial || access.state !== 'allowed') return undefined;
  return {
    subject: { apiVersion: 'v1', kind: 'ServiceAccount', ...account },
    title: `ServiceAccount ${account.namespace}/${account.name} was not allowed to list Secrets, and what it asked for then has not come since`,
    message: `The right is there now (${access.by}), but istiod does not send again by itself what it once denied: Envoy still waits, and handshakes of these hosts are reset.`,
    evidence: [
      observed(denial),
      {
        source: 'resource',
        ref: `ServiceAccount ${account.namespace}/${account.name}`,
        detail: `allowed by ${access.by}`,
      },
    ],
    affects: affectedBy(evidence, uses),
    confidence: 0.65,
    ...reachOf(evidence, uses),
    fix: resendFix(evidence, uses),
    confirm: confirmHost(uses[0]?.server.hosts[0]?.host),
  };
}

function* judge(evidence: Evidence, reading: ReadingAccount): Iterable<Judgement> {
  const { access, account, uses, denial, verb } = reading;
  const waiting = uses.filter((use) => !isDelivered(deliveryOf(evidence, use)));
  if (access.state === 'denied') {
    yield deniedFault(evidence, reading, seenOfAccess(reading, access));
  } else if (access.state === 'allowed') {
    const lacking = uses.filter((use) => lacks(evidence, use));
    const fault = lacking.length > 0 ? notResent(evidence, reading, lacking) : undefined;
    if (fault) yield fault;
  } else if (denial && waiting.length > 0) {
    yield deniedFault(evidence, { ...reading, uses: waiting }, []);
  } else if (waiting.length > 0) {
    const about = `whether ServiceAccount ${account.namespace}/${account.name} may ${verb} Secrets in its namespace`;
    yield { blind: access.gap, about, affects: waiting.map(({ server }) => ({ server })) };
  }
}

/** Where nothing but logs is at hand: istiod names the account, `NAME/NAMESPACE`. */
const toldByLogs: LooseMeaning = {
  kinds: ['secret-denied-rbac'],
  confidence: 0.85,
  title: (_, { event }) =>
    `ServiceAccount ${accountOf(event)?.namespace ?? ''}/${accountOf(event)?.name ?? ''} may not list Secrets in its namespace`,
  message:
    'A gateway is given only the Secrets that its ServiceAccount may list in its own namespace: handshakes of its hosts fail.',
  summary: 'let the ServiceAccount read the Secrets of its namespace; a minute later touch those that were denied',
  takes: (event) => accountOf(event) !== undefined,
  subject: (event) => {
    const account = accountOf(event);
    return account && { apiVersion: 'v1', kind: 'ServiceAccount', ...account };
  },
  command: (namespace) =>
    kubectl(namespace, 'get', 'roles.rbac.authorization.k8s.io,rolebindings.rbac.authorization.k8s.io', '-o', 'wide'),
};

function accountOf({ reason = '' }: LogEvent): { readonly namespace: string; readonly name: string } | undefined {
  const [, name, namespace] = /^([^\s/]+)\/(\S+) is not authorized/.exec(reason) ?? [];
  return name === undefined || namespace === undefined ? undefined : { namespace, name };
}

/** The gateway's service account may not read Secrets in its own namespace, so that it is given none. */
export const secretRbacDenied: Check = {
  name: 'secret-rbac-denied',
  title: 'The ServiceAccount of every gateway may read the Secrets of its namespace',
  group: 'credential',
  kind: 'cause',
  severity: 'error',
  step: 'credential',
  reads: ['resource', 'access-review', 'istiod-log', 'gateway-log'],
  explains: credentialNotGiven,
  *inspect(evidence): Iterable<Judgement> {
    yield* looseFaults(evidence, toldByLogs);
    for (const reading of readingAccounts(evidence)) yield* judge(evidence, reading);
  },
};
