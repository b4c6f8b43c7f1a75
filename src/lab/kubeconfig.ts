/** Who may use the lab's API: the operator, who may do everything, and the viewer, who has no rights of his own. */
export interface LabTokens {
  readonly operator: string;
  readonly viewer: string;
}

/** A kubeconfig in JSON, which is YAML too: context `lab` for the operator, `lab-viewer` for the viewer. */
export function kubeconfigText(server: string, caPem: string, tokens: LabTokens): string {
  const context = (user: string): object => ({ cluster: 'lab', user });
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'lab', cluster: { server, 'certificate-authority-data': Buffer.from(caPem).toString('base64') } },
    ],
    users: [
      { name: 'operator', user: { token: tokens.operator } },
      { name: 'viewer', user: { token: tokens.viewer } },
    ],
    contexts: [
      { name: 'lab', context: context('operator') },
      { name: 'lab-viewer', context: context('viewer') },
    ],
    'current-context': 'lab',
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
