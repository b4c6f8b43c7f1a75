import type { Probe } from '../../model/probe.ts';
import { canSign } from '../../tls/signature-schemes.ts';
import { parseDer } from '../../x509/der.ts';
import { nameText } from '../../x509/distinguished-name.ts';
import type { Attempt } from './attempt.ts';
import type { ClientCertificate, ProbePlan } from './plan.ts';
import { unreadableAnswer } from './request.ts';

type RequestFacts = Pick<Probe, 'clientCertificateRequested' | 'acceptableCas' | 'clientCertificateWithheld'>;

/**
 * What the server asked of the client's certificate. Whether it insists shows only in a connection without one: for a
 * plan with a client certificate that is left open here.
 */
export function certificateRequestOf(plan: ProbePlan, made: Attempt): RequestFacts {
  const { flight } = made;
  const request = flight?.certificateRequest;
  if (!request) return flight?.complete ? { clientCertificateRequested: 'no' } : {};
  const insists = plan.client ? undefined : insistence(made);
  const withheld = plan.client && !canSign(signingKey(plan.client), request.signatureSchemes, flight?.version);
  return {
    ...(insists !== undefined && { clientCertificateRequested: insists }),
    acceptableCas: request.authorities.map((name) => nameText(parseDer(name))),
    ...(withheld && { clientCertificateWithheld: true }),
  };
}

/** How a server that asked took it that there was no certificate; undefined where it did not come to that. */
function insistence({ phase, timedOut, negotiated, failure }: Attempt): 'optional' | 'required' | undefined {
  if (phase === 'done' || failure?.code === unreadableAnswer) return 'optional';
  if (timedOut) return undefined;
  // TLS 1.2 judges within the handshake: one that is finished was accepted.
  return negotiated && negotiated.protocol !== 'TLSv1.3' ? 'optional' : 'required';
}

function signingKey({ key }: ClientCertificate): { algorithm: string; curve?: string } {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  return { algorithm: key.asymmetricKeyType ?? 'unknown', ...(curve !== undefined && { curve }) };
}
