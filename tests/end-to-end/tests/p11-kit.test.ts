/**
 * p11-kit's proxy and server as modules of other makers. Both gather modules: OpenSC's, which knows our token, too, and ours, registered as
 * `kagibashi install` does it: asked for its tokens, it would ask for theirs.
 */
import assert from 'node:assert/strict';
import { createHash, verify, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { BOUNDED } from '../scene/deadline.ts';
import { Home } from '../scene/home.ts';
import { P11Kit } from '../scene/p11-kit.ts';
import { pkcs11Module, program } from '../scene/places.ts';
import { PIN } from '../scene/token.ts';
import { tokenAlone } from '../scene/token-alone.ts';
import { VendorToken } from '../scene/vendor-token.ts';

const ORIGIN = 'https://portal.example.jp';
const NONCE = 'dGVzdC1ub25jZS10ZXN0LW5vbmNlLXRlc3Qtbm9uY2U=';

const { room, service, takeDown } = await tokenAlone();
const vendor = await VendorToken.make(room('vendor'));
const home = new Home(room('home'));
const environment = { ...home.environment, ...service.environment, ...vendor.environment };
const p11Kit = new P11Kit(room('p11-kit'), { softhsm2: vendor.module, opensc: 'opensc-pkcs11.so', kagibashi: pkcs11Module }, environment);

const kagibashi = (...args: string[]) => p11Kit.run(program('kagibashi'), args);

/** The layouts of the tokens that the host offers: ours, and one for each of a module's. */
async function layouts(): Promise<string[]> {
  const tokens = JSON.parse(await kagibashi('tokens', '--json')) as { layout: string }[];
  return tokens.map(({ layout }) => layout);
}

/** The labels of the tokens that a module offers to programs. */
async function offeredBy(module: string): Promise<string[]> {
  const listed = await p11Kit.run('pkcs11-tool', ['--module', module, '--list-slots']);
  return [...listed.matchAll(/token label +: (.*)/g)].map(([, label]) => label ?? '').toSorted();
}

/** Signs in with the token behind the module, as a page would have it. */
async function signsIn(): Promise<void> {
  const certificates = JSON.parse(await kagibashi('certificates', '--json')) as { id: string; issuer: string }[];
  const certificate = certificates.find(({ issuer }) => issuer === 'Other Test CA');
  assert.ok(certificate, JSON.stringify(certificates));
  const authenticate = ['authenticate', '--origin', ORIGIN, '--nonce', NONCE, '--certificate', certificate.id, '--pin-stdin'];
  const script = 'pin=$1; shift; printf %s "$pin" | "$@"';
  const answer = JSON.parse(await p11Kit.run('sh', ['-c', script, 'sh', PIN, program('kagibashi'), ...authenticate]));
  const { publicKey } = new X509Certificate(Buffer.from(answer.unverifiedCertificate, 'base64'));
  const hash = (text: string) => createHash('sha256').update(text).digest();
  const signed = Buffer.concat([hash(ORIGIN), hash(NONCE)]);
  const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
  assert.ok(verify('sha256', signed, key, Buffer.from(answer.signature, 'base64')));
}

test('the proxy: a token behind it is there once and signs, and our own module does not come back by it', BOUNDED, async () => {
  const added = JSON.parse(await kagibashi('module', 'add', p11Kit.proxy, '--name', 'proxy', '--json'));
  // SoftHSM's, and ours by OpenSC.
  assert.equal(added.tokens, 2);
  assert.deepEqual(await layouts(), ['PKCS#15', 'PKCS#11']);
  await signsIn();
  // Another program that loads our module, which starts an agent, which loads the proxy.
  const ours = ['SoftHSM', 'デモトークン'];
  assert.deepEqual(await offeredBy(pkcs11Module), ours);
  assert.deepEqual(await offeredBy(pkcs11Module), ours);
  await kagibashi('module', 'prefer', 'proxy', 'module');
  assert.deepEqual(await layouts(), ['PKCS#11', 'PKCS#11']);
  await kagibashi('module', 'remove', 'proxy');
});

test('a server: it offers our tokens to others, and to ourselves only those of other makers', BOUNDED, async () => {
  const server = await p11Kit.serve();
  takeDown.add(() => server.stop());
  assert.ok((await offeredBy(p11Kit.client)).includes('デモトークン'));
  const added = JSON.parse(await kagibashi('module', 'add', p11Kit.client, '--name', 'client', '--json'));
  // SoftHSM's, and ours by OpenSC.
  assert.equal(added.tokens, 2);
  assert.deepEqual(await layouts(), ['PKCS#15', 'PKCS#11']);
  await signsIn();
});
