import type { Evidence } from '../../facts/evidence.ts';
import { eventsAbout } from '../../facts/log-events.ts';
import { envoyRelease } from '../../facts/pair-problems.ts';
import type { CredentialPlace } from '../../facts/refusal-candidates.ts';
import type { RefusalReason } from '../../facts/refusal-reason.ts';
import { refusedCredentials, type RefusedCredential } from '../../facts/refused-credentials.ts';
import { derive } from '../../facts/evidence.ts';
import { isStillServed } from '../../facts/still-served.ts';
import { kinds } from '../../kubernetes/kinds.ts';
import { groupKind, named, subjectOf } from '../../kubernetes/names.ts';
import type { Subject } from '../../model/finding.ts';
import { refusedByEnvoy } from '../../x509/envoy-accepts.ts';
import { isFatal } from '../../x509/pem-problems.ts';
import type { Fault } from '../check.ts';
import { confirmServers } from './chain-fault.ts';
import { replaceValues } from './pair-remedies.ts';

export type RefusalCause =
  | 'key-cert-mismatch'
  | 'private-key-encrypted'
  | 'private-key-malformed'
  | 'cert-chain-malformed-pem'
  | 'cert-chain-order'
  | 'cert-algorithm-unsupported';

interface Told {
  readonly cause: RefusalCause;
  readonly confidence: number;
  /** What was wrong, as a sentence about a Secret that could not be read. */
  readonly says: string;
  readonly decidedBy?: string;
}

/** What the refused content says, which a dump shows. */
function ofContent(evidence: Evidence, refused: RefusedCredential): Told | undefined {
  const [place] = refused.places;
  const problems = refused.problems.filter(isFatal);
  if (problems.length > 0) {
    return {
      cause: 'cert-chain-malformed-pem',
      confidence: 0.9,
      says: `What Envoy was sent is no PEM that it can read (${problems.join(', ')}).`,
    };
  }
  const [leaf] = refused.certificates;
  if (!leaf || place.role === 'ca') return undefined;
  const why = refusedByEnvoy(leaf, envoyRelease(evidence, place.workload));
  return why === undefined
    ? undefined
    : { cause: 'cert-algorithm-unsupported', confidence: 0.9, says: `Envoy refuses the certificate: ${why}.` };
}

/** `Failed to load certificate chain` alone says neither PEM nor curve: istiod's warning about the PEM beside it does. */
function ofChain(evidence: Evidence, [place]: RefusedCredential['places']): Told {
  const about = place.secret && { ...place.secret, sdsName: place.sdsName };
  const unparsable = about !== undefined && eventsAbout(evidence, about, 'secret-unparsable').length > 0;
  const decidedBy =
    'a look at the Secret: openssl crl2pkcs7 -nocrl -certfile CHAIN.pem | openssl pkcs7 -print_certs -text';
  return {
    cause: 'cert-chain-malformed-pem',
    confidence: unparsable ? 0.9 : 0.6,
    says: 'Envoy cannot load the certificate chain.',
    ...(!unparsable && { decidedBy }),
  };
}

const ofKnownReason: Readonly<Partial<Record<RefusalReason, Told>>> = {
  'key-of-another-certificate': {
    cause: 'key-cert-mismatch',
    confidence: 0.88,
    says: 'The key is not that of the first certificate.',
  },
  'key-of-another-type': {
    cause: 'key-cert-mismatch',
    confidence: 0.9,
    says: 'The key is of another type than the first certificate asks for.',
  },
  'encrypted-key': { cause: 'private-key-encrypted', confidence: 0.93, says: 'The private key is encrypted.' },
  'unreadable-key': {
    cause: 'private-key-malformed',
    confidence: 0.9,
    says: 'The private key is no PEM that can be read.',
  },
  'certificate-algorithm': {
    cause: 'cert-algorithm-unsupported',
    confidence: 0.93,
    says: 'Envoy does not serve a certificate with a key of this kind or size.',
  },
  'nameless-certificate': {
    cause: 'cert-algorithm-unsupported',
    confidence: 0.9,
    says: 'The certificate names nothing at all.',
  },
  'trusted-ca': {
    cause: 'cert-chain-malformed-pem',
    confidence: 0.88,
    says: 'The CA for client certificates is no PEM that can be read.',
  },
  'revocation-list': {
    cause: 'cert-chain-malformed-pem',
    confidence: 0.88,
    says: 'The revocation list for client certificates is no PEM that can be read.',
  },
};

