import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDED } from '../scene/deadline.ts';
import { RawPage } from '../scene/raw-page.ts';
import { stage } from '../scene/stage.ts';
import { PIN, WRONG_PIN } from '../scene/token.ts';

const scene = await stage();

const HOLDER = { holder: '山田 太郎', organisation: '株式会社サンプル', certificateId: 'FC12345678' };

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
  await prompt.page.keyboard.press('Enter');
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

test('a PIN that cannot be one is not tried on the card', BOUNDED, async () => {
  const portal = await scene.portalPage();
  await portal.pressSignIn();
  const prompt = await scene.browser.prompt();
  for (const [pin, trouble] of [
    ['123', 'too-short'],
    ['12345678901234567', 'too-long'],
    ['1234567é', 'not-ascii'],
    ['１２３４５６７８', 'full-width'],
  ] as const) {
    await prompt.enterPin(pin);
    await prompt.page.locator(`[data-testid=pin-message][data-trouble=${trouble}]`).waitFor();
    await prompt.triesAre(10);
  }
});

test('a cold service worker acknowledges within a second, and before it answers', BOUNDED, async () => {
  const { page } = await scene.portalPage();
  const raw = await RawPage.listen(page);
  await scene.browser.stopWorker();
  const posted = await raw.authenticate();
  const ack = await raw.hear('web-eid:authenticate-ack');
  assert.ok(ack.at - posted < 1000, `the ack took ${ack.at - posted} ms`);
  assert.deepEqual(Object.keys(ack.message), ['action']);
  const prompt = await (await scene.browser.prompt()).view('enter-pin');
  await prompt.enterPin(PIN);
  const answer = await raw.hear('web-eid:authenticate-success');
  assert.ok(answer.at > ack.at);
});
