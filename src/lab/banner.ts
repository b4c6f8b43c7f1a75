import { labLimits } from './limits.ts';
import type { Lab } from './lab.ts';

/** What a person needs to work with a running lab from a second shell. */
export function labBanner(lab: Pick<Lab, 'scenario' | 'env' | 'hosts' | 'clientFiles'>): string {
  const { scenario, env, hosts, clientFiles } = lab;
  const files = Object.values(clientFiles).toSorted((a, b) => (a < b ? -1 : 1));
  return [
    `${scenario.name}: ${scenario.title}`,
    scenario.story,
    '',
    'In a second shell:',
    ...Object.entries(env).map(([name, value]) => `  export ${name}=${value}`),
    '  kubectl get gateways.networking.istio.io,virtualservices -A',
    ...hosts.map((host) => `  ${curlLine(host, 'ca.crt' in clientFiles)}`),
    ...(files.length > 0 ? ['', `Files for clients: ${files.join(' ')}`] : []),
    '',
    ...labLimits,
    '',
  ].join('\n');
}

function curlLine({ scheme, host, port, address }: Lab['hosts'][number], hasCa: boolean): string {
  const trust = scheme === 'https' && hasCa ? ' --cacert $LAB_DIR/ca.crt' : '';
  const at = address.includes(':') ? `[${address}]` : address;
  return `curl -v --resolve ${host}:${port}:${at}${trust} ${scheme}://${host}:${port}/`;
}
