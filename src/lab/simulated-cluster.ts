import { randomBytes } from 'node:crypto';
import type { Server } from 'node:net';
import { mintCertificate } from '../pki/mint-certificate.ts';
import type { User } from './api-server/access-rules.ts';
import { startApiServer } from './api-server/api-server.ts';
import type { AuditRecord } from './api-server/audit.ts';
import type { Kind } from './api-server/kinds.ts';
import { PodLogs } from './api-server/pod-logs.ts';
import type { ObjectStore } from './api-server/store.ts';
import type { DialPod } from './api-server/port-forward.ts';
import { istioAdmission } from './control-plane/admission.ts';
import { ControlPlane } from './control-plane/control-plane.ts';
import type { LabTokens } from './kubeconfig.ts';
import { meshAuthority } from './mesh-identity.ts';
import { connectToPod } from './pod-connection.ts';
import { ServiceSockets } from './service-sockets.ts';

/** A cluster that runs: its API, its control plane, and the sockets of its gateways. */
export interface SimulatedCluster {
  readonly apiAddress: string;
  readonly apiCaPem: string;
  readonly tokens: LabTokens;
  audit(): readonly AuditRecord[];
  close(): Promise<void>;
}

/** Brings the stored objects to life. `reserved` are servers that hold the ports of the gateways, by `address:port`. */
export async function startCluster(
  store: ObjectStore,
  kinds: readonly Kind[],
  reserved: ReadonlyMap<string, Server>,
): Promise<SimulatedCluster> {
  const now = (): Date => new Date();
  const logs = new PodLogs();
  const changed = { update: (): void => undefined };
  const controlPlane = new ControlPlane({
    store,
    kinds,
    logs,
    now,
    identityOf: meshAuthority(now()),
    listenersChanged: () => changed.update(),
  });
  const sockets = new ServiceSockets(controlPlane, reserved);
  changed.update = () => sockets.update();
  changed.update();

  const ca = mintCertificate({ subject: 'CN=lab API', ca: true });
  const certificate = mintCertificate({ subject: 'CN=127.0.0.1', ipAddresses: ['127.0.0.1'] }, ca);
  const tokens = { operator: randomBytes(24).toString('base64url'), viewer: randomBytes(24).toString('base64url') };
  const dialPod: DialPod = (namespace, pod, port) => connectToPod(controlPlane, namespace, pod, port);
  const api = await startApiServer({
    store,
    kinds,
    logs,
    now,
    dialPod,
    admission: istioAdmission,
    users: usersOf(tokens),
    certificatePem: certificate.certificatePem,
    privateKeyPem: certificate.privateKeyPem,
  });
  return {
    apiAddress: `https://127.0.0.1:${api.port}`,
    apiCaPem: ca.certificatePem,
    tokens,
    audit: () => api.audit(),
    close: async () => {
      controlPlane.close();
      await Promise.all([sockets.close(), api.close()]);
    },
  };
}

function usersOf(tokens: LabTokens): ReadonlyMap<string, User> {
  return new Map([
    [tokens.operator, { name: 'operator', groups: ['system:masters', 'system:authenticated'] }],
    [tokens.viewer, { name: 'viewer', groups: ['system:authenticated'] }],
  ]);
}
