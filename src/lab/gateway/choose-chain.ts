import type { ChainPlan } from './plan.ts';

/**
 * The filter chain for a name: the exact name, then the longest wildcard that covers it at any depth, then the chain
 * without names. `undefined` where Envoy would find none and close the connection.
 */
export function chooseChain<Chain extends Pick<ChainPlan, 'serverNames'>>(
  chains: readonly Chain[],
  serverName: string | undefined,
): Chain | undefined {
  const withName = (name: string): Chain | undefined =>
    chains.find(({ serverNames }) => serverNames.some((candidate) => candidate.toLowerCase() === name));
  const named = serverName === undefined ? [] : [serverName, ...wildcardsOver(serverName)];
  for (const name of named) {
    const chain = withName(name);
    if (chain) return chain;
  }
  return chains.find(({ serverNames }) => serverNames.length === 0);
}

/** `a.b.c` → `*.b.c`, `*.c`. */
function wildcardsOver(name: string): readonly string[] {
  const labels = name.split('.');
  return labels.slice(1).map((_label, index) => `*.${labels.slice(index + 1).join('.')}`);
}
