import type { AccessLogEntry } from '../model/log-event.ts';
import type { Probe } from '../model/probe.ts';
import { answerOf, ownAnswers } from './answers.ts';
import { foreseenRequest, judgeRequest, type AppliedPolicy } from './authorization.ts';
import type { Evidence } from './evidence.ts';
import { hasDetail, requestsFor } from './requests.ts';
import type { Server } from './servers.ts';
import { destinations } from './targets.ts';

/** Hosts of one server that policies keep clients from. */
export interface Denial {
  readonly server: Server;
  readonly host: string;
  readonly by: readonly AppliedPolicy[];
  readonly rule?: number;
  readonly lines: readonly AccessLogEntry[];
  readonly probes: readonly Probe[];
  /** Whether the objects alone say it, of every client. */
  readonly certain: boolean;
}

const isDenied = (entry: AccessLogEntry): boolean => entry.status === 403 && hasDetail(entry, 'rbac_access_denied');
const isServed = ({ status, flags }: AccessLogEntry): boolean =>
  status !== undefined && status > 0 && status < 400 && flags.length === 0;

const policyInLog = /matched_policy\[ns\[([^\]]{1,63})\]-policy\[([^\]]{1,253})\]-rule\[(\d{1,4})\]\]/;

/** The policy that a line names, where it is one that denies. */
function namedInLog(lines: readonly AccessLogEntry[], policies: readonly AppliedPolicy[]): AppliedPolicy | undefined {
  for (const line of lines) {
    const [, namespace, name] = policyInLog.exec(line.details ?? '') ?? [];
    const found = policies.find(({ policy }) => policy.namespace === namespace && policy.name === name);
    if (found) return found;
  }
  return undefined;
}

/** Whether policies refuse a host: by the objects for every client, or for those that were seen. */
export function denialOf(
  evidence: Evidence,
  server: Server,
  host: string,
  policies: readonly AppliedPolicy[],
): Denial | undefined {
  const asked = evidence.snapshot.question.targets.length > 0 ? destinations(evidence) : [];
  const path = asked.find((one) => one.server === server && one.host === host)?.path;
  const judged = judgeRequest(policies, foreseenRequest(evidence, server, host, path));
  const requests = requestsFor(evidence, host);
  const lines = requests.filter(isDenied);
  const probes = ownAnswers(evidence, server, host, 403);
  const served = answerOf(evidence, server, host) !== undefined || requests.some(isServed);
  if (judged.verdict === 'denied') {
    const { by, rule } = judged;
    return served ? undefined : { server, host, by, lines, probes, certain: true, ...(rule !== undefined && { rule }) };
  }
  // who else gets in, and from where, is the policy's own business
  if (judged.verdict !== 'depends' || served || lines.length + probes.length === 0) return undefined;
  const logged = namedInLog(lines, policies);
  return { server, host, by: logged ? [logged] : judged.by, lines, probes, certain: false };
}
