import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { authority } from './certificates.ts';

/** A folder of its own for one test, removed with it. */
export function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'istls-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const trusted = { 'certificate-authority-data': Buffer.from(authority.certificatePem).toString('base64') };

/** A kubeconfig with one context, `test`; the file's path. */
export function writeKubeconfig(folder: string, cluster: object, user: object, context: object = {}): string {
  const path = join(folder, 'config');
  const document = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'c', user: 'u', ...context } }],
    clusters: [{ name: 'c', cluster: { ...trusted, ...cluster } }],
    users: [{ name: 'u', user }],
  };
  writeFileSync(path, JSON.stringify(document));
  return path;
}

/** A credential plugin that prints what `credential` says, after running `before`; the `exec` entry of a user. */
export function writePlugin(folder: string, credential: object | string, before = ''): object {
  const path = join(folder, 'plugin.mjs');
  const output = typeof credential === 'string' ? credential : JSON.stringify(execCredential(credential));
  writeFileSync(path, `${before}\nprocess.stdout.write(${JSON.stringify(output)});\n`);
  return {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: process.execPath,
    args: [path],
    interactiveMode: 'IfAvailable',
  };
}

function execCredential(status: object): object {
  return { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status };
}
