import { bindingsOf, type VirtualService } from './routes.ts';
import type { Evidence } from './evidence.ts';
import type { LeftOut } from './server-conflicts.ts';
import { listedHosts, type Server } from './servers.ts';

type HostDrop = Extract<LeftOut['drop'], { reason: 'host' }>;

/** A server that loses a host to an older one, and what that does. */
export interface HostLoss {
  readonly loser: Server;
  readonly winner: Server;
  readonly hosts: readonly string[];
  readonly leftOut: LeftOut;
  /** VirtualServices that are bound to the loser and not to the winner: their routes are in force nowhere. */
  readonly strandedRoutes: readonly VirtualService[];
  /** The winner has no route at all, so that it only stands in the way. */
  readonly winnerIsEmpty: boolean;
  /** Hosts of the loser that the winner does not have: nobody serves them. */
  readonly lostAlone: readonly string[];
  readonly sameCredential: boolean;
}

const credentialText = ({ tls }: Server): string =>
  [tls?.mode, ...(tls?.credentialNames.map(({ name }) => name) ?? []), tls?.serverCertificate].join(' ');

/** What a server loses that istiod leaves out because an older one has one of its hosts. */
export function hostLossOf(evidence: Evidence, leftOut: LeftOut, drop: HostDrop): HostLoss {
  const { server: loser } = leftOut;
  const { winner } = drop;
  const ofWinner = bindingsOf(evidence, winner).map(({ virtualService }) => virtualService);
  const ofLoser = bindingsOf(evidence, loser).map(({ virtualService }) => virtualService);
  const taken = new Set(listedHosts(winner));
  return {
    loser,
    winner,
    hosts: listedHosts(loser).filter((host) => taken.has(host)),
    leftOut,
    strandedRoutes: [...new Set(ofLoser)].filter((one) => !ofWinner.includes(one)),
    winnerIsEmpty: winner.from === 'Gateway' && ofWinner.length === 0 && ofLoser.length > 0,
    sameCredential: credentialText(loser) === credentialText(winner),
    lostAlone: listedHosts(loser).filter((host) => !taken.has(host)),
  };
}
