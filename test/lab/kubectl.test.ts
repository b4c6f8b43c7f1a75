import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { startLab } from '../../src/lab/lab.ts';
import type { Lab } from '../../src/lab/lab.ts';
import { programsMissing, run } from './programs.ts';
import type { Ran } from './programs.ts';

suite('real kubectl against a lab', { skip: programsMissing('kubectl') }, () => {
  let lab: Lab;
  before(async () => {
    lab = await startLab('secret-missing');
  });
  after(() => lab.close());

  const kubectl = (line: string, input = ''): Promise<Ran> => run('kubectl', line.split(' '), { input, env: lab.env });
  async function succeeds(line: string, input?: string): Promise<string> {
    const { code, out, err } = await kubectl(line, input);
    assert.equal(code, 0, `kubectl ${line}: ${err}`);
    return out;
  }

  test('get: tables, wide tables, by short name, by category, as JSON path', async () => {
    assert.match(await succeeds('get gw -A'), /^NAMESPACE +NAME +AGE\nlamps +lampshop +7d\n$/);
    assert.match(await succeeds('get pods -n istio-ingress -o wide'), /1\/1 +Running +0 +7d +127\.0\.0\.1 +loopback/);
    assert.match(
      await succeeds('get svc -n istio-ingress'),
      new RegExp(`LoadBalancer +127\\.0\\.0\\.1 +127\\.0\\.0\\.1 +${lab.ports.http}/TCP,${lab.ports.https}/TCP`),
    );
    assert.match(
      await succeeds('get all -n lamps'),
      /pod\/lampshop-.*\n\nNAME.*\nservice\/lampshop[\s\S]*deployment\.apps\/lampshop/,
    );
    assert.equal(await succeeds('get vs -n lamps -o jsonpath={.items[*].spec.hosts[0]}'), 'shop.umbra-lamps.example');
    assert.equal(
      (await kubectl('get certificates')).err,
      'error: the server doesn\'t have a resource type "certificates"\n',
    );
    assert.equal(
      (await kubectl('get secret nothing')).err,
      'Error from server (NotFound): secrets "nothing" not found\n',
    );
  });

  test('describe, api-resources, version', async () => {
    assert.match(
      await succeeds('describe gateways.networking.istio.io lampshop -n lamps'),
      /Credential Name: +lampshop-tls-cert\n/,
    );
    assert.match(await succeeds('describe secret lampshop-tls -n istio-ingress'), /tls\.key: +\d+ bytes/);
    assert.match(
      await succeeds('describe service istio-ingressgateway -n istio-ingress'),
      new RegExp(`Endpoints: +127\\.0\\.0\\.1:${lab.ports.https}\n`),
    );
    assert.match(
      await succeeds('api-resources --api-group=networking.istio.io'),
      /virtualservices +vs +networking\.istio\.io\/v1 +true +VirtualService/,
    );
    assert.match(await succeeds('version'), /Server Version: v1\.35\./);
  });

  test('apply: created, unchanged, configured, and what it left in the object', async () => {
    const manifest = (host: string): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: applied, namespace: lamps }
spec: { hosts: [${host}], gateways: [lampshop], http: [{ route: [{ destination: { host: lampshop } }] }] }
`;
    const name = 'virtualservice.networking.istio.io/applied';
    assert.equal(await succeeds('apply -f -', manifest('a.example')), `${name} created\n`);
    assert.equal(await succeeds('apply -f -', manifest('a.example')), `${name} unchanged\n`);
    assert.match((await kubectl('diff -f -', manifest('b.example'))).out, /-\s+- a\.example\n\+\s+- b\.example/);
    assert.equal(
      await succeeds('apply -f - --dry-run=server', manifest('b.example')),
      `${name} configured (server dry run)\n`,
    );
    assert.equal(await succeeds('apply -f -', manifest('b.example')), `${name} configured\n`);
    assert.equal(
      await succeeds('apply --server-side --force-conflicts -f -', manifest('b.example')),
      `${name} serverside-applied\n`,
    );
    assert.equal(
      await succeeds('get vs applied -n lamps -o jsonpath={.metadata.generation},{.spec.hosts[0]}'),
      '2,b.example',
    );
    assert.equal(
      await succeeds('delete vs applied -n lamps'),
      `virtualservice.networking.istio.io "applied" deleted\n`,
    );
  });

  test('create, label, annotate, patch, replace, edit of Secrets and Services', async () => {
    assert.equal(await succeeds('create namespace bench'), 'namespace/bench created\n');
    assert.equal(await succeeds('create secret generic one -n bench --from-literal=ca.crt=x'), 'secret/one created\n');
    assert.equal(await succeeds('get secret one -n bench -o jsonpath={.type},{.data}'), 'Opaque,{"ca.crt":"eA=="}');
    assert.equal(await succeeds('label secret one -n bench a=b'), 'secret/one labeled\n');
    assert.equal(await succeeds('annotate secret one -n bench touched=now'), 'secret/one annotated\n');
    assert.equal(await succeeds('get secret -n bench -l a=b -o name'), 'secret/one\n');
    assert.equal(
      await succeeds('patch secret one -n bench -p {"data":{"ca.crt":null,"cacert":"eQ=="}}'),
      'secret/one patched\n',
    );
    assert.equal(await succeeds('get secret one -n bench -o jsonpath={.data}'), '{"cacert":"eQ=="}');
    const json = await succeeds('get secret one -n bench -o json');
    assert.equal(await succeeds('replace -f -', json.replace('eQ==', 'eg==')), 'secret/one replaced\n');
    assert.match(
      (await kubectl('replace -f -', json)).err,
      /the object has been modified; please apply your changes to the latest version/,
    );
    assert.equal(await succeeds('create service clusterip web -n bench --tcp=80:8080'), 'service/web created\n');
    assert.equal(await succeeds('get svc web -n bench -o jsonpath={.spec.ports[0].targetPort}'), '8080');
    assert.equal(await succeeds('delete namespace bench'), 'namespace "bench" deleted\n');
    assert.equal((await kubectl('get secrets -n bench')).err, 'No resources found in bench namespace.\n');
  });

  test('auth can-i, auth whoami, --as, and a viewer who is given one right after another', async () => {
    assert.equal(await succeeds('auth can-i list secrets'), 'yes\n');
    assert.match(await succeeds('auth whoami'), /Username +operator\n/);
    const may = async (what: string): Promise<string> => (await kubectl(`auth can-i ${what} --context lab-viewer`)).out;
    assert.equal(await may('get secrets -n istio-ingress'), 'no\n');
    assert.equal(
      (await kubectl('get secret lampshop-tls -n istio-ingress --context lab-viewer')).err,
      'Error from server (Forbidden): secrets "lampshop-tls" is forbidden: User "viewer" cannot get resource "secrets" in API group "" in the namespace "istio-ingress"\n',
    );
    await succeeds('create role look -n istio-ingress --verb=get --resource=secrets --resource-name=lampshop-tls');
    await succeeds('create rolebinding look -n istio-ingress --role=look --user=viewer');
    assert.equal(await may('get secrets/lampshop-tls -n istio-ingress'), 'yes\n');
    assert.equal(await may('get secrets/other -n istio-ingress'), 'no\n');
    assert.match(
      await succeeds('auth can-i --list -n istio-ingress --as viewer'),
      /secrets +\[\] +\[lampshop-tls\] +\[get\]/,
    );
    assert.equal(
      await succeeds('get secret lampshop-tls -n istio-ingress -o name --as viewer'),
      'secret/lampshop-tls\n',
    );
    assert.equal(
      (await kubectl('auth can-i list secrets -n lamps --as system:serviceaccount:istio-ingress:istio-ingressgateway'))
        .out,
      'no\n',
    );
  });

  test('logs of the gateway and of istiod, in the words of Istio', async () => {
    assert.match(
      await succeeds('logs deploy/istiod -n istio-system'),
      /\twarn\tads\tfailed to fetch key and certificate for kubernetes:\/\/lampshop-tls-cert: secret istio-ingress\/lampshop-tls-cert not found\n/,
    );
    assert.equal(await succeeds('logs deploy/istiod -n istio-system --tail=0'), '');
    assert.match(
      (await kubectl('logs deploy/istio-ingressgateway -n istio-ingress -c nothing')).err,
      /container nothing is not valid/,
    );
  });

  test('wait and watch', async () => {
    assert.match(await succeeds('wait pods -n lamps --all --for=condition=Ready --timeout=5s'), /condition met/);
    const watching = kubectl('get configmaps -n lamps --watch-only -o name --request-timeout=2s');
    await new Promise((resolve) => setTimeout(resolve, 500));
    await succeeds('create configmap seen -n lamps');
    assert.match((await watching).out, /configmap\/seen\n/);
  });

  test('exec and port-forward are refused with a reason', async () => {
    assert.match(
      (await kubectl('exec deploy/lampshop -n lamps -- ls')).err,
      /the lab runs no containers: there is nothing to exec/,
    );
    assert.match(
      (await kubectl('port-forward deploy/lampshop -n lamps :8080')).err,
      /the lab forwards ports over WebSockets \(v4\.channel\.k8s\.io\) only/,
    );
  });
});
