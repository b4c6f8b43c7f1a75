import { ByteReader } from './byte-reader.ts';
import { recordOpener } from './record-protection.ts';
import { beginsLikeTls, contentTypes, readRecords } from './records.ts';
import type { TlsRecord } from './records.ts';
import { tlsVersionOfCode } from './versions.ts';
import type { TlsVersion } from './versions.ts';

/** What a server asked of the client's certificate. */
interface CertificateRequest {
  /** The distinguished names of the CAs it says it accepts, DER. Empty: it names none. */
  readonly authorities: readonly Buffer[];
  /** The signature schemes it takes (RFC 8446 section 4.2.3), in its order of preference. */
  readonly signatureSchemes: readonly number[];
}

/** What a server said in a handshake, as far as it came. */
export interface ServerFlight {
  /** Whether a ServerHello came: the server accepted the ClientHello and chose parameters. */
  readonly began: boolean;
  /** Whether the flight was read to its end, so that what is not in it was not sent. */
  readonly complete: boolean;
  readonly version?: TlsVersion;
  /** The certificates as sent, DER, in the order they were sent. */
  readonly chain: readonly Buffer[];
  readonly certificateRequest?: CertificateRequest;
}

const messageTypes = {
  serverHello: 2,
  certificate: 11,
  certificateRequest: 13,
  serverHelloDone: 14,
  finished: 20,
} as const;
const extensionTypes = { signatureAlgorithms: 13, supportedVersions: 43, certificateAuthorities: 47 } as const;

/** A ServerHello with this random is a HelloRetryRequest: another ServerHello follows (RFC 8446 section 4.1.3). */
const retryRandom = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex');

/** The flight while it is read. */
interface Reading {
  began: boolean;
  complete: boolean;
  version?: TlsVersion;
  suite?: number;
  chain: readonly Buffer[];
  certificateRequest?: CertificateRequest;
}

/**
 * Reads the first flight of a server out of the bytes that it sent. In TLS 1.2 and before the flight is in clear. In
 * TLS 1.3 everything after the ServerHello is encrypted, and `handshakeSecret` (SERVER_HANDSHAKE_TRAFFIC_SECRET of the
 * key log) opens it. This is the one way to learn, whatever becomes of the handshake, whether a client certificate was
 * asked for, of which CAs, and the chain exactly as sent.
 *
 * Never throws: what cannot be read ends the reading, and `complete` stays false.
 */
export function readServerFlight(bytes: Buffer, handshakeSecret?: Buffer): ServerFlight {
  const flight: Reading = { began: false, complete: false, chain: [] };
  if (!beginsLikeTls(bytes)) return flight;
  try {
    const records = readRecords(bytes);
    readMessages(handshakeBytes(records), flight);
    if (flight.version === 'TLSv1.3' && handshakeSecret) {
      readMessages(openedBytes(records, flight.suite, handshakeSecret), flight);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  const { suite: _, ...rest } = flight;
  return rest;
}

/** Handshake messages in clear, joined; those after a ChangeCipherSpec of TLS 1.2 are encrypted and left out. */
function handshakeBytes(records: readonly TlsRecord[]): Buffer {
  const encrypted = records.findIndex(({ type }) => type === contentTypes.changeCipherSpec);
  // A HelloRetryRequest is followed by a ChangeCipherSpec that changes nothing, and then by the true ServerHello.
  const retried = records.slice(encrypted + 1).some((record) => isServerHello(record));
  const clear = encrypted === -1 || retried ? records : records.slice(0, encrypted);
  return Buffer.concat(clear.filter(({ type }) => type === contentTypes.handshake).map(({ fragment }) => fragment));
}

function isServerHello({ type, fragment }: TlsRecord): boolean {
  return type === contentTypes.handshake && fragment[0] === messageTypes.serverHello;
}

function openedBytes(records: readonly TlsRecord[], suite: number | undefined, secret: Buffer): Buffer {
  const opener = recordOpener(suite ?? 0, secret);
  const opened: Buffer[] = [];
  for (const record of records) {
    if (!opener || record.type !== contentTypes.applicationData) continue;
    const content = opener(record);
    if (content?.type !== contentTypes.handshake) break;
    opened.push(content.bytes);
  }
  return Buffer.concat(opened);
}

function readMessages(bytes: Buffer, flight: Reading): void {
  const reader = new ByteReader(bytes);
  while (reader.remaining >= 4 && !flight.complete) {
    const type = reader.integer(1);
    readMessage(type, reader.vector(3), flight);
  }
}

function readMessage(type: number, body: ByteReader, flight: Reading): void {
  switch (type) {
    case messageTypes.serverHello:
      return readServerHello(body, flight);
    case messageTypes.certificate:
      flight.chain = readCertificates(body, flight.version);
      return;
    case messageTypes.certificateRequest:
      flight.certificateRequest =
        flight.version === 'TLSv1.3' ? readRequest13(body) : readRequest(body, flight.version);
      return;
    case messageTypes.serverHelloDone:
    case messageTypes.finished:
      flight.complete = true;
      return;
    default:
  }
}

function readServerHello(body: ByteReader, flight: Reading): void {
  const legacyVersion = body.integer(2);
  if (body.bytes(32).equals(retryRandom)) return;
  body.vector(1);
  const suite = body.integer(2);
  body.integer(1);
  const supported = body.remaining > 0 ? extension(body.vector(2), extensionTypes.supportedVersions) : undefined;
  const version = tlsVersionOfCode(supported?.integer(2) ?? legacyVersion);
  flight.began = true;
  flight.suite = suite;
  if (version) flight.version = version;
}

function readCertificates(body: ByteReader, version: TlsVersion | undefined): readonly Buffer[] {
  if (version === 'TLSv1.3') body.vector(1);
  const list = body.vector(3);
  const found: Buffer[] = [];
  while (list.remaining > 0) {
    found.push(list.vector(3).rest());
    if (version === 'TLSv1.3') list.vector(2);
  }
  return found;
}

/** RFC 5246 section 7.4.4; before TLS 1.2 there are no signature schemes in it. */
function readRequest(body: ByteReader, version: TlsVersion | undefined): CertificateRequest {
  body.vector(1);
  const signatureSchemes = version === 'TLSv1.2' ? integers(body.vector(2)) : [];
  return { signatureSchemes, authorities: names(body.vector(2)) };
}

/** RFC 8446 section 4.3.2. */
function readRequest13(body: ByteReader): CertificateRequest {
  body.vector(1);
  const extensions = body.vector(2).rest();
  const schemes = extension(new ByteReader(extensions), extensionTypes.signatureAlgorithms);
  const authorities = extension(new ByteReader(extensions), extensionTypes.certificateAuthorities);
  return {
    signatureSchemes: schemes ? integers(schemes.vector(2)) : [],
    authorities: authorities ? names(authorities.vector(2)) : [],
  };
}

function extension(list: ByteReader, wanted: number): ByteReader | undefined {
  while (list.remaining > 0) {
    const type = list.integer(2);
    const body = list.vector(2);
    if (type === wanted) return body;
  }
  return undefined;
}

function integers(list: ByteReader): readonly number[] {
  const found: number[] = [];
  while (list.remaining > 0) found.push(list.integer(2));
  return found;
}

function names(list: ByteReader): readonly Buffer[] {
  const found: Buffer[] = [];
  while (list.remaining > 0) found.push(list.vector(2).rest());
  return found;
}
