import { before } from '../istio/release.ts';
import type { LogEvent } from '../model/log-event.ts';
import { credentialUses, type CredentialUse } from './credentials.ts';
import { derive, type Evidence } from './evidence.ts';
import { eventsOf, isOfWorkload } from './log-events.ts';
import { release } from './mesh.ts';
import { secretAccess, type Account, type SecretAccess } from './secret-access.ts';
import type { Workload } from './workloads.ts';

/** A service account on whose rights credentials depend, with all that is known of them. */
export interface ReadingAccount {
  readonly account: Account;
  readonly workloads: readonly Workload[];
  /** The credentials that it must be allowed to read: those of the Gateway API need no such right. */
  readonly uses: readonly CredentialUse[];
  readonly access: SecretAccess;
  /** What it was not allowed, and is asked for: `list`, and up to 1.7 `watch`. */
  readonly verb: 'list' | 'watch';
  /** The newest line in which somebody was refused for it. */
  readonly denial?: LogEvent;
}

/** istiod asks for `list` in the name of the gateway; the agents before 1.8 list and watch Secrets themselves. */
function accessOf(evidence: Evidence, account: Account, isAgent: boolean): Pick<ReadingAccount, 'access' | 'verb'> {
  const list = secretAccess(evidence, account);
  if (!isAgent || list.state !== 'allowed') return { access: list, verb: 'list' };
  const watch = secretAccess(evidence, account, 'watch');
  return watch.state === 'denied' ? { access: watch, verb: 'watch' } : { access: list, verb: 'list' };
}

const isOf = ({ namespace, name }: Account, { reason }: LogEvent): boolean =>
  reason?.startsWith(`system:serviceaccount:${namespace}:${name} cannot `) === true;

function denialOf(evidence: Evidence, account: Account, workloads: readonly Workload[]): LogEvent | undefined {
  const byIstiod = eventsOf(evidence, 'secret-denied-rbac').filter((event) =>
    workloads.some((workload) => isOfWorkload(event, workload)),
  );
  const byServer = eventsOf(evidence, 'secret-api-forbidden').filter((event) => isOf(account, event));
  return [...byIstiod, ...byServer].at(-1);
}

const needsRight = ({ reference, role, denied, workload, server }: CredentialUse): boolean =>
  role === 'pair' &&
  workload !== undefined &&
  denied === undefined &&
  reference.scheme === 'kubernetes' &&
  server.from !== 'GatewayAPI';

/** Every service account that gateways with credentials run under. */
export const readingAccounts = derive((evidence): readonly ReadingAccount[] => {
  const needing = credentialUses(evidence).filter(needsRight);
  const byAccount = Map.groupBy(
    needing,
    ({ workload }) => `${workload?.namespace ?? ''}/${workload?.serviceAccount ?? ''}`,
  );
  return [...byAccount.values()].flatMap((uses) => {
    const workloads = [...new Set(uses.flatMap(({ workload }) => workload ?? []))];
    const [first] = workloads;
    if (!first) return [];
    const account = { namespace: first.namespace, name: first.serviceAccount };
    const isAgent = before(first.release ?? release(evidence), 1, 8);
    const denial = denialOf(evidence, account, workloads);
    return [{ account, workloads, uses, ...accessOf(evidence, account, isAgent), ...(denial && { denial }) }];
  });
});
