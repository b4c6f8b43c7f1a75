import { askedBy, isConfigMap, lackingCas, unseenCas, type LackingCa } from '../../facts/client-ca-uses.ts';
import type { CredentialUse } from '../../facts/credentials.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { serversUsing } from '../../facts/key-pairs.ts';
import { servedChains } from '../../facts/served-chains.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Fix, Subject } from '../../model/finding.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost, kubectl, managerOf, ownerOfNamespace, replaceField, restoreField } from '../remedies.ts';
import { credentialNeverCame } from '../symptoms.ts';
import { changeCa, createCaSecret, deleteCaSecret, neverLoosen } from './ca-remedies.ts';

/** The pair's Secret, in which a CA would be taken too; the Gateway where it names something else for it. */
function subjectFor({ why, use, keys }: LackingCa): Subject {
  const { state, fallback, namespace, server, path } = use;
  if (why === 'empty' && state.state === 'empty') return subjectOf(state.secret, `data[${keys[0] ?? 'ca.crt'}]`);
  if (fallback !== undefined) {
    return state.state === 'wrong-keys'
      ? subjectOf(state.secret)
      : { apiVersion: 'v1', kind: 'Secret', namespace, name: fallback };
  }
  return subjectOf(server.owner, path);
}

/** Who signed the certificate that the server itself shows: a CA that is at hand, and seldom the clients'. */
function serverIssuers(evidence: Evidence, { server }: CredentialUse): readonly string[] {
  const own = servedChains(evidence).filter(({ uses }) => serversUsing(uses).includes(server));
  return own.map(({ certificates: [leaf] }) => leaf.issuer);
}

function fixOf(evidence: Evidence, lack: LackingCa): Fix {
  const { use, why, keys } = lack;
  const { server, namespace, name, fallback, written, path } = use;
  const issuers = serverIssuers(evidence, use).map(
    (issuer) => `use ${issuer}, which signed the server’s certificate, unless it signs clients too`,
  );
  const manager = managerOf(server.owner);
  const shared = {
    owner: ownerOfNamespace(namespace),
    doNot: [neverLoosen[0] ?? '', ...issuers.slice(0, 1), ...(issuers.length === 0 ? neverLoosen.slice(1) : [])],
  };
  const state = use.state.state === 'empty' ? use.state : undefined;
  // an empty key in the Secret with -cacert hides what would be in the other, so it is filled where it is
  if (why === 'empty' && state && state.secret.name === name && fallback !== undefined) {
    const summary = 'fill the key with the CA that signs the clients; no restart is needed';
    return changeCa(evidence, subjectOf(state.secret), { summary, key: keys[0] ?? 'ca.crt', value: 'CLIENT-CA.pem' });
  }
  if (fallback !== undefined) {
    return {
      ...shared,
      summary: `put the CA that signs the clients into Secret ${namespace}/${name}; it needs a file that only you have, and no restart`,
      commands: [createCaSecret(namespace, fallback)],
      undo: [deleteCaSecret(namespace, fallback)],
    };
  }
  if (why === 'not-a-ca') {
    const named = `${written}-cacert`;
    return {
      ...shared,
      owner: ownerOfNamespace(server.owner.namespace),
      summary: `put the CA into Secret ${namespace}/${name}-cacert and name that one: a Secret for a CA must end in -cacert`,
      commands: [createCaSecret(namespace, name), replaceField(server.owner, path, named)],
      undo: [restoreField(server.owner, path, named), deleteCaSecret(namespace, name)],
      ...(manager !== undefined && { managedBy: manager }),
    };
  }
  const kind = isConfigMap(use) ? ['configmap'] : ['secret', 'generic'];
  return {
    ...shared,
    summary: `create ${isConfigMap(use) ? 'ConfigMap' : 'Secret'} ${namespace}/${name} with the CA that signs the clients`,
    commands: [kubectl(namespace, 'create', ...kind, name, '--from-file=ca.crt=<CLIENT-CA.pem>')],
    undo: [kubectl(namespace, 'delete', kind[0] ?? 'secret', name)],
  };
}

