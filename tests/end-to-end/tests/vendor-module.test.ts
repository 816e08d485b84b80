import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChromiumHandshakes } from '../scene/chromium-handshakes.ts';
import { BOUNDED, until } from '../scene/deadline.ts';
import type { Visit } from '../scene/handshake-browser.ts';
import { stage } from '../scene/stage.ts';
import { HOLDER, PIN, WRONG_PIN } from '../scene/token.ts';

const scene = await stage({ vendor: 'RSA-2048', second: true });

test('a token of another maker signs in by its module, and its wrong PIN is asked again', BOUNDED, async () => {
  const portal = await scene.portalPage();
  await portal.pressSignIn();
  const prompt = await (await scene.browser.prompt()).view('enter-pin');
  assert.deepEqual(await prompt.certificates(), [{ ...HOLDER, state: 'usable' }]);
  await prompt.enterPin(WRONG_PIN);
  await prompt.part('pin-message').filter({ hasText: /PIN が違います/ }).waitFor();
  await prompt.enterPin(PIN);
  assert.deepEqual(await portal.holder(), HOLDER);
  await prompt.closed();
});

test('the module is killed while the PIN is asked and while nothing goes on: the sign-in goes on, and so does the next', BOUNDED, async () => {
  const portal = await scene.portalPage();
  for (const killed of [true, false]) {
    await portal.pressSignIn();
    const prompt = await (await scene.browser.prompt()).view('enter-pin');
    if (killed) await scene.vendor.killModule();
    await prompt.enterPin(PIN);
    assert.deepEqual(await portal.holder(), HOLDER);
    await prompt.closed();
    await portal.signOut();
    if (killed) await scene.vendor.killModule();
  }
});

test('the module is killed while a login is open: the next page asks for the PIN again', BOUNDED, async () => {
  const browser = new ChromiumHandshakes(scene.browser);
  const address = `${scene.second.origin('1.3')}/`;
  const knows = (visit: Visit) => until('the holder', async () => (await visit.sight()).page === 'holder');
  const first = await browser.visit(address);
  await (await browser.question()).enterPin(PIN);
  await knows(first);
  await knows(await browser.visit(address));
  assert.equal(await browser.asks(), false);

  await scene.vendor.killModule();
  const next = await browser.visit(address);
  await (await browser.question()).enterPin(PIN);
  await knows(next);
  await browser.logOut();
});
