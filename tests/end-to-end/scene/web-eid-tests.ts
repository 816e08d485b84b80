/** What must hold at a site that asks over Web eID, in every browser. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDED, until } from './deadline.ts';
import type { AnyBrowser, AnyPage } from './either-browser.ts';
import { ManagePage } from './own-pages.ts';
import type { PortalPage } from './portal-page.ts';
import type { PromptWindow } from './prompt-window.ts';
import type { Scene } from './scene.ts';
import { HOLDER, PIN, WRONG_PIN } from './token.ts';

type AnyScene = Scene<AnyBrowser>;
type AnyPrompt = PromptWindow<AnyPage>;

async function asksForToken(prompt: AnyPrompt): Promise<void> {
  await prompt.view('waiting-for-token');
  await prompt.page.locator('[data-testid=waiting-for-token]:is([data-reason=no-token], [data-reason=token-removed])').waitFor();
  await prompt.part('waiting-advice').filter({ hasText: /挿入してください|挿入し/ }).waitFor();
}

export function signInTests(scene: AnyScene): void {
  test('the window says who asks, for what and with which certificate, and the right PIN signs in', BOUNDED, async () => {
    const portal = await scene.portalPage();
    await portal.pressSignIn();
    const prompt = await (await scene.browser.prompt()).view('enter-pin');
    assert.equal(await prompt.origin(), scene.portal.origin);
    assert.equal(await prompt.operation(), 'がログインを求めています');
    assert.deepEqual(await prompt.certificates(), [{ ...HOLDER, state: 'usable' }]);
    await prompt.triesAre(10);

    await prompt.enterPin(PIN);
    assert.deepEqual(await portal.holder(), HOLDER);
    await prompt.closed();
  });

  test('the keyboard is enough: the PIN field has the focus, Enter signs in', BOUNDED, async () => {
    const portal = await scene.portalPage();
    await portal.pressSignIn();
    const prompt = await (await scene.browser.prompt()).view('enter-pin');
    await prompt.page.locator('[data-testid=pin]:focus').waitFor();
    await prompt.page.keyboard.type(PIN);
    await prompt.pressEnter();
    assert.deepEqual(await portal.holder(), HOLDER);
  });

  test('a wrong PIN keeps the window open and says how many tries are left', BOUNDED, async () => {
    const portal = await scene.portalPage();
    await portal.pressSignIn();
    const prompt = await scene.browser.prompt();
    await prompt.enterPin(WRONG_PIN);
    await prompt.triesAre(9);
    await prompt.part('pin-message').filter({ hasText: /PIN が違います/ }).waitFor();
    await prompt.pinIsEmpty();
    await prompt.page.locator('[data-testid=pin]:focus').waitFor();

    await prompt.enterPin(PIN);
    assert.deepEqual(await portal.holder(), HOLDER);
    await prompt.closed();

    // The card counts anew after a right PIN.
    await portal.signOut();
    await portal.pressSignIn();
    const next = await (await scene.browser.prompt()).view('enter-pin');
    await next.triesAre(10);
  });

  for (const [way, cancel] of CANCELS) {
    test(`cancelled by ${way}: the portal says so kindly, and the next try works`, BOUNDED, async () => {
      const portal = await scene.portalPage();
      await portal.pressSignIn();
      await cancel(await (await scene.browser.prompt()).view('enter-pin'));
      const failure = await portal.failure();
      assert.deepEqual(failure, {
        code: 'ERR_WEBEID_USER_CANCELLED',
        situation: '操作を取り消しました。何も送信されていません。',
        advice: '続けるときは、もう一度ボタンを押してください。',
      });
      await scene.browser.noPrompt();

      await portal.pressSignIn();
      const prompt = await (await scene.browser.prompt()).view('enter-pin');
      await prompt.triesAre(10);
      await prompt.enterPin(PIN);
      assert.equal((await portal.holder()).holder, '山田 太郎');
    });
  }
}

const CANCELS: readonly [string, (prompt: AnyPrompt) => Promise<void>][] = [
  ['the button', (prompt) => prompt.cancel()],
  ['Escape', (prompt) => prompt.pressEscape()],
  ['closing the window', (prompt) => prompt.shut()],
];

export function unpluggedTests(scene: AnyScene): void {
  test('no token at the start: the window waits, and goes on by itself when one is plugged in', BOUNDED, async () => {
    await scene.token.remove();
    const portal = await scene.portalPage();
    await portal.pressSignIn();
    const prompt = await scene.browser.prompt();
    await asksForToken(prompt);
    await scene.token.insert();
    await prompt.enterPin(PIN);
    assert.equal((await portal.holder()).certificateId, 'FC12345678');
  });

  test('pulled out while the PIN is asked: the window waits, and goes on when it is back', BOUNDED, async () => {
    const portal = await scene.portalPage();
    await portal.pressSignIn();
    const prompt = await scene.browser.prompt();
    await prompt.typePin('1234');
    await scene.token.remove();
    await asksForToken(prompt);
    await scene.token.insert();
    await prompt.view('enter-pin');
    await prompt.pinIsEmpty();
    await prompt.triesAre(10);
    await prompt.enterPin(PIN);
    assert.equal((await portal.holder()).certificateId, 'FC12345678');
  });

  test('pulled out while it signs: nothing is lost but the signature, which is asked for again', BOUNDED, async () => {
    await scene.fresh({}, { delay: 2500 });
    const portal = await scene.portalPage();
    await portal.pressSignIn();
    const prompt = await scene.browser.prompt();
    await prompt.enterPin(PIN);
    await prompt.view('working');
    await scene.token.remove();
    await asksForToken(prompt);
    await scene.token.insert();
    await prompt.enterPin(PIN);
    assert.equal((await portal.holder()).certificateId, 'FC12345678');
  });

  test('cancelled while nothing is plugged in', BOUNDED, async () => {
    await scene.token.remove();
    const portal = await scene.portalPage();
    await portal.pressSignIn();
    const prompt = await (await scene.browser.prompt()).view('waiting-for-token');
    await prompt.cancel();
    assert.equal((await portal.failure()).code, 'ERR_WEBEID_USER_CANCELLED');
  });
}

export function documentTests(scene: AnyScene): void {
  test('a site asks for signatures only with a grant, which is asked once, listed, and taken back', { timeout: 180_000 }, async () => {
    const portal = await signedIn(scene);

    const refused = await asksToSign(scene, portal);
    await refused.view('grant-signing');
    assert.equal(await refused.origin(), scene.portal.origin);
    await refused.part('grant-danger').filter({ hasText: /ほかのサイトにログインできます/ }).waitFor();
    await refused.refuseGrant();
    assert.equal((await portal.failure()).code, 'ERR_WEBEID_USER_CANCELLED');
    await scene.browser.noPrompt();

    const first = await asksToSign(scene, portal);
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
      const next = await asksToSign(scene, portal);
      await next.view('enter-pin');
      await until('one certificate', async () => (await next.part('certificate-card').count()) === 1);
      await next.enterPin(PIN);
      assert.equal((await portal.signature()).algorithm, algorithm);
      await next.closed();
    }

    const manage = await ManagePage.open(scene.browser, 'sites');
    assert.deepEqual(await manage.sites(), [scene.portal.origin]);
    await manage.revoke(scene.portal.origin);
    await until('no site', async () => (await manage.sites()).length === 0);
    await manage.page.close();

    const again = await asksToSign(scene, portal);
    await again.view('grant-signing');
    await again.pressEscape();
    assert.equal((await portal.failure()).code, 'ERR_WEBEID_USER_CANCELLED');
  });

  test('the certificate is not given away without a yes', BOUNDED, async () => {
    const portal = await signedIn(scene);
    await portal.pressSign();
    const choice = await (await scene.browser.prompt()).view('choose-certificate');
    await choice.cancel();
    assert.equal((await portal.failure()).code, 'ERR_WEBEID_USER_CANCELLED');
  });
}

async function signedIn(scene: AnyScene): Promise<PortalPage<AnyPage>> {
  const portal = await scene.portalPage();
  await portal.pressSignIn();
  const prompt = await scene.browser.prompt();
  await prompt.enterPin(PIN);
  await portal.holder();
  await prompt.closed();
  return portal;
}

/** Presses the portal's button and lets it have the certificate; the window that comes next. */
async function asksToSign(scene: AnyScene, portal: PortalPage<AnyPage>): Promise<AnyPrompt> {
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
