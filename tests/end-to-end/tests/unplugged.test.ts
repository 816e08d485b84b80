import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDED } from '../scene/deadline.ts';
import type { PromptWindow } from '../scene/prompt-window.ts';
import { stage } from '../scene/stage.ts';
import { PIN } from '../scene/token.ts';

const scene = await stage();

async function asksForToken(prompt: PromptWindow): Promise<void> {
  await prompt.view('waiting-for-token');
  await prompt.page.locator('[data-testid=waiting-for-token]:is([data-reason=no-token], [data-reason=token-removed])').waitFor();
  assert.match(await prompt.part('waiting-advice').innerText(), /挿入してください|挿入し/);
}

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

test('the smart card service does not run: the window names it, and goes on when it does', BOUNDED, async () => {
  await scene.token.unplug();
  await scene.service.stop();
  const portal = await scene.portalPage();
  await portal.pressSignIn();
  const prompt = await (await scene.browser.prompt()).view('waiting-for-token');
  await prompt.page.locator('[data-reason=no-smart-card-service]').waitFor();
  assert.match(await prompt.part('waiting-advice').innerText(), /pcscd/);
  await scene.service.start();
  await scene.token.renew();
  await prompt.enterPin(PIN);
  assert.equal((await portal.holder()).certificateId, 'FC12345678');
});
