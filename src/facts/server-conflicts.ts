import { labelText } from '../kubernetes/selector.ts';
import type { Release } from '../istio/release.ts';
import { attachmentOf } from './attachments.ts';
import { derive, type Evidence } from './evidence.ts';
import { layout, type Drop } from './listeners.ts';
import { release } from './mesh.ts';
import { mergeServers, type Clash } from './server-merge.ts';
import { servers, type Server } from './servers.ts';
import type { Workload } from './workloads.ts';

/** A server that istiod leaves out for another's sake. */
export interface LeftOut {
  readonly server: Server;
  readonly drop: Drop;
  readonly port: number;
  /** Absent where no pod was seen: Gateways of one selector are then taken to meet. */
  readonly workload?: Workload;
  readonly rules?: Release;
}

/** Two servers whose chains Envoy refuses together, and all servers of the listener that fails with them. */
export interface RefusedListener {
  readonly clash: Clash;
  readonly servers: readonly Server[];
  readonly port: number;
  readonly workload?: Workload;
}

interface Conflicts {
  readonly leftOut: readonly LeftOut[];
  readonly refused: readonly RefusedListener[];
}

/** Servers whose pods could not be looked at, by their selectors and by the port that the Gateway names. */
function assumed(evidence: Evidence): Conflicts {
  const unseen = servers(evidence).filter((server) => {
    const { workloads, gap } = attachmentOf(evidence, server);
    return server.selector !== undefined && workloads.length === 0 && gap !== undefined;
  });
  const rules = release(evidence);
  const groups = [...Map.groupBy(unseen, ({ selector }) => labelText(selector ?? {})).values()].map((own) =>
    mergeServers(
      own.map((server) => ({ server, port: server.port })),
      rules,
    ),
  );
  return {
    leftOut: groups.flatMap(({ drops }) =>
      [...drops].map(([server, drop]) => ({ server, drop, port: server.port, ...(rules && { rules }) })),
    ),
    refused: groups.flatMap(({ ports }) =>
      ports.flatMap(({ clash, accepted, port }) => (clash ? [{ clash, servers: accepted, port }] : [])),
    ),
  };
}

function conflicts(evidence: Evidence): Conflicts {
  const { placements, listeners } = layout(evidence);
  const guess = assumed(evidence);
  const leftOut = placements.flatMap(({ server, drop, listenerPort, workload }): readonly LeftOut[] => {
    const rules = workload.release ?? release(evidence);
    return drop ? [{ server, drop, port: listenerPort, workload, ...(rules && { rules }) }] : [];
  });
  const refused = listeners.flatMap(({ clash, accepted, port, workload }) =>
    clash ? [{ clash, servers: accepted, port, workload }] : [],
  );
  return { leftOut: [...leftOut, ...guess.leftOut], refused: [...refused, ...guess.refused] };
}

/** Where servers of one workload and port are in each other's way. */
export const serverConflicts = derive(conflicts);
