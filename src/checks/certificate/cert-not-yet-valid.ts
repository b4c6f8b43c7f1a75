import { sinceText } from '../../facts/certificate-dates.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { serversUsing } from '../../facts/key-pairs.ts';
import { probesWith } from '../../facts/served-chains.ts';
import { named } from '../../kubernetes/names.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { certificateNotAccepted } from '../symptoms.ts';
import { backendFaults } from './backend-chain.ts';
import { confidenceBySource, confirmServers, linesAbout, probeObservations, unseen } from './chain-fault.ts';
import { datedCertificates, isHarmlessNow, type DatedCertificate } from './date-fault.ts';
import { loadedObservations } from './loaded-dates.ts';
import { newPair, replaceValues } from './pair-remedies.ts';

/** Issuers date a certificate back so that clocks may differ: a start a little ahead is a clock, not a plan. */
const clockError = 600_000;

function faultOf(evidence: Evidence, dated: DatedCertificate): Fault {
  const { certificate, role, chains } = dated;
  const [top, ...others] = chains;
  const servers = serversUsing(chains.flatMap(({ uses }) => uses));
  const { certKey, keyKey } = top.pair ?? { certKey: 'tls.crt', keyKey: 'tls.key' };
  const ahead = +new Date(certificate.notBefore) - +evidence.now;
  const start = `${certificate.notBefore} (${sinceText(certificate.notBefore, evidence.now)})`;
  const probes = chains
    .flatMap((chain) => probesWith(evidence, chain))
    .filter(({ probe }) => probe.verify?.ok === false);
  const isClock = ahead <= clockError;
  return {
    subject: top.subject,
    title: `${role === 'leaf' ? 'The certificate' : certificate.subject} in ${named(top.subject)} is valid only from ${start}`,
    message: `${certificate.subject} is not valid before ${start}. The gateway serves it already, and clients refuse it until then.`,
    evidence: [
      ...chains.flatMap(({ seen }) => seen).slice(0, 3),
      ...linesAbout(evidence, top.uses, top.subject, 'secret-expired'),
      ...loadedObservations(evidence, top),
      ...probeObservations(probes),
    ],
    affects: servers.map((server) => ({ server })),
    confidence: isClock ? 0.55 : confidenceBySource[top.from],
    severity: isHarmlessNow(evidence, dated) ? 'warning' : 'error',
    related: others.map(({ subject }) => subject),
    touches: others.map(({ subject }) => subject),
    fix: replaceValues(evidence, top.subject, {
      summary: 'put the certificate that is valid now back into the Secret, or have one issued that is valid at once',
      values: newPair(certKey, keyKey),
      doNot: ['set clocks back to make it valid'],
    }),
    confirm: confirmServers(servers),
    misleading: ['istiod’s warning says “expired or not yet valid”: here it is the latter.'],
    ...(isClock && { decidedBy: 'the clocks: date -u where the certificate was issued and where it is checked' }),
  };
}

/** A certificate of a served chain begins in the future. */
export const certNotYetValid: Check = {
  name: 'cert-not-yet-valid',
  title: 'Every certificate that is served is valid already',
  group: 'certificate',
  kind: 'cause',
  severity: 'error',
  step: 'server-certificate',
  reads: ['secret', 'probe', 'config-dump', 'istiod-log'],
  explains: certificateNotAccepted,
  *inspect(evidence): Iterable<Judgement> {
    for (const dated of datedCertificates(evidence)) {
      if (dated.problem === 'not-yet-valid') yield faultOf(evidence, dated);
    }
    yield* backendFaults(evidence, 'not-yet-valid');
    yield* unseen(evidence, 'whether the certificate is valid already');
  },
};
