import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BOUNDED, pause } from '../scene/deadline.ts';
import { NONCE, RawPage } from '../scene/raw-page.ts';
import { stage } from '../scene/stage.ts';
import { PIN } from '../scene/token.ts';
import { type AuthenticationToken, hashOf, isSignatureOf, isSignedFor } from '../scene/web-eid-signature.ts';

const scene = await stage();

const SITE = 'https://site.example';
await scene.browser.site(SITE, { '/': '<!doctype html><title>Site</title>' });
const site = async () => RawPage.listen(await scene.browser.tab(SITE));

/** The one of an authority: real, and with no key on the token. */
const OTHER_CERTIFICATE = readFileSync(join(await scene.token.authorities(), 'root.pem'), 'utf8').replaceAll(/-----.*?-----|\s/g, '');

/** An address that counts as secure for a page although it is not https. */
const insecure = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><title>Local</title>'));
await new Promise<void>((resolve) => insecure.listen(0, '127.0.0.1', resolve));
after(() => insecure.close());

test('status: three versions and nothing else, without a window', BOUNDED, async () => {
  const raw = await site();
  await raw.post({ action: 'web-eid:status', libraryVersion: '2.0.2' });
  const answer = await raw.answer('web-eid:status');
  assert.deepEqual(Object.keys(answer).sort(), ['action', 'extension', 'library', 'nativeApp']);
  assert.equal(answer['library'], '2.0.2');
  // Page libraries compare majors: a 2 works with every library in the field.
  assert.match(String(answer['extension']), /^2\.\d+\.\d+/);
  assert.match(String(answer['nativeApp']), /^2\.\d+\.\d+/);
  assert.equal(scene.browser.promptPages().length, 0);
});

test('authenticate: exactly the five fields, signed for the origin and the nonce', BOUNDED, async () => {
  const raw = await site();
  await raw.authenticate();
  await (await scene.browser.prompt()).enterPin(PIN);
  const answer = await raw.answer('web-eid:authenticate');
  assert.deepEqual(Object.keys(answer).sort(), ['action', 'algorithm', 'appVersion', 'format', 'signature', 'unverifiedCertificate']);
  assert.equal(answer['format'], 'web-eid:1.0');
  const token = answer as unknown as AuthenticationToken;
  assert.ok(isSignedFor(token, SITE, NONCE));
  assert.ok(!isSignedFor(token, `${SITE}/`, NONCE));
});

test('get-signing-certificate and sign: exactly their fields, and a signature of the hash', BOUNDED, async () => {
  const raw = await site();
  await raw.post({ action: 'web-eid:get-signing-certificate', libraryVersion: '2.0.2' });
  const choice = await (await scene.browser.prompt()).view('choose-certificate');
  await choice.goOn();
  const chosen = await raw.answer('web-eid:get-signing-certificate');
  assert.deepEqual(Object.keys(chosen).sort(), ['action', 'certificate', 'supportedSignatureAlgorithms']);
  const algorithms = chosen['supportedSignatureAlgorithms'] as Record<string, string>[];
  assert.ok(algorithms.some((one) => one['cryptoAlgorithm'] === 'RSA' && one['hashFunction'] === 'SHA-256' && one['paddingScheme'] === 'PKCS1.5'));
  await choice.closed();

  const { certificate } = chosen;
  await raw.post({ action: 'web-eid:sign', libraryVersion: '2.0.2', certificate, hash: hashOf('a text'), hashFunction: 'SHA-256' });
  const prompt = await scene.browser.prompt();
  await prompt.grant();
  await prompt.enterPin(PIN);
  const signed = await raw.answer('web-eid:sign');
  assert.deepEqual(Object.keys(signed).sort(), ['action', 'signature', 'signatureAlgorithm']);
  assert.deepEqual(signed['signatureAlgorithm'], { cryptoAlgorithm: 'RSA', hashFunction: 'SHA-256', paddingScheme: 'PKCS1.5' });
  assert.ok(isSignatureOf('a text', String(signed['signature']), String(certificate)));
});

