import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDED, until } from '../scene/deadline.ts';
import { ManagePage } from '../scene/own-pages.ts';
import type { PortalPage } from '../scene/portal-page.ts';
import type { PromptWindow } from '../scene/prompt-window.ts';
import { stage } from '../scene/stage.ts';
import { PIN, WRONG_PIN } from '../scene/token.ts';

const scene = await stage();

async function signedIn(): Promise<PortalPage> {
  const portal = await scene.portalPage();
  await portal.pressSignIn();
  const prompt = await scene.browser.prompt();
  await prompt.enterPin(PIN);
  await portal.holder();
  await prompt.closed();
  return portal;
}

/** Presses the portal's button and lets it have the certificate; the window that comes next. */
async function asksToSign(portal: PortalPage): Promise<PromptWindow> {
  await portal.pressSign();
  const choice = await (await scene.browser.prompt()).view('choose-certificate');
  assert.equal(await choice.operation(), 'が署名用の証明書を求めています');
  await choice.goOn();
  await choice.closed();
  const prompt = await scene.browser.prompt();
  await prompt.part('operation').waitFor();
  assert.equal(await prompt.operation(), 'が電子署名を求めています');
  return prompt;
}

test('a site asks for signatures only with a grant, which is asked once, listed, and taken back', { timeout: 180_000 }, async () => {
  const portal = await signedIn();

  const refused = await asksToSign(portal);
  await refused.view('grant-signing');
  assert.equal(await refused.origin(), scene.portal.origin);
  assert.match(await refused.part('grant-danger').innerText(), /ほかのサイトにログインできます/);
  await refused.refuseGrant();
  assert.equal((await portal.failure()).code, 'ERR_WEBEID_USER_CANCELLED');
  await scene.browser.noPrompt();

  const first = await asksToSign(portal);
  await first.grant();
  // A grant saves the explanation, never the PIN.
  await first.enterPin(WRONG_PIN);
  await first.triesAre(9);
  await first.enterPin(PIN);
  assert.deepEqual(await portal.signature(), { signer: '山田 太郎', algorithm: 'RS256 (RSA PKCS1.5, SHA-256)' });
  await first.closed();

  for (const [hashFunction, algorithm] of [
    ['SHA-384', 'RS384 (RSA PKCS1.5, SHA-384)'],
    ['SHA-512', 'RS512 (RSA PKCS1.5, SHA-512)'],
  ] as const) {
    await portal.page.locator('#hash-function').selectOption(hashFunction);
    const next = await asksToSign(portal);
    await next.view('enter-pin');
    await until('one certificate', async () => (await next.part('certificate-card').count()) === 1);
    await next.enterPin(PIN);
    assert.equal((await portal.signature()).algorithm, algorithm);
    await next.closed();
  }

  const manage = await ManagePage.open(scene.browser, 'sites');
  assert.deepEqual(await manage.sites(), [scene.portal.origin]);
  await manage.revoke(scene.portal.origin);
  assert.deepEqual(await manage.sites(), []);
  await manage.page.close();

  const again = await asksToSign(portal);
  await again.view('grant-signing');
  await again.pressEscape();
  assert.equal((await portal.failure()).code, 'ERR_WEBEID_USER_CANCELLED');
});

test('the certificate is not given away without a yes', BOUNDED, async () => {
  const portal = await signedIn();
  await portal.pressSign();
  const choice = await (await scene.browser.prompt()).view('choose-certificate');
  await choice.cancel();
  assert.equal((await portal.failure()).code, 'ERR_WEBEID_USER_CANCELLED');
});
