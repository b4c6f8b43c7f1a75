import type { BackendTls, BackendTrouble } from '../../facts/backend-tls.ts';
import { named } from '../../kubernetes/names.ts';

/** How one trouble between gateway and backend reads. */
interface Words {
  /** The end of a sentence that begins with the gateway or the DestinationRule. */
  readonly title: (about: BackendTls) => string;
  readonly effect: string;
  /** Confidence of the objects alone, and with a line of a log beside them. */
  readonly confidence: readonly [number, number];
}

const backendOf = ({ use }: BackendTls): string => `${use.backend.host}:${use.backend.port ?? '?'}`;
const ruleOf = ({ rule }: BackendTls): string => (rule ? named(rule) : 'The mesh');

export const backendTlsWords: Readonly<Record<BackendTrouble, Words>> = {
  'plaintext-to-tls': {
    title: (about) => `The gateway sends plain HTTP to ${backendOf(about)}, which speaks TLS`,
    effect:
      'Nothing originates TLS on the way to it: the name of a port does not. The backend breaks the connection off, or answers 400; the gateway answers 503.',
    confidence: [0.85, 0.93],
  },
  'tls-to-plaintext': {
    title: (about) => `${ruleOf(about)} has the gateway speak TLS to ${backendOf(about)}, which speaks plaintext`,
    effect:
      'The first bytes of the answer are no TLS: the connection fails with WRONG_VERSION_NUMBER, and the gateway answers 503.',
    confidence: [0.72, 0.95],
  },
  'mesh-to-plaintext': {
    title: (about) =>
      `${ruleOf(about)} has the gateway speak the mesh’s TLS to ${backendOf(about)}, where no sidecar takes it`,
    effect:
      'Only a proxy of the mesh can answer it: the connection fails with WRONG_VERSION_NUMBER, and the gateway answers 503.',
    confidence: [0.88, 0.95],
  },
  'plaintext-to-strict': {
    title: (about) =>
      `${ruleOf(about)} has the gateway speak plaintext to ${backendOf(about)}, which takes mutual TLS of the mesh only`,
    effect: 'The sidecar of the backend closes the connection, and the gateway answers 503.',
    confidence: [0.88, 0.95],
  },
  'tls-to-strict': {
    title: (about) => `${ruleOf(about)} replaces the mesh’s TLS to ${backendOf(about)}, which takes nothing else`,
    effect:
      'TLS of one’s own does not go inside that of the mesh: the sidecar sees a client without a certificate of the mesh, and closes the connection.',
    confidence: [0.85, 0.93],
  },
  'tls-twice': {
    title: (about) =>
      `${ruleOf(about)} wraps ${backendOf(about)} in TLS once more, though the client’s own passes through`,
    effect: 'The backend ends the outer TLS and finds the client’s handshake in the place of a request.',
    confidence: [0.85, 0.93],
  },
  'not-verified': {
    title: (about) => `The gateway does not accept the certificate of ${backendOf(about)}`,
    effect:
      'Its issuer or its names are not those that the gateway verifies by: the CA of the DestinationRule, or the system’s where it names none.',
    confidence: [0.9, 0.9],
  },
  'wrong-name': {
    title: (about) => `The gateway asks ${backendOf(about)} for a name that it does not have`,
    effect: 'The backend chooses its certificate by SNI, and knows no such name.',
    confidence: [0.85, 0.85],
  },
  'client-certificate': {
    title: (about) => `The gateway has no client certificate to show to ${backendOf(about)}`,
    effect:
      'The Secret that the DestinationRule names never came: it is looked for in the namespace of the gateway’s pods.',
    confidence: [0.9, 0.9],
  },
};
