import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDED } from '../scene/deadline.ts';
import { RawPage } from '../scene/raw-page.ts';
import { stage } from '../scene/stage.ts';
import { PIN } from '../scene/token.ts';
import { signInTests } from '../scene/web-eid-tests.ts';

const scene = await stage();

signInTests(scene);

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
