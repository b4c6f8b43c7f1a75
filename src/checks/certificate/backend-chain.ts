import { backendChains, type BackendChain } from '../../facts/backend-chains.ts';
import { outOfDate, sinceText } from '../../facts/certificate-dates.ts';
import { clientPath } from '../../facts/client-path.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import { coversHost } from '../../x509/covers-host.ts';
import type { Fault } from '../check.ts';
import { confirmHost, ownerOfNamespace } from '../remedies.ts';
import { probeObservations } from './chain-fault.ts';

type Problem = 'expired' | 'not-yet-valid' | 'names';

interface Told {
  readonly title: string;
  readonly what: string;
  readonly summary: string;
}

function judge(evidence: Evidence, { certificates, host }: BackendChain, problem: Problem): Told | undefined {
  const [leaf] = certificates;
  if (problem === 'names') {
    const named = leaf.dnsNames.length + leaf.ipAddresses.length > 0;
    if (!named || coversHost(leaf, host)) return undefined;
    return {
      title: `The backend of ${host} shows a certificate for ${leaf.dnsNames.slice(0, 3).join(', ')}`,
      what: `The certificate that comes through does not name ${host}.`,
      summary: `let the backend serve a certificate that names ${host}`,
    };
  }
  const { links } = clientPath(evidence, certificates);
  const bad = links.find((certificate) => outOfDate(certificate, evidence.now) === problem);
  // a root that was sent along is not what clients go by
  if (!bad || (bad !== leaf && bad.selfIssued)) return undefined;
  const date = problem === 'expired' ? bad.notAfter : bad.notBefore;
  const verb = problem === 'expired' ? 'ended' : 'is valid only from';
  return {
    title: `The backend of ${host} shows a certificate that ${verb} ${date} (${sinceText(date, evidence.now)})`,
    what: `${bad.subject}, in the chain that comes through, ${verb} ${date}.`,
    summary: 'renew the certificate at the backend, which ends TLS itself',
  };
}

/** A client that checks nothing, or that has this very certificate, is content with an odd name. */
const isMinded = ({ probes }: BackendChain): boolean => !probes.some(({ probe }) => probe.verify?.ok === true);

/** What is wrong with certificates that backends show through servers that pass TLS on. */
export function* backendFaults(evidence: Evidence, problem: Problem): Generator<Fault> {
  for (const chain of backendChains(evidence)) {
    const told = isMinded(chain) ? judge(evidence, chain, problem) : undefined;
    if (!told) continue;
    const { server, host, subject, probes, certificates } = chain;
    const gateway = subjectOf(server.owner, server.path);
    const isGateway = subject.kind === gateway.kind && subject.name === gateway.name;
    yield {
      subject,
      title: told.title,
      message: `${named(server.owner)} passes TLS for ${host} on without ending it, so that the certificate is the backend’s. ${told.what} Clients refuse it.`,
      evidence: probeObservations(probes),
      affects: [{ server, hosts: [host] }],
      confidence: 0.85,
      // a leaf that signed itself is often pinned by its clients: then neither its name nor its dates matter
      severity: certificates[0].selfIssued ? 'warning' : 'error',
      related: isGateway ? [] : [gateway],
      fix: { summary: told.summary, owner: ownerOfNamespace(subject.namespace), commands: [], undo: [], doNot: [] },
      confirm: confirmHost(host),
      misleading: ['The gateway has no certificate for this host: a credentialName beside PASSTHROUGH is ignored.'],
    };
  }
}
