import type { Certificate } from '../model/certificate.ts';
import { issued } from '../x509/chain.ts';
import { admitsSomebody, clientRefusals, type ClientRefusal } from './client-refusals.ts';
import type { ClientTrust } from './client-trust.ts';
import { derive, type Evidence } from './evidence.ts';
import { serversUsing } from './key-pairs.ts';
import { servedChains } from './served-chains.ts';
import type { Server } from './servers.ts';

/**
 * Clients whose certificates lead to no CA of the gateway, by whose mistake that is:
 * - `client`: the CA is right for others, or nothing says that it is wrong;
 * - `bundle`: the CA is right, and an intermediate between it and the client is neither in it nor sent;
 * - `ca`: the CA is not the one that signs the clients.
 */
export interface Untrusted {
  readonly refusal: ClientRefusal;
  readonly fault: 'client' | 'bundle' | 'ca';
  /** Set for `bundle` and `ca`: how sure that is. */
  readonly confidence: number;
  readonly isServersIssuer: boolean;
}

const chainsByServer = derive((evidence) => {
  const found = new Map<string, Certificate[]>();
  for (const { uses, certificates } of servedChains(evidence)) {
    for (const { key } of serversUsing(uses)) found.set(key, [...(found.get(key) ?? []), ...certificates]);
  }
  return found;
});

/** Whether the CA for clients is nothing but the CA that issued the server's own certificate, as cert-manager writes it. */
export function isServersIssuer(evidence: Evidence, server: Server, anchors: readonly Certificate[]): boolean {
  const own = chainsByServer(evidence).get(server.key) ?? [];
  const issues = (anchor: Certificate): boolean =>
    own.some((certificate) => certificate.sha256 === anchor.sha256 || issued(anchor, certificate));
  return anchors.length > 0 && anchors.every(issues);
}

const attributesBesideName = (name: string): string => name.replace(/^CN=(?:\\.|[^,])*,?/, '');

/** Whether the issuer of a client has the organisation of a root of the gateway: then it may well be below it. */
function looksRelated(chain: readonly Certificate[], anchors: readonly Certificate[]): boolean {
  const issuer = attributesBesideName(chain.at(-1)?.issuer ?? '');
  return (
    issuer !== '' && anchors.some(({ subject, selfIssued }) => selfIssued && attributesBesideName(subject) === issuer)
  );
}

function judge(evidence: Evidence, refusal: ClientRefusal, together: number): Untrusted {
  const { attempt, trust, missing } = refusal;
  const anchors = trust.anchors ?? [];
  const ofServer = isServersIssuer(evidence, attempt.server, anchors);
  const told = (fault: Untrusted['fault'], confidence: number): Untrusted => ({
    refusal,
    fault,
    confidence,
    isServersIssuer: ofServer,
  });
  if (missing) return told('bundle', 0.92);
  if (admitsSomebody(evidence, attempt.server)) return told('client', 0.9);
  if (!ofServer && looksRelated(attempt.chain, anchors)) return told('bundle', 0.55);
  if (ofServer) return told('ca', together > 1 ? 0.88 : 0.7);
  return together > 1 ? told('ca', 0.78) : told('client', 0.6);
}

const keyOf = ({ subject }: ClientTrust): string => `${subject.kind}/${subject.namespace}/${subject.name}`;

/** Every client that no CA of the gateway vouches for, with whose mistake it is. */
export const untrustedClients = derive((evidence): readonly Untrusted[] => {
  const all = clientRefusals(evidence).filter(({ why }) => why === 'untrusted');
  const groups = Map.groupBy(all, ({ trust }) => keyOf(trust));
  return [...groups.values()].flatMap((group) => {
    const clients = new Set(group.map(({ attempt }) => attempt.chain[0]?.sha256 ?? attempt.client));
    return group.map((refusal) => judge(evidence, refusal, clients.size));
  });
});
