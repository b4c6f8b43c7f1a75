import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { resourceOf } from '../../src/kubernetes/resource.ts';

const pod = {
  initContainers: [{ name: 'init', env: [{ name: 'TOKEN', value: 'hunter2' }] }],
  containers: [
    {
      name: 'app',
      env: [
        { name: 'PASSWORD', value: 'hunter2' },
        { name: 'FROM', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } },
      ],
    },
  ],
};

test('an object keeps its metadata, as far as it is needed, and its body', () => {
  const resource = resourceOf(
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {
        name: 'shop',
        namespace: 'shop',
        uid: 'u-1',
        resourceVersion: '17',
        creationTimestamp: '2026-01-01T00:00:00Z',
        labels: { app: 'shop' },
        annotations: { note: 'kept', 'kubectl.kubernetes.io/last-applied-configuration': '{"data":"hunter2"}' },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Shop', name: 'shop', controller: true }, 'nonsense'],
        managedFields: [
          { manager: 'helm', operation: 'Update', time: '2026-02-01T00:00:00Z', fieldsV1: { 'f:data': {} } },
          { manager: 'undated' },
        ],
      },
      spec: { replicas: 2, template: { spec: pod } },
      status: { readyReplicas: 1 },
    },
    { file: 'shop.yaml', line: 7 },
  );
  assert.deepEqual(resource, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    namespace: 'shop',
    name: 'shop',
    labels: { app: 'shop' },
    annotations: { note: 'kept' },
    owners: [{ apiVersion: 'v1', kind: 'Shop', name: 'shop', controller: true }],
    changes: [{ at: '2026-02-01T00:00:00Z', by: 'helm', operation: 'Update' }],
    createdAt: '2026-01-01T00:00:00Z',
    resourceVersion: '17',
    uid: 'u-1',
    origin: { file: 'shop.yaml', line: 7 },
    body: {
      spec: {
        replicas: 2,
        template: {
          spec: {
            initContainers: [{ name: 'init', env: [{ name: 'TOKEN' }] }],
            containers: [
              {
                name: 'app',
                env: [
                  { name: 'PASSWORD' },
                  { name: 'FROM', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } },
                ],
              },
            ],
          },
        },
      },
      status: { readyReplicas: 1 },
    },
  });
});

test('environment values are left out wherever a pod stands', () => {
  for (const body of [
    { kind: 'Pod', spec: pod },
    { kind: 'CronJob', spec: { jobTemplate: { spec: { template: { spec: pod } } } } },
    { kind: 'List', items: [{ kind: 'Pod', spec: pod }] },
  ]) {
    const text = JSON.stringify(resourceOf(body));
    assert.ok(!text.includes('hunter2'));
    assert.ok(text.includes('secretKeyRef'));
  }
});

test('nonsense is an object without kind and name', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (document) => {
      const { kind, name } = resourceOf({ ...document, kind: 7, metadata: [document] });
      assert.deepEqual([kind, name], ['', '']);
    }),
  );
});
