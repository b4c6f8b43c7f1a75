import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { Command } from '../../src/model/finding.ts';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import { probe } from '../../src/sources/probe/probe.ts';
import type { ProbePlan } from '../../src/sources/probe/plan.ts';
import { equivalentCommands } from '../../src/tls/equivalent-commands.ts';
import type { Asked } from '../../src/tls/equivalent-commands.ts';
import { noOpenssl } from '../pki/openssl.ts';
import { clientOf, host, keyPair, noSignal, planFor, root, tlsServer } from '../probe/peers.ts';

const noCurl = spawnSync('curl', ['--version']).status === 0 ? false : 'there is no curl command here';

const asked: Asked = {
  host,
  sni: host,
  address: '192.0.2.7',
  port: 443,
  via: 'load-balancer',
  clientCertificate: 'none',
  offered: { min: 'TLSv1.2', max: 'TLSv1.3', alpn: ['h2', 'http/1.1'] },
  trust: 'ca.crt',
};

function words(commands: readonly Command[]): readonly string[] {
  return commands.map(({ argv, pipe }) => [...argv, ...(pipe ? ['|', ...pipe.argv] : [])].join(' '));
}

suite('a probe is repeated', () => {
  const cases: Readonly<Record<string, readonly [Partial<Asked>, readonly string[]]>> = {
    'as it was': [
      {},
      [
        `curl -sv -o /dev/null --noproxy * --resolve ${host}:443:192.0.2.7 --cacert ca.crt --tlsv1.2 https://${host}/`,
        `echo | openssl s_client -connect 192.0.2.7:443 -servername ${host} -verify_hostname ${host} -CAfile ca.crt -min_protocol TLSv1.2 -max_protocol TLSv1.3 -alpn h2,http/1.1 -showcerts`,
      ],
    ],
    'without a server name': [
      { sni: null, address: '2001:db8::7', trust: 'system' },
      [
        `curl -sv -o /dev/null --noproxy * -H Host: ${host} -k --tlsv1.2 https://[2001:db8::7]/`,
        `echo | openssl s_client -connect [2001:db8::7]:443 -noservername -verify_hostname ${host} -min_protocol TLSv1.2 -max_protocol TLSv1.3 -alpn h2,http/1.1 -showcerts`,
      ],
    ],
    'to a pod': [
      { via: 'pod', pod: 'istio-ingress/gateway-1', address: '10.244.20.10', port: 443, trust: 'none' },
      [
        'kubectl -n istio-ingress port-forward pod/gateway-1 8443:443',
        `curl -sv -o /dev/null --noproxy * --connect-to ${host}:443:127.0.0.1:8443 -k --tlsv1.2 https://${host}/`,
        `echo | openssl s_client -connect 127.0.0.1:8443 -servername ${host} -min_protocol TLSv1.2 -max_protocol TLSv1.3 -alpn h2,http/1.1 -showcerts`,
      ],
    ],
    'with another name, a client certificate and less than usual': [
      {
        sni: 'other.example.com',
        clientCertificate: 'CN=client',
        offered: { min: 'TLSv1', max: 'TLSv1.2', ciphers: 'AES128-SHA', alpn: [] },
        http: { path: '/a' },
      },
      [
        `curl -sv -o /dev/null --noproxy * --resolve other.example.com:443:192.0.2.7 -H Host: ${host} -k --cert <CLIENT_CERT> --key <CLIENT_KEY> --tlsv1.0 --tls-max 1.2 --ciphers AES128-SHA --no-alpn https://other.example.com/a`,
        `echo | openssl s_client -connect 192.0.2.7:443 -servername other.example.com -verify_hostname ${host} -CAfile ca.crt -cert <CLIENT_CERT> -key <CLIENT_KEY> -min_protocol TLSv1 -max_protocol TLSv1.2 -cipher AES128-SHA -showcerts`,
      ],
    ],
    'in clear': [
      { scheme: 'http', sni: null, port: 80 },
      [`curl -sv -o /dev/null --noproxy * --resolve ${host}:80:192.0.2.7 http://${host}/`],
    ],
    'behind a PROXY header': [
      { proxyProtocol: true },
      [
        `curl -sv -o /dev/null --noproxy * --resolve ${host}:443:192.0.2.7 --haproxy-protocol --cacert ca.crt --tlsv1.2 https://${host}/`,
      ],
    ],
  };
  for (const [name, [changes, expected]] of Object.entries(cases)) {
    test(name, () => assert.deepEqual(words(equivalentCommands({ ...asked, ...changes })), expected));
  }
});

suite('the commands see what the probe saw', { skip: noCurl || noOpenssl }, () => {
  const client = mintCertificate({ subject: 'CN=client' }, root);

  /** A folder with the files that commands name, gone with the test. */
  function folder(t: TestContext): string {
    const path = mkdtempSync(join(tmpdir(), 'istls-'));
    t.after(() => rmSync(path, { recursive: true }));
    const files = { 'ca.crt': root.certificatePem, 'c.crt': client.certificatePem, 'c.key': client.privateKeyPem };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text, { mode: 0o600 });
    return path;
  }

  const plans: Readonly<Record<string, Partial<ProbePlan>>> = {
    'a name': {},
    'no name': { sni: null },
    'another name': { sni: 'other.example.com' },
    'a client certificate': { client: clientOf(client) },
    'TLS 1.2': { max: 'TLSv1.2' },
    'HTTP/1.1': { alpn: ['http/1.1'] },
    'a path': { request: { path: '/a/b' } },
  };
  for (const [name, changes] of Object.entries(plans)) {
    test(`with ${name}`, async (t) => {
      const seen: string[] = [];
      const port = await tlsServer(
        t,
        {
          ...keyPair,
          requestCert: true,
          rejectUnauthorized: false,
          ca: root.certificatePem,
          ALPNProtocols: ['http/1.1'],
        },
        (socket) => {
          const facts = [
            socket.servername,
            socket.getProtocol(),
            socket.alpnProtocol,
            socket.getPeerCertificate().subject?.CN,
          ];
          socket.once('data', (head) => {
            const [line] = head.toString().split('\r\n');
            seen.push([...facts, head.toString().match(/^host: (.*)\r$/im)?.[1], line].join(' '));
            socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
          });
          socket.once('end', () => seen.push(facts.join(' ')));
        },
      );
      const record = await probe(planFor(port, { ...changes, followUp: false }), noSignal);
      const cwd = folder(t);
      const [curl, openssl] = equivalentCommands(record, { certFile: 'c.crt', keyFile: 'c.key' });
      assert.ok(curl && openssl?.pipe);
      await run(curl.argv, cwd);
      const shown = await run(openssl.pipe.argv, cwd, '\n');
      const [byProbe, byCurl] = seen.filter((line) => line.includes('GET'));
      assert.equal(record.http?.status, 200);
      assert.equal(byCurl, byProbe);
      assert.ok(shown.includes(root.certificatePem.split('\n')[1] ?? '?') || shown.includes('BEGIN CERTIFICATE'));
      assert.match(shown, /Verif(?:ication: OK|y return code: 0 \(ok\))/);
    });
  }
});

/** Runs a command to its end, whatever that is, while the server of this process answers. */
async function run([program = '', ...args]: readonly string[], cwd: string, input = ''): Promise<string> {
  if (input === '') return (await promisify(execFile)(program, args, { cwd })).stdout;
  const child = spawn(program, args, { cwd, stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.end(input);
  let output = '';
  for await (const chunk of child.stdout) output += String(chunk);
  return output;
}
