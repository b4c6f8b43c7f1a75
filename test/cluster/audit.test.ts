import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openAuditFile, type AuditRecord } from '../../src/sources/cluster/audit.ts';
import { dryRun } from '../../src/sources/cluster/dry-run.ts';
import { createTransport } from '../../src/sources/cluster/transport.ts';
import { json, refuse, startServer } from '../support/api-server/https-server.ts';
import { folderFor, writeKubeconfig } from '../support/api-server/kubeconfig-file.ts';
import { openAccess } from '../support/api-server/open-api.ts';

const record: AuditRecord = {
  time: '2026-01-01T00:00:00.000Z',
  method: 'GET',
  path: '/api',
  query: '',
  status: 200,
  ms: 3,
};

describe('--audit FILE', () => {
  it('is a new file of JSON lines that only its owner can read', (t) => {
    const path = join(folderFor(t), 'audit.jsonl');
    const file = openAuditFile(path);
    file.write(record);
    // Each line is there at once: an interrupted run leaves a whole record.
    assert.equal(readFileSync(path, 'utf8'), `${JSON.stringify(record)}\n`);
    file.write({ ...record, status: null, error: 'ECONNRESET' });
    file.close();
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).status),
      [200, null],
    );
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('is never written over another, nor into a folder that is not there', (t) => {
    const path = join(folderFor(t), 'audit.jsonl');
    writeFileSync(path, 'mine');
    assert.throws(() => openAuditFile(path), { code: 'audit-file-exists', exit: 2 });
    assert.equal(readFileSync(path, 'utf8'), 'mine');
    assert.throws(() => openAuditFile(join(path, 'x')), { code: 'audit-file-unwritable', exit: 2, message: /ENOTDIR/ });
  });
});

describe('a write that is only tried', () => {
  const gateway = {
    group: 'networking.istio.io',
    version: 'v1',
    kind: 'Gateway',
    resource: 'gateways',
    namespaced: true,
  };
  const patch = { contentType: 'application/json-patch+json', body: '[]' } as const;

  it('always says dryRun=All, and is marked in the audit', async (t) => {
    const server = await startServer(({ path }, response) => {
      if (path.endsWith('/good')) json(response, 200, {});
      else if (path.endsWith('/bad'))
        refuse(response, 422, 'Invalid', 'admission webhook "validation.istio.io" denied it');
      else refuse(response, 403, 'Forbidden', 'User "joe" cannot patch resource "gateways"');
    });
    t.after(() => server.close());
    const records: AuditRecord[] = [];
    const kubeconfig = writeKubeconfig(folderFor(t), { server: server.url }, { token: 'sesame' });
    const access = await openAccess(t, { kubeconfig });
    const transport = createTransport(access, { signal: AbortSignal.timeout(5000), audit: (one) => records.push(one) });
    const trial = (name: string) => dryRun(transport, { kind: gateway, namespace: 'shop', name, patch });
    assert.deepEqual(await trial('good'), { outcome: 'accepted' });
    assert.deepEqual(await trial('bad'), {
      outcome: 'refused',
      message: 'admission webhook "validation.istio.io" denied it',
    });
    assert.match(
      JSON.stringify(await trial('other')),
      /patch gateways\.networking\.istio\.io\/other in namespace shop/,
    );
    assert.equal((await trial('..')).outcome, 'refused');
    assert.equal(server.seen.length, 3);
    for (const { method, query, headers } of server.seen) {
      assert.equal(method, 'PATCH');
      assert.deepEqual(query.getAll('dryRun'), ['All']);
      assert.equal(headers['content-type'], 'application/json-patch+json');
    }
    assert.deepEqual(
      records.map(({ method, dryRun: mark, status }) => [method, mark, status]),
      [
        ['PATCH', true, 200],
        ['PATCH', true, 422],
        ['PATCH', true, 403],
      ],
    );
  });

  it('cannot be made a real write by its caller', async (t) => {
    const server = await startServer((_, response) => json(response, 200, {}));
    t.after(() => server.close());
    const kubeconfig = writeKubeconfig(folderFor(t), { server: server.url }, {});
    const transport = createTransport(await openAccess(t, { kubeconfig }), { signal: AbortSignal.timeout(5000) });
    const query = new URLSearchParams({ dryRun: '' });
    (await transport.send({ do: 'try', path: '/api/v1/x', query, patch })).done();
    assert.deepEqual(server.seen[0]?.query.getAll('dryRun'), ['All']);
  });
});
