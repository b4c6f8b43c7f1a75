import type { BackendTls } from '../../facts/backend-tls.ts';
import { named } from '../../kubernetes/names.ts';
import { listAt, numberAt } from '../../kubernetes/read.ts';
import type { Fix } from '../../model/finding.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Resource } from '../../model/resource.ts';
import {
  applyManifest,
  deleteObject,
  jsonPatch,
  mergePatch,
  ownerOfNamespace,
  pointerOf,
  valueAt,
} from '../remedies.ts';
import { decisionOn, fieldChange } from './field-change.ts';

/** A DestinationRule that has the gateway speak TLS to one port of a backend, and verify whom it speaks to. */
function originate({ use, rule }: BackendTls): Fix {
  const { backend } = use;
  const tls = { mode: 'SIMPLE', sni: '<NAME_IN_ITS_CERTIFICATE>', credentialName: '<SECRET_WITH_ITS_CA>' };
  const level = { port: { number: backend.port ?? 443 }, tls };
  const summary =
    'originate TLS: mode SIMPLE for that port, with the CA that its certificate is of; or route to a plaintext port of the backend';
  const doNot = [
    'leave the CA away for good: older releases then take any certificate, and newer ones verify by the system’s',
  ];
  if (rule) {
    const field = 'spec.trafficPolicy.portLevelSettings';
    const others = listAt(valueAt(rule, field)).filter((one) => numberAt(one, 'port', 'number') !== backend.port);
    return {
      summary,
      commands: [mergePatch(rule, { spec: { trafficPolicy: { portLevelSettings: [...others, level] } } })],
      undo: [mergePatch(rule, { spec: { trafficPolicy: { portLevelSettings: valueAt(rule, field) ?? null } } })],
      doNot,
      ...decisionOn(rule),
    };
  }
  const namespace = backend.service?.namespace ?? backend.entry?.resource.namespace ?? use.owner.namespace;
  const name = `${backend.service?.name ?? backend.entry?.resource.name ?? 'backend'}-tls`;
  const manifest: JsonObject = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name, namespace },
    spec: { host: backend.host, trafficPolicy: { portLevelSettings: [level] } },
  };
  return {
    summary,
    owner: ownerOfNamespace(namespace),
    commands: [applyManifest(manifest)],
    undo: [deleteObject({ apiVersion: 'networking.istio.io/v1', kind: 'DestinationRule', namespace, name })],
    doNot: [...doNot, 'rename the port to http: that does not change what the backend speaks'],
  };
}

/** Without the block the mesh decides for each endpoint: its own TLS where a proxy takes it, else plaintext. */
function leaveToMesh(rule: Resource, path: string): Fix {
  const pointer = pointerOf(path);
  const old = valueAt(rule, path) ?? null;
  return {
    summary: `take ${path} out of ${named(rule)}: the mesh then chooses by itself what each endpoint can take`,
    commands: [
      jsonPatch(rule, [
        { op: 'test', path: pointer, value: old },
        { op: 'remove', path: pointer },
      ]),
    ],
    undo: [jsonPatch(rule, [{ op: 'add', path: pointer, value: old }])],
    doNot: [],
    ...decisionOn(rule),
  };
}

/** What mends one trouble. */
export function backendTlsFix(about: BackendTls): Fix {
  const { trouble, rule, tls } = about;
  if (!rule || !tls || trouble === 'plaintext-to-tls') return originate(about);
  if (trouble === 'not-verified') {
    return fieldChange(rule, `${tls.path}.credentialName`, '<SECRET_WITH_ITS_CA>', {
      summary: 'name the CA of the backend’s certificate, and the names that it has (subjectAltNames)',
      doNot: ['set insecureSkipVerify: the gateway would then send requests to whoever answers'],
    });
  }
  if (trouble === 'wrong-name') {
    return fieldChange(rule, `${tls.path}.sni`, '<NAME_IN_ITS_CERTIFICATE>', {
      summary: 'send the name that the backend knows',
    });
  }
  if (trouble === 'client-certificate') {
    return fieldChange(rule, `${tls.path}.credentialName`, '<SECRET>', {
      summary: 'name a Secret that is in the namespace of the gateway’s pods, with certificate and key',
    });
  }
  return leaveToMesh(rule, tls.path);
}
