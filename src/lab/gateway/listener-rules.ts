import type { ListenerPlan } from './plan.ts';

/** Why Envoy refuses a listener as a whole, in its words, or `undefined` (seen on Istio 1.29.5, section 2.5). */
export function listenerRefusal({ port, chains }: ListenerPlan): string | undefined {
  const name = `0.0.0.0_${port}`;
  const withoutCa = chains.some(({ tls }) => tls && tls.subjectAltNames.length > 0 && tls.clientCa === undefined);
  if (withoutCa) {
    return (
      `Error adding/updating listener(s) ${name}: SAN-based verification of peer certificates without trusted CA ` +
      'is insecure and not allowed'
    );
  }
  const seen = new Set<string>();
  const seenNames = new Set<string>();
  for (const { serverNames } of chains) {
    const matcher = JSON.stringify(serverNames.toSorted((a, b) => (a < b ? -1 : 1)));
    if (seen.has(matcher))
      return `${adding(port)} filter chain '' has the same matching rules defined as ''${duplicate(serverNames)}`;
    seen.add(matcher);
    for (const serverName of serverNames.map((text) => text.toLowerCase())) {
      if (seenNames.has(serverName))
        return `${adding(port)} multiple filter chains with overlapping matching rules are defined`;
      seenNames.add(serverName);
    }
  }
  return undefined;
}

function adding(port: number): string {
  return `Error adding/updating listener(s) 0.0.0.0_${port}: error adding listener '0.0.0.0:${port}':`;
}

function duplicate(serverNames: readonly string[]): string {
  return serverNames.length === 0 ? '' : `. duplicate matcher is: ${JSON.stringify({ server_names: serverNames })}`;
}
