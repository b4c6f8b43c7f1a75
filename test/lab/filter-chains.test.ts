import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { withMetadata } from '../../src/lab/api-server/object.ts';
import type { KubernetesObject } from '../../src/lab/api-server/object.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { askHttp2, meet, say } from './client.ts';
import {
  gateway,
  httpsServer,
  inWorld,
  object,
  pair,
  serialOf,
  simple,
  tlsSecret,
  virtualService,
} from './gateway-world.ts';

suite('which filter chain takes a connection', () => {
  const [exact, wildcard, all] = [pair('a.b.example'), pair('*.b.example'), pair('*.example')];
  const objects = [
    tlsSecret('edge/exact', exact),
    tlsSecret('edge/wildcard', wildcard),
    tlsSecret('edge/all', all),
    gateway('shop/names', [
      httpsServer(['a.b.example'], simple('exact')),
      httpsServer(['*.b.example'], simple('wildcard')),
    ]),
    virtualService('shop/names', ['*.b.example'], ['names']),
  ];

  test('the exact name, then the longest wildcard at any depth; no name at all finds none', async () => {
    await inWorld(objects, async (world) => {
      assert.equal((await meet(world, 'a.b.example')).serialNumber, serialOf(exact));
      assert.equal((await meet(world, 'A.B.EXAMPLE')).serialNumber, serialOf(exact));
      assert.equal((await meet(world, 'c.d.b.example')).serialNumber, serialOf(wildcard));
      for (const name of ['b.example', 'other.example', undefined]) {
        assert.deepEqual(await meet(world, name), { outcome: 'ECONNRESET' }, name);
      }
      assert.equal(await say(world, 443, 'GET / HTTP/1.1\r\n\r\n'), 'ECONNRESET');
      const refused = world.log('gateway').filter((line) => line.includes('NR filter_chain_not_found'));
      assert.deepEqual(
        refused.map((line) => line.split(' ').at(-2)),
        ['b.example', 'other.example', '-', '-'],
      );
    });
  });

  test('a server for every host takes the rest, clients without SNI too, and says nothing to plain text', async () => {
    const rest = gateway('shop/rest', [httpsServer(['*'], simple('all'))]);
    await inWorld([...objects, rest], async (world) => {
      assert.equal((await meet(world, undefined)).serialNumber, serialOf(all));
      assert.equal((await meet(world, 'other.example')).serialNumber, serialOf(all));
      assert.equal((await meet(world, 'a.b.example')).serialNumber, serialOf(exact));
      assert.equal(await say(world, 443, 'GET / HTTP/1.1\r\n\r\n'), '');
    });
  });
});

