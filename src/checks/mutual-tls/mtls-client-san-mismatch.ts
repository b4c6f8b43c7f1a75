import { namesOf, pinsOf } from '../../facts/client-verdict.ts';
import { clientRefusals, type ClientRefusal } from '../../facts/client-refusals.ts';
import type { Evidence } from '../../facts/evidence.ts';
import type { Server } from '../../facts/servers.ts';
import { named } from '../../kubernetes/names.ts';
import type { Certificate } from '../../model/certificate.ts';
import type { Fix } from '../../model/finding.ts';
import type { Json } from '../../model/json.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { managerOf, ownerOfNamespace, replaceField, restoreField } from '../remedies.ts';
import { clientRefused } from '../symptoms.ts';
import { atTheClient, byClient, clientFault } from './client-fault.ts';
import { toldBySigns } from './sign-fault.ts';

const listText = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.slice(0, 6).join(', '));

/** First the client's choice, which changes nothing; then the wider door, which is the owner's to open. */
function fixOf(server: Server, leaf: Certificate | undefined, byPin: boolean): Fix {
  const own = atTheClient(
    byPin
      ? 'the client presents the certificate that is pinned'
      : 'the client presents a certificate that carries one of the names that are admitted',
  );
  const name = leaf && namesOf(leaf)[0];
  if (server.from !== 'Gateway' || !leaf || (!byPin && name === undefined)) return own;
  const field =
    byPin && server.tls?.verifyCertificateHash.length === 0 ? 'verifyCertificateSpki' : 'verifyCertificateHash';
  const path = `${server.path}.tls.${byPin ? field : 'subjectAltNames'}`;
  const added = byPin ? (field === 'verifyCertificateSpki' ? pinsOf(leaf).spki : leaf.sha256) : (name ?? '');
  const present = server.tls?.[byPin ? field : 'subjectAltNames'] ?? [];
  const wider: Json = [...present, added];
  const manager = managerOf(server.owner);
  return {
    ...own,
    summary: `${own.summary}; or, if this client is to be let in as well, add ${byPin ? 'its pin' : `the name ${added}`} to ${path} of ${named(server.owner)}`,
    owner: `the client, or ${ownerOfNamespace(server.owner.namespace)}`,
    commands: [replaceField(server.owner, path, wider)],
    undo: [restoreField(server.owner, path, wider)],
    widensAccess: byPin ? 'the certificate of this client' : `every client with a certificate for ${added} of that CA`,
    doNot: [...own.doNot, `take ${byPin ? 'the pins' : 'subjectAltNames'} away: then every client of the CA is let in`],
    ...(manager !== undefined && { managedBy: manager }),
  };
}

function faultOf(evidence: Evidence, refusals: readonly [ClientRefusal, ...ClientRefusal[]]): Fault {
  const [{ attempt, why }] = refusals;
  const { client, chain, server } = attempt;
  const [leaf] = chain;
  const byPin = why === 'pins';
  const admitted = server.tls?.subjectAltNames ?? [];
  const presented = leaf ? namesOf(leaf) : [];
  const bare = leaf !== undefined && presented.length === 0;
  const fault = clientFault(evidence, refusals, {
    title: byPin
      ? `The certificate of client ${client} is none of those pinned at ${named(server.owner)} ${server.path}`
      : `The certificate of client ${client} carries none of the names that ${named(server.owner)} ${server.path} admits`,
    what: byPin
      ? `The server pins client certificates (verifyCertificateHash, verifyCertificateSpki), and that of ${client} is none of them.`
      : `subjectAltNames admits ${listText(admitted)}; the certificate of ${client} carries ${listText(presented)}${bare ? ' (its common name does not count)' : ''}.`,
    fix: fixOf(server, leaf, byPin),
    misleading: [
      byPin
        ? 'CA, dates and usage of the certificate are good: a renewal alone makes a pin fit no more.'
        : 'CA, dates and usage of the certificate are good; TLS 1.3 clients often see a broken pipe only.',
    ],
  });
  const detail = byPin
    ? `pins: ${listText([...(server.tls?.verifyCertificateHash ?? []), ...(server.tls?.verifyCertificateSpki ?? [])])}`
    : `subjectAltNames: ${listText(admitted)}; presented: ${listText(presented)}`;
  return {
    ...fault,
    evidence: [{ source: 'resource', ref: `${named(server.owner)} ${server.path}.tls`, detail }, ...fault.evidence],
  };
}

/** The client's certificate is of the right CA, and not one of those that the server's lists admit. */
export const mtlsClientSanMismatch: Check = {
  name: 'mtls-client-san-mismatch',
  title: 'Clients present the names that a server admits',
  group: 'mutual-tls',
  kind: 'cause',
  severity: 'warning',
  step: 'client-certificate',
  reads: ['probe', 'secret', 'config-dump', 'resource', 'gateway-log', 'envoy-stats'],
  explains: clientRefused,
  *inspect(evidence): Iterable<Judgement> {
    const own = clientRefusals(evidence).filter(({ why }) => why === 'names' || why === 'pins');
    for (const refusals of byClient(own)) yield faultOf(evidence, refusals);
    yield* toldBySigns(evidence, ['names', 'pins'], {
      says: 'a client’s certificate is none of those that the server’s lists admit',
      summary: 'the client in question presents a certificate that is admitted',
    });
  },
};
