import { clientRefusals, type ClientRefusal } from '../../facts/client-refusals.ts';
import type { Evidence } from '../../facts/evidence.ts';
import type { Certificate } from '../../model/certificate.ts';
import { extendedKeyUsages } from '../../x509/oids.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { clientRefused } from '../symptoms.ts';
import { atTheClient, byClient, clientFault } from './client-fault.ts';
import { toldBySigns } from './sign-fault.ts';

const names: ReadonlyMap<string, string> = new Map(Object.entries(extendedKeyUsages).map(([name, oid]) => [oid, name]));

function usageOf({ extendedKeyUsage, keyUsage }: Certificate): string {
  if (extendedKeyUsage && !extendedKeyUsage.includes(extendedKeyUsages.clientAuth)) {
    return `extended key usage ${extendedKeyUsage.map((oid) => names.get(oid) ?? oid).join(', ') || 'nothing'}, without clientAuth`;
  }
  return `key usage ${keyUsage?.join(', ') ?? 'nothing'}, without digitalSignature`;
}

function faultOf(evidence: Evidence, refusals: readonly [ClientRefusal, ...ClientRefusal[]]): Fault {
  const [{ attempt, verdict }] = refusals;
  const { client, chain } = attempt;
  const certificate = verdict && 'certificate' in verdict ? verdict.certificate : chain[0];
  const usage = certificate && verdict ? usageOf(certificate) : 'a usage that is not for clients';
  const isLeaf = certificate?.sha256 === chain[0]?.sha256;
  const which = isLeaf ? `certificate of client ${client}` : `intermediate that client ${client} sends`;
  return clientFault(evidence, refusals, {
    title: `The ${which} may not be used by clients: ${usage}`,
    what: `The ${which} is in order but for its usage: ${usage}.`,
    fix: atTheClient('the client has a certificate issued with extended key usage clientAuth, and presents that one', [
      'issue it with anyExtendedKeyUsage: Envoy does not take that for clientAuth',
    ]),
    misleading: ['The certificate serves well where the same program is a server.'],
  });
}

/** What the client presents may not be used by clients: often the certificate of its own web server. */
export const mtlsClientEku: Check = {
  name: 'mtls-client-eku',
  title: 'Clients present certificates that are for clients',
  group: 'mutual-tls',
  kind: 'cause',
  severity: 'warning',
  step: 'client-certificate',
  reads: ['probe', 'secret', 'config-dump', 'resource', 'gateway-log', 'envoy-stats'],
  explains: clientRefused,
  *inspect(evidence): Iterable<Judgement> {
    const own = clientRefusals(evidence).filter(({ why }) => why === 'usage');
    for (const refusals of byClient(own)) yield faultOf(evidence, refusals);
    yield* toldBySigns(evidence, ['usage'], {
      says: 'a client’s certificate may not be used by clients',
      summary: 'the client in question has a certificate issued with extended key usage clientAuth',
    });
  },
};
