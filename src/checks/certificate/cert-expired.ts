import { sinceText } from '../../facts/certificate-dates.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { serversUsing } from '../../facts/key-pairs.ts';
import { renewedCopy, type RenewedCopy } from '../../facts/renewed-copies.ts';
import { probesWith } from '../../facts/served-chains.ts';
import { kinds } from '../../kubernetes/kinds.ts';
import { groupKind, named, subjectOf } from '../../kubernetes/names.ts';
import type { Command, Fix, Observation } from '../../model/finding.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { kubectl } from '../remedies.ts';
import { certificateNotAccepted } from '../symptoms.ts';
import { backendFaults } from './backend-chain.ts';
import { confidenceBySource, confirmServers, linesAbout, probeObservations, unseen } from './chain-fault.ts';
import { datedCertificates, isHarmlessNow, type DatedCertificate } from './date-fault.ts';
import { loadedObservations, toldExpired } from './loaded-dates.ts';
import { newPair, replaceValues } from './pair-remedies.ts';

const summaries: Readonly<Record<DatedCertificate['role'], string>> = {
  leaf: 'put the renewed certificate, its chain and its key into the Secret; no restart is needed',
  intermediate:
    'put the issuer’s current intermediate behind the leaf; the leaf and its key can stay; no restart is needed',
  root: 'take the root out of the chain, or put the issuer’s current one there; clients use their own copy',
};

/** Copies a Secret that was seen elsewhere over this one, without the metadata of the other. */
function copyOver(from: RenewedCopy['secret'], to: { readonly namespace: string; readonly name: string }): Command {
  const filter = '{apiVersion, kind, type, data, metadata: {name: $name}}';
  return {
    ...kubectl(from.namespace, 'get', 'secret', from.name, '-o', 'json'),
    pipe: { argv: ['jq', '--arg', 'name', to.name, filter], pipe: kubectl(to.namespace, 'replace', '-f', '-') },
  };
}

function fixOf(evidence: Evidence, { role, chains: [top] }: DatedCertificate, copy: RenewedCopy | undefined): Fix {
  const { pair, subject } = top;
  const { certKey, keyKey } = pair ?? { certKey: 'tls.crt', keyKey: 'tls.key' };
  const values = role === 'leaf' ? newPair(certKey, keyKey) : { [certKey]: '<BASE64_OF_CHAIN.pem>' };
  const fix = replaceValues(evidence, subject, { summary: summaries[role], values });
  if (!copy || groupKind(subject) !== kinds.secret || fix.managedBy !== undefined) return fix;
  return {
    ...fix,
    summary: `copy ${named(copy.secret)}, whose certificate is in date and covers the same hosts, over this Secret; let what renews it write here from now on`,
    commands: [copyOver(copy.secret, subject), ...fix.commands],
  };
}

function faultOf(evidence: Evidence, dated: DatedCertificate): Fault {
  const { certificate, role, chains } = dated;
  const [top, ...others] = chains;
  const uses = chains.flatMap((chain) => chain.uses);
  const servers = serversUsing(uses);
  const place = named(top.subject);
  const ended = `${certificate.notAfter} (${sinceText(certificate.notAfter, evidence.now)})`;
  const harmless = isHarmlessNow(evidence, dated);
  const copy = role === 'leaf' ? renewedCopy(evidence, top.subject, servers) : undefined;
  const probes = chains
    .flatMap((chain) => probesWith(evidence, chain))
    .filter(({ probe }) => probe.verify?.ok === false);
  const seen: readonly Observation[] = [
    ...chains.flatMap((chain) => chain.seen).slice(0, 3),
    ...(role === 'leaf' ? [] : [{ ...(top.seen[0] ?? unplaced), detail: `${certificate.subject} ended ${ended}` }]),
    ...linesAbout(evidence, top.uses, top.subject, 'secret-expired'),
    ...loadedObservations(evidence, top),
    ...probeObservations(probes),
  ];
  const title =
    role === 'leaf'
      ? `the certificate in ${place} ended ${ended}`
      : `${role === 'root' ? 'the root' : 'the intermediate'} ${certificate.subject} in the chain of ${place} ended ${ended}`;
  const many = servers.length > 1 ? ` It is in the chains of ${servers.length} servers.` : '';
  const there = copy
    ? ` A renewed one lies in ${named(copy.secret)} (to ${copy.leaf.notAfter}), where this gateway does not read it.`
    : '';
  return {
    subject: top.subject,
    title: `${title.charAt(0).toUpperCase()}${title.slice(1)}`,
    message: `${certificate.subject} ended ${ended}. The gateway serves it all the same, and clients refuse it.${many}${there}`,
    evidence: seen,
    affects: servers.map((server) => ({ server })),
    confidence: role === 'root' ? 0.6 : confidenceBySource[top.from],
    severity: harmless || role === 'root' ? 'warning' : 'error',
    related: [...others.map(({ subject }) => subject), ...(copy ? [subjectOf(copy.secret)] : [])],
    touches: others.map(({ subject }) => subject),
    fix: fixOf(evidence, dated, copy),
    confirm: confirmServers(servers),
    misleading:
      role === 'leaf'
        ? ['The handshake is done and the gateway logs nothing: it is the client that ends the connection.']
        : ['The leaf is in its dates; istiod, /certs and istioctl look at the first certificate only.'],
    ...(role === 'root' && {
      decidedBy: 'a handshake with the clients’ own roots: they may have a newer root of this name',
    }),
  };
}

const unplaced: Observation = { source: 'secret', ref: '', detail: '' };

/** A certificate of a served chain is past its last day: leaf, intermediate, or a root that was sent along. */
export const certExpired: Check = {
  name: 'cert-expired',
  title: 'No certificate that is served has expired',
  group: 'certificate',
  kind: 'cause',
  severity: 'error',
  step: 'server-certificate',
  reads: ['secret', 'probe', 'config-dump', 'istiod-log'],
  explains: certificateNotAccepted,
  *inspect(evidence): Iterable<Judgement> {
    for (const dated of datedCertificates(evidence)) {
      if (dated.problem === 'expired') yield faultOf(evidence, dated);
    }
    yield* toldExpired(evidence);
    yield* backendFaults(evidence, 'expired');
    yield* unseen(evidence, 'whether the certificate is in its dates');
  },
};
