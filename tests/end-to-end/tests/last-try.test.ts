import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDED } from '../scene/deadline.ts';
import { stage } from '../scene/stage.ts';
import { PIN, WRONG_PIN } from '../scene/token.ts';

const scene = await stage({ token: { tries: 2 } });

test('the last try needs a yes, and a locked token says what to do', BOUNDED, async () => {
  const portal = await scene.portalPage();
  await portal.pressSignIn();
  const prompt = await scene.browser.prompt();
  await prompt.enterPin(WRONG_PIN);
  await prompt.triesAre(1);

  await prompt.typePin(WRONG_PIN);
  // Without the yes nothing can be sent.
  await prompt.page.locator('[data-testid=primary]:disabled').waitFor();
  await prompt.page.keyboard.press('Enter');
  await prompt.triesAre(1);
  await prompt.part('last-try-confirm').check();
  await prompt.goOn();

  const locked = prompt.part('token-locked');
  await locked.waitFor();
  assert.match(await locked.getByTestId('trouble-situation').innerText(), /ロック/);
  assert.notEqual(await locked.getByTestId('trouble-advice').innerText(), '');
  await prompt.part('pin').waitFor({ state: 'detached' });
  await prompt.cancel();
  assert.equal((await portal.failure()).code, 'ERR_WEBEID_USER_CANCELLED');

  // A token that was locked before says so at once.
  await portal.pressSignIn();
  const next = await scene.browser.prompt();
  await next.part('token-locked').waitFor();
});

test('the right PIN at the last try signs in', BOUNDED, async () => {
  const portal = await scene.portalPage();
  await portal.pressSignIn();
  const prompt = await scene.browser.prompt();
  await prompt.enterPin(WRONG_PIN);
  await prompt.triesAre(1);
  await prompt.typePin(PIN);
  await prompt.part('last-try-confirm').check();
  await prompt.goOn();
  assert.equal((await portal.holder()).certificateId, 'FC12345678');
});
