import type { Certificate } from '../model/certificate.ts';
import type { Secret } from '../model/secret.ts';
import { coversPattern } from '../x509/covers-host.ts';
import { pairOf, type CredentialUse } from './credentials.ts';
import { derive, type Evidence } from './evidence.ts';
import { hostsMeet, type Server } from './servers.ts';
import { namespacesNear } from './wanted-secrets.ts';

/** A Secret of the name that a server asks for, in another namespace than the one where it is looked up. */
export interface Twin {
  readonly namespace: string;
  readonly name: string;
  /** Absent where only its name is known. */
  readonly secret?: Secret;
  readonly leaf?: Certificate;
  /** Whether its certificate is one for the server's hosts; unknown where no certificate could be read. */
  readonly fits: boolean | 'unknown';
}

/** The certificate that a Secret would serve with. */
export function leafOf(secret: Secret): Certificate | undefined {
  const pair = pairOf(secret);
  return pair.state === 'pair' ? secret.values[pair.certKey]?.certificates[0] : undefined;
}

/** Whether a certificate has anything to do with a server: it is for one of its hosts, or for a name below a wildcard. */
export function fitsServer(leaf: Certificate, server: Server): boolean {
  const names = leaf.dnsNames.length > 0 || leaf.commonName === undefined ? leaf.dnsNames : [leaf.commonName];
  return server.hosts.some(
    ({ host }) => coversPattern(leaf, host) || names.some((name) => hostsMeet(host, name.toLowerCase())),
  );
}

function twinOf(secret: Secret, server: Server): Twin {
  const { namespace, name } = secret;
  const leaf = leafOf(secret);
  return { namespace, name, secret, fits: leaf ? fitsServer(leaf, server) : 'unknown', ...(leaf && { leaf }) };
}

const unreadByName = derive((evidence) => Map.groupBy(evidence.snapshot.secretNames, ({ name }) => name));

/**
 * Secrets of the same name elsewhere, the one that is most likely meant first: it fits, it lies near the Gateway or its
 * routes, it is valid the longest.
 */
export function twinsOf(evidence: Evidence, use: CredentialUse): readonly Twin[] {
  const read = evidence.secretsNamed(use.name).filter(({ namespace }) => namespace !== use.namespace);
  const known = new Set(read.map(({ namespace }) => namespace));
  const unread = (unreadByName(evidence).get(use.name) ?? []).filter(
    ({ namespace }) => namespace !== use.namespace && !known.has(namespace),
  );
  const near = namespacesNear(evidence, use.server);
  const distance = ({ namespace }: Twin): number => (near.includes(namespace) ? near.indexOf(namespace) : near.length);
  const unfit = ({ fits }: Twin): number => (fits === true ? 0 : fits === 'unknown' ? 1 : 2);
  const end = ({ leaf }: Twin): number => (leaf ? Date.parse(leaf.notAfter) : 0);
  return [
    ...read.map((secret) => twinOf(secret, use.server)),
    ...unread.map(({ namespace, name }): Twin => ({ namespace, name, fits: 'unknown' })),
  ].sort(
    (a, b) =>
      unfit(a) - unfit(b) || distance(a) - distance(b) || end(b) - end(a) || a.namespace.localeCompare(b.namespace),
  );
}

/**
 * The Secret that was put into the wrong namespace, if one was. One that cannot be read counts only where somebody would
 * put it by mistake: beside the Gateway, its routes or their backends.
 */
export function misplacedTwin(evidence: Evidence, use: CredentialUse): Twin | undefined {
  const [first] = twinsOf(evidence, use);
  if (!first || first.fits === false) return undefined;
  if (first.fits === true) return first;
  return namespacesNear(evidence, use.server).includes(first.namespace) ? first : undefined;
}