test('what a page may get wrong is answered at once and without a window', BOUNDED, async () => {
  const raw = await site();
  const sign = { certificate: 'not base64', hash: hashOf(''), hashFunction: 'SHA-256' };
  for (const [action, fields, code] of [
    ['authenticate', { challengeNonce: 'n'.repeat(43) }, 'ERR_WEBEID_NATIVE_INVALID_ARGUMENT'],
    ['authenticate', { challengeNonce: 'n'.repeat(129) }, 'ERR_WEBEID_NATIVE_INVALID_ARGUMENT'],
    ['authenticate', {}, 'ERR_WEBEID_NATIVE_INVALID_ARGUMENT'],
    ['authenticate', { challengeNonce: 44 }, 'ERR_WEBEID_NATIVE_INVALID_ARGUMENT'],
    ['authenticate', { challengeNonce: NONCE, libraryVersion: 'x'.repeat(9000) }, 'ERR_WEBEID_UNKNOWN_ERROR'],
    ['sign', sign, 'ERR_WEBEID_NATIVE_INVALID_ARGUMENT'],
    ['sign', { ...sign, hash: 'AAAA' }, 'ERR_WEBEID_NATIVE_INVALID_ARGUMENT'],
    ['sign', { ...sign, hashFunction: 'MD5' }, 'ERR_WEBEID_NATIVE_INVALID_ARGUMENT'],
    ['sign', { ...sign, certificate: undefined }, 'ERR_WEBEID_NATIVE_INVALID_ARGUMENT'],
  ] as const) {
    await raw.post({ action: `web-eid:${action}`, libraryVersion: '2.0.2', ...fields });
    assert.equal(await raw.failure(`web-eid:${action}`), code, `${action} ${JSON.stringify(fields).slice(0, 80)}`);
  }
  assert.equal(scene.browser.promptPages().length, 0);
});

test('a certificate that no token holds is waited for, and the window says so', BOUNDED, async () => {
  const raw = await site();
  await raw.post({ action: 'web-eid:sign', libraryVersion: '2.0.2', certificate: OTHER_CERTIFICATE, hash: hashOf(''), hashFunction: 'SHA-256' });
  const prompt = await (await scene.browser.prompt()).view('waiting-for-token');
  await prompt.page.locator('[data-reason=certificate-not-found]').waitFor();
  await prompt.cancel();
  assert.equal(await raw.failure('web-eid:sign'), 'ERR_WEBEID_USER_CANCELLED');
});

test('a nonce of 44 and of 128 characters is signed as it came, base64 or not', BOUNDED, async () => {
  for (const nonce of ['日'.repeat(44), '?'.repeat(128)]) {
    const raw = await site();
    await raw.authenticate({ challengeNonce: nonce });
    await (await scene.browser.prompt()).enterPin(PIN);
    assert.ok(isSignedFor((await raw.answer('web-eid:authenticate')) as unknown as AuthenticationToken, SITE, nonce));
    await scene.browser.noPrompt();
  }
});

test('http://localhost counts as secure for the page, and is told that it is not', BOUNDED, async () => {
  const { port } = insecure.address() as AddressInfo;
  for (const host of ['localhost', '127.0.0.1']) {
    const raw = await RawPage.listen(await scene.browser.tab(`http://${host}:${port}/`));
    await raw.authenticate();
    assert.equal(await raw.failure('web-eid:authenticate'), 'ERR_WEBEID_CONTEXT_INSECURE', host);
  }
  assert.equal(scene.browser.promptPages().length, 0);
});

test('an action that there is not gets no answer at all', BOUNDED, async () => {
  const raw = await site();
  await raw.post({ action: 'web-eid:forget-everything' });
  await pause(1500);
  assert.deepEqual(await raw.heard('web-eid:forget-everything-ack'), []);
  assert.deepEqual(await raw.heard('web-eid:forget-everything-failure'), []);
});
