import type { extendedKeyUsages, KeyUsageBit } from '../x509/oids.ts';
import type { KeyKind } from './private-key.ts';
import type { Digest } from './signature.ts';

/** The attributes of a distinguished name that minted certificates use. */
export interface NameDescription {
  readonly CN?: string;
  readonly OU?: string;
  readonly O?: string;
  readonly L?: string;
  readonly ST?: string;
  readonly C?: string;
}

/** What a certificate shall say. What is left out is left out of the certificate too, unless a default is named. */
export interface CertificateDescription {
  /** As attributes, or on one line with the most specific first: `CN=shop.example.com,O=Example`. */
  readonly subject?: NameDescription | string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly uris?: readonly string[];
  readonly emails?: readonly string[];
  /** The kind of key to generate: `ec-p256` by default. */
  readonly key?: KeyKind;
  /** The key to use instead of a fresh one, PEM of any form that node:crypto reads without a passphrase. */
  readonly privateKeyPem?: string;
  /** An hour ago by default. */
  readonly notBefore?: Date;
  /** 90 days after `notBefore` by default, ten years for a CA. */
  readonly notAfter?: Date;
  /** False by default; the extension basicConstraints is there in both cases. */
  readonly ca?: boolean;
  readonly pathLength?: number;
  /** By default what the role needs: signing certificates and CRLs, or digitalSignature (and keyEncipherment for RSA). */
  readonly keyUsage?: readonly KeyUsageBit[];
  /** Names, or dotted object identifiers. */
  readonly extendedKeyUsage?: readonly (keyof typeof extendedKeyUsages | `${number}.${string}`)[];
  /** The digest that the issuer signs with: `sha256` by default, without a meaning for an Ed25519 issuer. */
  readonly signature?: Digest;
  /** Hex digits. 16 random bytes by default. */
  readonly serialNumber?: string;
  readonly mustStaple?: boolean;
  readonly crlUrls?: readonly string[];
  readonly ocspUrls?: readonly string[];
  readonly issuerUrls?: readonly string[];
}

/** A certificate with its private key. */
export interface Minted {
  readonly certificatePem: string;
  readonly certificateDer: Buffer;
  /** PKCS#8. */
  readonly privateKeyPem: string;
}

/**
 * Who signs: the name and the key identifier come from the certificate, the signature from the key. The two need not
 * belong together, which is how a certificate with a wrong signature is minted.
 */
export type Issuer = Pick<Minted, 'certificatePem' | 'privateKeyPem'>;
