import { clientTrusts, type ClientTrust, type KeyedValue } from '../../facts/client-trust.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { keyPairs, type KeyPair } from '../../facts/key-pairs.ts';
import { fatalProblems, placeOfPairKey } from '../../facts/pair-problems.ts';
import { pemProblemTexts } from '../../facts/pem-problem-texts.ts';
import { asksClients } from '../../facts/servers.ts';
import { kinds } from '../../kubernetes/kinds.ts';
import { groupKind, subjectOf } from '../../kubernetes/names.ts';
import type { PemProblem } from '../../model/certificate.ts';
import { pemEffects } from '../../x509/pem-problems.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { clientRefused, credentialRefused } from '../symptoms.ts';
import { confirmServers, linesAbout, unseen } from './chain-fault.ts';
import { meshCaFaults } from './mesh-ca.ts';
import { replaceValues } from './pair-remedies.ts';
import { refusedPair } from './refused-pair.ts';
import { toldByRefusal } from './refusal-cause.ts';

const remedy =
  'write the chain anew, each block with its marks on lines of their own (awk 1 leaf.pem intermediate.pem > chain.pem)';

const textOf = (problems: readonly PemProblem[]): string =>
  problems.map((problem) => pemProblemTexts[problem]).join(', and ');

/** Blocks that are there to the eye and that Envoy passes over. */
const passedOver = ({ pemProblems }: KeyedValue['value']): readonly PemProblem[] =>
  pemProblems.filter((problem) => pemEffects[problem] === 'passed-over');

const isSwapped = ({ chain, privateKey }: KeyPair): boolean =>
  chain.privateKey !== undefined && privateKey.certificates.length > 0;

function ofPair(evidence: Evidence, pair: KeyPair): Fault | undefined {
  const { secret, certKey, chain, uses } = pair;
  const fatal = fatalProblems(chain);
  const lost = passedOver(chain);
  if (isSwapped(pair) || (fatal.length === 0 && lost.length === 0)) return undefined;
  const problems = fatal.length > 0 ? [...fatal, ...lost] : lost;
  // a block that is passed over does harm where it was the leaf; else clients miss an intermediate
  const place = placeOfPairKey(pair);
  const isRefused = fatal.length > 0 || (place !== undefined && place !== 0);
  const fault = refusedPair(evidence, pair, {
    secret,
    key: certKey,
    title: `Secret ${secret.namespace}/${secret.name} ${certKey} ${textOf(problems.slice(0, 1))}`,
    what: `The text under ${certKey} ${textOf(problems)}.`,
    detail: `${chain.bytes} bytes, ${chain.certificates.length} certificates can be made out; ${problems.join(', ')}`,
    evidence: linesAbout(evidence, uses, subjectOf(secret), 'secret-unparsable'),
    reasons: isRefused ? ['certificate-chain', 'key-of-another-certificate'] : [],
    fix: replaceValues(evidence, secret, { summary: remedy, values: { [certKey]: '<BASE64_OF_CHAIN.pem>' } }),
    misleading: ['openssl x509 reads the first block and stops, and finds nothing wrong.'],
  });
  if (isRefused) return fault;
  return {
    ...fault,
    message: `The text under ${certKey} ${textOf(problems)}. Envoy serves the chain without that block, and clients that need it do not accept the certificate.`,
    severity: 'warning',
    step: 'server-certificate',
  };
}

/** A value for a revocation list in which there is none: Envoy takes it, and trusts no client any more [Envoy 1.38.3]. */
const listless: ReadonlySet<PemProblem> = new Set([
  'no-pem-block',
  'other-blocks-only',
  'der',
  'pkcs12',
  'base64-twice',
  'utf-16',
]);

