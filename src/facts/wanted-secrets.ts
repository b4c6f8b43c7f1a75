import { attachmentOf } from './attachments.ts';
import { credentialUses, type CredentialUse } from './credentials.ts';
import { derive, type Evidence } from './evidence.ts';
import { secretVolumes } from './file-mounts.ts';
import { bindingsOf } from './routes.ts';
import { servers, type Server } from './servers.ts';
import { nearest } from '../text/nearest.ts';
import { gatewayWorkloads } from './workloads.ts';

export interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

/** Namespaces where somebody may have put a Secret that belongs beside the gateway: the Gateway's, routes', backends'. */
export function namespacesNear(evidence: Evidence, server: Server): readonly string[] {
  const routes = bindingsOf(evidence, server).map(({ virtualService }) => virtualService);
  const backends = routes.flatMap(({ destinations }) =>
    destinations.flatMap(({ fqdn }) => /^[^.]+\.([^.]+)\.svc\./.exec(fqdn)?.[1] ?? []),
  );
  return [server.owner.namespace, ...routes.map(({ resource }) => resource.namespace), ...backends];
}

function namesOf(evidence: Evidence, use: CredentialUse): readonly SecretName[] {
  const names = [use.name, ...(use.fallback === undefined ? [] : [use.fallback])];
  const beside = use.workload?.namespace ?? '';
  const namespaces = [use.namespace, beside, ...namespacesNear(evidence, use.server)].filter((one) => one !== '');
  return [...new Set(namespaces)].flatMap((namespace) => names.map((name) => ({ namespace, name })));
}

/** Secrets that pods of gateways mount, and those that Gateway API references of gateways without pods name. */
function mounted(evidence: Evidence): readonly SecretName[] {
  return gatewayWorkloads(evidence).flatMap((workload) =>
    secretVolumes(workload).map(({ secretName }) => ({ namespace: workload.namespace, name: secretName })),
  );
}

/** References of servers that no pod takes: they are judged where the reference itself says where to look. */
function unattached(evidence: Evidence): readonly SecretName[] {
  return servers(evidence)
    .filter((server) => attachmentOf(evidence, server).workloads.length === 0)
    .flatMap((server) =>
      (server.tls?.credentialNames ?? []).map(({ name, namespace }) => ({
        namespace: namespace ?? server.owner.namespace,
        name,
      })),
    );
}

/**
 * Secrets whose names are nearly those of ones that are not there: worth a look, so that a fix can say which was meant.
 * Names come from a list without contents, where that was permitted.
 */
export function nearMisses(evidence: Evidence): readonly SecretName[] {
  const names = Map.groupBy(evidence.snapshot.secretNames, ({ namespace }) => namespace);
  return credentialUses(evidence)
    .filter(({ state }) => state.state === 'absent')
    .flatMap(({ namespace, name }) =>
      nearest(
        name,
        (names.get(namespace) ?? []).map((known) => known.name),
      ).map((near) => ({ namespace, name: near })),
    );
}

/**
 * Every Secret that a diagnosis may need, by name: what gateways ask for, and where else each may lie by mistake.
 * This list is all that a live run ever reads of Secrets.
 */
export const wantedSecrets = derive((evidence): readonly SecretName[] => {
  const all = [
    ...credentialUses(evidence).flatMap((use) => namesOf(evidence, use)),
    ...mounted(evidence),
    ...unattached(evidence),
  ];
  const valid = all.filter(({ namespace, name }) => namespace !== '' && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name));
  return [...new Map(valid.map((secret) => [`${secret.namespace}/${secret.name}`, secret])).values()];
});
