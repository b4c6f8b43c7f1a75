import { sinceText } from '../../facts/certificate-dates.ts';
import { clientRefusals, type ClientRefusal } from '../../facts/client-refusals.ts';
import type { Evidence } from '../../facts/evidence.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { clientRefused } from '../symptoms.ts';
import { atTheClient, byClient, clientFault } from './client-fault.ts';
import { toldBySigns } from './sign-fault.ts';

function faultOf(evidence: Evidence, refusals: readonly [ClientRefusal, ...ClientRefusal[]]): Fault {
  const [{ attempt, verdict }] = refusals;
  const { client, chain } = attempt;
  const certificate = verdict && 'certificate' in verdict ? verdict.certificate : undefined;
  const future = verdict?.why === 'not-yet-valid';
  const date = certificate && (future ? certificate.notBefore : certificate.notAfter);
  const when = date === undefined ? '' : ` ${date} (${sinceText(date, evidence.now)})`;
  const isLeaf = certificate === undefined || certificate.sha256 === chain[0]?.sha256;
  const which = isLeaf ? `the certificate of client ${client}` : `the intermediate that client ${client} sends`;
  const verb = future ? 'is valid only from' : 'has expired';
  return clientFault(evidence, refusals, {
    title: `${which.charAt(0).toUpperCase()}${which.slice(1)} ${verb}${when}`,
    what: `${which.charAt(0).toUpperCase()}${which.slice(1)} ${verb}${when}.`,
    fix: atTheClient(
      future
        ? 'the client waits until its certificate is valid, uses the one before it, or sets its clock right'
        : isLeaf
          ? 'the client uses a renewed certificate, and reads it anew where it keeps the old one in memory'
          : 'the client sends the current intermediate behind its certificate',
      ['add the client’s certificate to the CA bundle: its dates are looked at there too'],
    ),
    misleading: ['curl says (60) SSL certificate verification failed, as if the gateway’s certificate had expired.'],
    ...(certificate === undefined && {
      decidedBy: 'the dates of the client’s certificate; the same alert comes for an expired CA or revocation list',
    }),
  });
}

/** What the client presents is out of its dates. */
export const mtlsClientExpired: Check = {
  name: 'mtls-client-expired',
  title: 'Clients present certificates that are in their dates',
  group: 'mutual-tls',
  kind: 'cause',
  severity: 'warning',
  step: 'client-certificate',
  reads: ['probe', 'secret', 'config-dump', 'resource', 'gateway-log', 'envoy-stats'],
  explains: clientRefused,
  *inspect(evidence): Iterable<Judgement> {
    const own = clientRefusals(evidence).filter(({ why }) => why === 'expired' || why === 'not-yet-valid');
    for (const refusals of byClient(own)) yield faultOf(evidence, refusals);
    yield* toldBySigns(evidence, ['expired', 'not-yet-valid'], {
      says: 'a client’s certificate is out of its dates',
      summary: 'the client in question renews its certificate',
    });
  },
};