suite('servers that meet on a port', () => {
  const [older, younger] = [pair('a.example'), pair('a.example')];
  const secrets = [tlsSecret('edge/older', older), tlsSecret('edge/younger', younger)];
  const plain = { port: { number: 443, name: 'plain', protocol: 'HTTP' }, hosts: ['*'] };

  test('the older Gateway keeps the host, and the younger server is left out whole', async () => {
    const gateways = [
      gateway('shop/younger', [httpsServer(['a.example', 'b.example'], simple('younger'))], 1),
      gateway('shop/older', [httpsServer(['a.example'], simple('older'))], 2),
    ];
    await inWorld([...secrets, ...gateways], async (world) => {
      assert.equal((await meet(world, 'a.example')).serialNumber, serialOf(older));
      assert.equal((await meet(world, 'b.example')).outcome, 'ECONNRESET');
      const line = 'warn\tmodel\tskipping server on gateway shop/younger, duplicate host names: [a.example]';
      assert.ok(world.log('istiod').includes(line));
      assert.ok(!world.log('istiod').some((text) => text.includes('younger,') && text.includes('SDS')));
    });
  });

  test('an older plaintext server takes the port from TLS', async () => {
    const gateways = [
      gateway('shop/plain', [plain], 2),
      gateway('shop/tls', [httpsServer(['a.example'], simple('older'))], 1),
    ];
    await inWorld([...secrets, ...gateways], async (world) => {
      assert.equal((await meet(world, 'a.example')).outcome, 'ERR_SSL_WRONG_VERSION_NUMBER');
      assert.match(await say(world, 443, 'nonsense\r\n\r\n'), /^HTTP\/1\.1 400 Bad Request/);
      const line =
        'info\tmodel\tskipping server on gateway tls port https-a.example.443.HTTPS: conflict with existing server 443.HTTPS';
      assert.ok(world.log('istiod').includes(line));
      assert.ok(world.log('gateway').some((text) => text.includes('"- - HTTP/1.1" 400 DPE http1.codec_error')));
    });
  });

  test('a younger plaintext server joins TLS, and takes every name that is left', async () => {
    const gateways = [
      gateway('shop/plain', [plain], 1),
      gateway('shop/tls', [httpsServer(['a.example'], simple('older'))], 2),
    ];
    await inWorld([...secrets, ...gateways], async (world) => {
      assert.equal((await meet(world, 'a.example')).serialNumber, serialOf(older));
      assert.equal((await meet(world, 'b.example')).outcome, 'ERR_SSL_WRONG_VERSION_NUMBER');
      assert.ok(!world.log('istiod').some((text) => text.includes('conflict')));
    });
  });

  test('names that differ only in case or in a prefix make Envoy refuse the listener, and keep the old one', async () => {
    const good = gateway('shop/good', [httpsServer(['a.example'], simple('older'))], 3);
    await inWorld([...secrets, good], async (world) => {
      await world.put(gateway('shop/same', [httpsServer(['shop/a.example'], simple('younger'))], 2));
      assert.equal((await meet(world, 'a.example')).serialNumber, serialOf(older));
      const text = `Error adding/updating listener(s) 0.0.0.0_443: error adding listener '0.0.0.0:443': filter chain '' has the same matching rules defined as ''. duplicate matcher is: {"server_names":["a.example"]}`;
      assert.ok(world.log('istiod').includes(`warn\tdelta\tADS:LDS: ACK ERROR gateway-1.edge-1 Internal:${text}`));
      assert.ok(
        world
          .log('gateway')
          .some((line) =>
            line.endsWith(`delta config for type.googleapis.com/envoy.config.listener.v3.Listener rejected: ${text}`),
          ),
      );
    });
    const cases = gateway('shop/cases', [httpsServer(['A.example'], simple('younger'))], 2);
    await inWorld([...secrets, good, cases], async (world) => {
      assert.equal((await meet(world, 'a.example')).outcome, 'ECONNREFUSED');
    });
  });

  test('a port that no Service has opens under its own number; a translated one under the pod’s', async () => {
    const [own, translated] = [
      httpsServer(['a.example'], simple('older'), 8443),
      httpsServer(['a.example'], simple('older')),
    ];
    const service = object('v1', 'Service', 'edge/edge', {
      spec: { selector: { istio: 'edge' }, ports: [{ name: 'https', port: 443, targetPort: 9443 }] },
    });
    await inWorld(
      [...secrets, gateway('shop/a', [own, { ...translated, hosts: ['b.example'] }]), service],
      async (world) => {
        assert.equal((await meet(world, 'a.example', { port: 8443 })).outcome === 'ECONNRESET', false);
        assert.equal((await meet(world, 'b.example', { port: 443 })).outcome, 'ECONNREFUSED');
        assert.notEqual((await meet(world, 'b.example', { port: 9443 })).serialNumber, undefined);
      },
    );
  });

  test('a Gateway of another revision, or one that selects other pods, opens nothing', async () => {
    const tls = httpsServer(['a.example'], simple('older'));
    const revised = gateway('shop/revised', [tls]);
    const other = object('networking.istio.io/v1', 'Gateway', 'shop/other', {
      spec: { selector: { istio: 'x' }, servers: [tls] },
    });
    const labelled = withMetadata(revised, { labels: { 'istio.io/rev': '1-28' } });
    await inWorld([...secrets, labelled, other], async (world) => {
      assert.equal((await meet(world, 'a.example')).outcome, 'ECONNREFUSED');
    });
  });
});

suite('TLS settings of a server', () => {
  const server = pair('a.example');
  const world = (tls: JsonObject): readonly KubernetesObject[] => [
    tlsSecret('edge/a-tls', server),
    gateway('shop/a', [httpsServer(['a.example'], { ...simple('a-tls'), ...tls })]),
    virtualService('shop/a', ['a.example'], ['a']),
  ];

  test('versions', async () => {
    await inWorld(world({ minProtocolVersion: 'TLSV1_3' }), async (made) => {
      assert.equal(
        (await meet(made, 'a.example', { maxVersion: 'TLSv1.2' })).outcome,
        'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
      );
      assert.equal((await meet(made, 'a.example')).protocol, 'TLSv1.3');
    });
    await inWorld(world({ maxProtocolVersion: 'TLSV1_2' }), async (made) => {
      assert.equal((await meet(made, 'a.example')).protocol, 'TLSv1.2');
    });
    await inWorld(world({}), async (made) => {
      const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
      assert.equal((await meet(made, 'a.example', old)).outcome, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    });
  });

  test('ciphers that the certificate cannot use', async () => {
    await inWorld(
      world({ cipherSuites: ['ECDHE-RSA-AES128-GCM-SHA256'], maxProtocolVersion: 'TLSV1_2' }),
      async (made) => {
        assert.match((await meet(made, 'a.example')).outcome, /ALERT_HANDSHAKE_FAILURE$/);
      },
    );
  });

  test('ALPN: HTTP/2, HTTP/1.1, nothing, and nothing in common', async () => {
    await inWorld(world({}), async (made) => {
      assert.equal(await askHttp2(made, 'a.example'), 200);
      assert.equal((await meet(made, 'a.example', { ALPNProtocols: ['http/1.1'] })).alpn, 'http/1.1');
      assert.equal((await meet(made, 'a.example')).alpn, '');
      const stranger = await meet(made, 'a.example', { ALPNProtocols: ['imap'] });
      assert.deepEqual([stranger.alpn, stranger.status], ['', 'HTTP/1.1 200 OK']);
    });
  });

  test('subjectAltNames without a CA make Envoy refuse the listener', async () => {
    await inWorld(world({ subjectAltNames: ['b.example'] }), async (made) => {
      assert.equal((await meet(made, 'a.example')).outcome, 'ECONNREFUSED');
      assert.ok(
        made
          .log('istiod')
          .some((line) => line.includes('SAN-based verification of peer certificates without trusted CA is insecure')),
      );
    });
  });
});
