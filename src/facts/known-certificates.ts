import { kinds } from '../kubernetes/kinds.ts';
import { textMapAt } from '../kubernetes/read.ts';
import type { Certificate } from '../model/certificate.ts';
import { issued } from '../x509/chain.ts';
import { comparableName } from '../x509/distinguished-name.ts';
import { readCertificates } from '../x509/judge-pem.ts';
import { publicRoots } from '../x509/public-roots.ts';
import { readCertificate } from '../x509/read-certificate.ts';
import { derive, type Evidence } from './evidence.ts';

/** A certificate and one place where it was seen, as `Secret shop/web-tls ca.crt`. */
export interface KnownCertificate {
  readonly certificate: Certificate;
  readonly place: string;
}

/** Names of ConfigMap keys that hold CAs; other values are not looked at. */
const caKey = /(?:^|[.-])(?:crt|cer|cert|pem|cacert|bundle)$/;

function* everyCertificate(evidence: Evidence): Generator<KnownCertificate> {
  const { secrets, envoys, probes, question } = evidence.snapshot;
  for (const secret of secrets) {
    for (const [key, { certificates }] of Object.entries(secret.values)) {
      for (const certificate of certificates) {
        yield { certificate, place: `Secret ${secret.namespace}/${secret.name} ${key}` };
      }
    }
  }
  for (const configMap of evidence.list(kinds.configMap).items) {
    for (const [key, text] of Object.entries(textMapAt(configMap.body, 'data'))) {
      if (!caKey.test(key) || !text.includes('-----BEGIN')) continue;
      for (const certificate of readCertificates(text)) {
        yield { certificate, place: `ConfigMap ${configMap.namespace}/${configMap.name} ${key}` };
      }
    }
  }
  for (const envoy of envoys) {
    for (const secret of envoy.secrets ?? []) {
      for (const certificate of secret.certificates) {
        yield { certificate, place: `${secret.name} in Envoy of ${envoy.namespace}/${envoy.pod}` };
      }
    }
  }
  for (const { chain = [], clientChain = [], host } of probes) {
    for (const pem of [...chain, ...clientChain]) {
      const certificate = readCertificate(pem);
      if (certificate) yield { certificate, place: `the handshake for ${host}` };
    }
  }
  for (const certificate of question.client?.chain ?? []) yield { certificate, place: 'the client’s chain' };
}

/** Every certificate of the evidence once, with the first place where it was seen, by the comparable form of its subject. */
const bySubject = derive((evidence): ReadonlyMap<string, readonly KnownCertificate[]> => {
  const seen = new Map<string, KnownCertificate>();
  for (const known of everyCertificate(evidence)) {
    if (!seen.has(known.certificate.sha256)) seen.set(known.certificate.sha256, known);
  }
  return Map.groupBy(seen.values(), ({ certificate }) => comparableName(certificate.subject));
});

/** Certificates anywhere in the evidence that issued this one, itself left out. */
export function issuersInEvidence(evidence: Evidence, certificate: Certificate): readonly KnownCertificate[] {
  const candidates = bySubject(evidence).get(comparableName(certificate.issuer)) ?? [];
  return candidates.filter(
    (known) => known.certificate.sha256 !== certificate.sha256 && issued(known.certificate, certificate),
  );
}

let rootsBySubject: ReadonlyMap<string, readonly Certificate[]> | undefined;

/** The public root that issued a certificate, if one did. */
export function publicIssuerOf(certificate: Certificate): Certificate | undefined {
  rootsBySubject ??= Map.groupBy(publicRoots(), ({ subject }) => comparableName(subject));
  const candidates = rootsBySubject.get(comparableName(certificate.issuer)) ?? [];
  return candidates.find((root) => issued(root, certificate));
}