function wordsFor({ why, use, keys }: LackingCa): { title: string; what: string } {
  const { namespace, name, fallback } = use;
  const asked = askedBy(use);
  const pair = `Secret ${namespace}/${fallback ?? name}`;
  if (why === 'not-a-ca') {
    return {
      title: `${asked} names Secret ${namespace}/${name} for the CA of its clients, and istiod takes it for a key pair`,
      what: `caCertCredentialName is taken as it stands, and only a name that ends in -cacert means a CA. istiod looks for a key pair in Secret ${namespace}/${name}, finds none, and sends nothing.`,
    };
  }
  if (why === 'empty') {
    return {
      title: `${asked} asks for client certificates, and ${keys[0] ?? 'the CA'} in its Secret is empty`,
      what: `The key ${keys[0] ?? 'ca.crt'} is there without a value, as cert-manager leaves it for issuers that give no CA (ACME). istiod has no CA to send.`,
    };
  }
  if (fallback === undefined) {
    return {
      title: `${asked} names ${isConfigMap(use) ? 'ConfigMap' : 'Secret'} ${namespace}/${name} for the CA of its clients, and no CA is there`,
      what: `istiod finds no CA where the Gateway says that it is.`,
    };
  }
  return {
    title: `${asked} asks for client certificates, and there is no CA to verify them with in ${pair} or in ${name}`,
    what: `${pair} has no ca.crt (or cacert), and there is no Secret ${namespace}/${name} either. Envoy waits for ${use.sdsName}.`,
  };
}

function faultOf(evidence: Evidence, lack: LackingCa): Fault {
  const { use, servers, seen, confidence, keys } = lack;
  const { title, what } = wordsFor(lack);
  const { fallback, namespace, name } = use;
  const refs = [name, ...(fallback === undefined ? [] : [fallback])];
  return {
    subject: subjectFor(lack),
    title,
    message: `${what} Every handshake of these hosts is reset, with and without a client certificate.`,
    evidence:
      seen.length > 0
        ? seen
        : [{ source: 'resource', ref: named(use.server.owner), detail: `${use.path}: ${use.written}` }],
    affects: servers.map((server) => ({ server })),
    confidence,
    related: [subjectOf(use.server.owner, use.path)],
    touches: isConfigMap(use) ? [] : refs.map((one) => ({ apiVersion: 'v1', kind: 'Secret', namespace, name: one })),
    fix: fixOf(evidence, lack),
    confirm: confirmHost(use.server.hosts[0]?.host),
    misleading:
      fallback !== undefined && keys.length > 0
        ? [`istiod says “found secret, but didn't have expected keys” of ${fallback}, the fallback, and names ${name}.`]
        : [],
    ...(confidence < 0.6 && { decidedBy: `the keys of Secret ${namespace}/${fallback ?? name}` }),
  };
}

/** A server that asks for client certificates gets no CA to verify them with. */
export const mtlsCaMissing: Check = {
  name: 'mtls-ca-missing',
  title: 'Every server that asks for client certificates has a CA',
  group: 'mutual-tls',
  kind: 'cause',
  severity: 'error',
  step: 'credential',
  reads: ['secret', 'resource', 'istiod-log', 'gateway-log', 'config-dump'],
  explains: credentialNeverCame,
  *inspect(evidence): Iterable<Judgement> {
    for (const lack of lackingCas(evidence)) if (lack.why !== 'wrong-key') yield faultOf(evidence, lack);
    const unseen = Map.groupBy(unseenCas(evidence), ({ namespace, name }) => `${namespace}/${name}`);
    for (const [place, [first]] of unseen) {
      if (first?.state.state !== 'unknown') continue;
      yield {
        blind: first.state.gap,
        about: `whether ${place} holds a CA for clients`,
        affects: [{ server: first.server }],
      };
    }
  },
};