function faultOfTrust(evidence: Evidence, trusts: readonly [ClientTrust, ...ClientTrust[]], part: 'ca' | 'list') {
  const [{ ca, list }] = trusts;
  const keyed = part === 'ca' ? ca : list;
  const problems = keyed ? fatalProblems(keyed.value).filter((problem) => problem !== 'empty') : [];
  if (!keyed || problems.length === 0) return undefined;
  const { secret, key, value } = keyed;
  const servers = [...new Set(trusts.map(({ server }) => server))];
  const taken = part === 'list' && problems.every((problem) => listless.has(problem));
  const effect = taken
    ? 'Envoy takes it for a list of no issuer, and refuses every client certificate with unknown_ca.'
    : 'Envoy refuses it, and with it every handshake of these hosts.';
  const place = `${secret.kind} ${secret.namespace}/${secret.name} ${key}`;
  const fault: Fault = {
    subject: subjectOf(secret, `data[${key}]`),
    title: `${place} ${textOf(problems.slice(0, 1))}`,
    message: `${part === 'ca' ? 'The CA for client certificates' : 'The revocation list for client certificates'} under ${key} ${textOf(problems)}. ${effect}`,
    evidence: [
      {
        source: groupKind(secret) === kinds.secret ? 'secret' : 'resource',
        ref: `${secret.namespace}/${secret.name}`,
        detail: `${key}: ${value.bytes} bytes; ${problems.join(', ')}`,
      },
    ],
    affects: servers.map((server) => ({ server })),
    confidence: 0.93,
    severity: taken && servers.every(({ tls }) => tls?.mode === 'OPTIONAL_MUTUAL') ? 'warning' : 'error',
    step: taken ? 'client-certificate' : 'credential',
    fix: replaceValues(evidence, subjectOf(secret), {
      summary:
        part === 'ca'
          ? 'write the bundle anew as PEM, one CA a block'
          : 'put the list in as PEM (openssl crl -inform DER -in LIST.crl -out LIST.pem), or take the key out',
      values: { [key]: part === 'ca' ? '<BASE64_OF_CA.pem>' : '<BASE64_OF_LIST.pem>' },
      doNot: ['set mode SIMPLE to make it answer: that admits clients without a certificate'],
    }),
    confirm: confirmServers(servers),
  };
  return fault;
}

function* ofTrusts(evidence: Evidence): Generator<Fault> {
  for (const part of ['ca', 'list'] as const) {
    const read = clientTrusts(evidence).filter((trust) => trust[part] && asksClients(trust.server));
    const groups = Map.groupBy(read, (trust) => {
      const keyed = trust[part];
      return `${keyed?.secret.kind}/${keyed?.secret.namespace}/${keyed?.secret.name}/${keyed?.key}`;
    });
    for (const [first, ...rest] of groups.values()) {
      const fault = first && faultOfTrust(evidence, [first, ...rest], part);
      if (fault) yield fault;
    }
  }
}

/** A text that should be PEM and is none to Envoy: a chain, a CA bundle, a revocation list, or the mesh's own CA. */
export const certChainMalformedPem: Check = {
  name: 'cert-chain-malformed-pem',
  title: 'Every certificate text is PEM that Envoy can read',
  group: 'certificate',
  kind: 'cause',
  severity: 'error',
  step: 'credential',
  reads: ['secret', 'gateway-log', 'istiod-log', 'config-dump', 'resource'],
  explains: [
    ...credentialRefused,
    ...clientRefused,
    // what a block that Envoy passes over leaves behind
    { check: 'key-cert-mismatch', over: 'secret' },
    { check: 'cert-chain-incomplete', over: 'secret' },
    { check: 'cert-chain-order', over: 'secret' },
  ],
  *inspect(evidence): Iterable<Judgement> {
    for (const pair of keyPairs(evidence)) {
      const fault = ofPair(evidence, pair);
      if (fault) yield fault;
    }
    yield* ofTrusts(evidence);
    yield* meshCaFaults(evidence);
    yield* toldByRefusal(evidence, 'cert-chain-malformed-pem', remedy);
    yield* unseen(evidence, 'whether the certificate text is PEM');
  },
};
