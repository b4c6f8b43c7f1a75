import { clientRefusals, type ClientRefusal } from '../../facts/client-refusals.ts';
import type { Evidence } from '../../facts/evidence.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { clientRefused } from '../symptoms.ts';
import { atTheClient, byClient, clientFault } from './client-fault.ts';
import { toldBySigns } from './sign-fault.ts';

function faultOf(evidence: Evidence, refusals: readonly [ClientRefusal, ...ClientRefusal[]]): Fault {
  const [{ attempt, verdict, trust }] = refusals;
  const { client } = attempt;
  const certificate = verdict && 'certificate' in verdict ? verdict.certificate : attempt.chain[0];
  const serial = certificate ? ` (serial number ${certificate.serialNumber})` : '';
  const list = trust.lists.find(
    ({ revoked }) => certificate !== undefined && revoked.includes(certificate.serialNumber),
  );
  const place = trust.list ? `${trust.list.secret.namespace}/${trust.list.secret.name} ${trust.list.key}` : undefined;
  const fault = clientFault(evidence, refusals, {
    title: `The certificate of client ${client} is revoked${serial}`,
    what: `The certificate of client ${client}${serial} stands on the revocation list${place === undefined ? '' : ` in ${place}`}.`,
    fix: atTheClient('the client has a new certificate issued, for a new key, and presents that one', [
      'take the list out of the Secret: then every revoked client gets in again',
    ]),
  });
  if (!list || place === undefined) return fault;
  const detail = `list of ${list.issuer}, ${list.thisUpdate}: ${list.revoked.length} revoked, ${certificate?.serialNumber ?? ''} among them`;
  return { ...fault, evidence: [{ source: 'secret', ref: place, detail }, ...fault.evidence] };
}

/** What the client presents is on the revocation list that the gateway was given. */
export const mtlsClientRevoked: Check = {
  name: 'mtls-client-revoked',
  title: 'No client presents a revoked certificate',
  group: 'mutual-tls',
  kind: 'cause',
  severity: 'warning',
  step: 'client-certificate',
  reads: ['probe', 'secret', 'config-dump', 'resource', 'gateway-log', 'envoy-stats'],
  explains: clientRefused,
  *inspect(evidence): Iterable<Judgement> {
    const own = clientRefusals(evidence).filter(({ why }) => why === 'revoked');
    for (const refusals of byClient(own)) yield faultOf(evidence, refusals);
    yield* toldBySigns(evidence, ['revoked'], {
      says: 'a client’s certificate is revoked',
      summary: 'the client in question has a new certificate issued',
    });
  },
};