const notSaid: Told = {
  cause: 'key-cert-mismatch',
  confidence: 0.45,
  says: 'The pair cannot be used, and it is not said why.',
  decidedBy: 'the public keys of both halves: openssl x509 -pubkey -noout and openssl pkey -pubout',
};

function ofReason(evidence: Evidence, { reason, certificates, places }: RefusedCredential): Told | undefined {
  if (reason === 'certificate-chain') return ofChain(evidence, places);
  if (reason === 'staple') return undefined;
  if (reason === undefined || reason === 'key-without-cause') return places[0].role === 'pair' ? notSaid : undefined;
  const leafLater = certificates[0]?.isCa === true && certificates.some(({ isCa }) => !isCa);
  if (reason === 'key-of-another-certificate' && leafLater) {
    const says = 'The first certificate of the chain is a CA’s, and the key is not its.';
    return { cause: 'cert-chain-order', confidence: 0.85, says };
  }
  return ofKnownReason[reason];
}

const told = derive((evidence): readonly { readonly refused: RefusedCredential; readonly told: Told }[] =>
  refusedCredentials(evidence).flatMap((refused) => {
    const known = ofContent(evidence, refused) ?? ofReason(evidence, refused);
    return known ? [{ refused, told: known }] : [];
  }),
);

const subjectOfPlace = ({ secret, server, path }: CredentialPlace): Subject =>
  secret ? { apiVersion: 'v1', kind: 'Secret', ...secret } : subjectOf(server.owner, path);

function faultOf(evidence: Evidence, refused: RefusedCredential, known: Told, remedy: string): Fault {
  const { places, among, observations } = refused;
  const [place] = places;
  const subject = subjectOfPlace(place);
  const servers = places.map(({ server }) => server);
  const still = places.every((one) => isStillServed(evidence, one) === true);
  const what = groupKind(subject) === kinds.secret ? named(subject) : `What ${named(subject)} ${place.path} names`;
  const confidence = among === 1 ? known.confidence : Math.min(0.49, known.confidence / among + 0.1);
  const decidedBy =
    known.decidedBy ??
    (among === 1 ? undefined : `a look at the Secret: ${among} may be the refused one, and no line names it`);
  return {
    subject,
    title: `${what}, which could not be read, is refused: ${known.says.replace(/\.$/, '')}`,
    message: `${known.says} ${
      still
        ? 'Clients still get the pair that Envoy had before, until its next restart.'
        : 'Every handshake of these hosts is reset without an alert.'
    }`,
    evidence: observations,
    affects: servers.map((server) => ({ server })),
    confidence,
    severity: still ? 'warning' : 'error',
    fix: replaceValues(evidence, subject, {
      summary: remedy,
      values: { 'tls.crt': '<BASE64_OF_CHAIN.pem>', 'tls.key': '<BASE64_OF_KEY.pem>' },
    }),
    confirm: confirmServers(servers),
    misleading: ['The refusal names no Secret, and config_dump lists the refused content as active.'],
    ...(decidedBy !== undefined && { decidedBy }),
  };
}

/** Faults of one cause in Secrets that could not be read, as Envoy's refusals tell them. */
export function toldByRefusal(evidence: Evidence, cause: RefusalCause, remedy: string): readonly Fault[] {
  return told(evidence).flatMap(({ refused, told: known }) =>
    known.cause === cause ? [faultOf(evidence, refused, known, remedy)] : [],
  );
}
