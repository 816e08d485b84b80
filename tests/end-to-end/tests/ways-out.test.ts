import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { BOUNDED, timed } from '../scene/deadline.ts';
import { RawPage } from '../scene/raw-page.ts';
import { stage } from '../scene/stage.ts';
import { PIN } from '../scene/token.ts';

const scene = await stage();

const LEAVINGS: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
  'its tab is closed': (page) => page.close(),
  'it navigates away': (page) => page.goto('about:blank'),
  'it reloads': (page) => page.reload(),
};

for (const [way, leave] of Object.entries(LEAVINGS)) {
  test(`the page is gone because ${way}: the window goes too, and another page is served at once`, BOUNDED, async () => {
    const portal = await scene.portalPage();
    await portal.pressSignIn();
    const left = await (await scene.browser.prompt()).view('enter-pin');
    await leave(portal.page);
    await left.closed();

    const other = await scene.portalPage();
    await other.pressSignIn();
    const { took, outcome: prompt } = await timed(async () => (await scene.browser.prompt()).view('enter-pin'));
    assert.ok(took < 5000, `the next window took ${took} ms`);
    await prompt.enterPin(PIN);
    assert.equal((await other.holder()).holder, '山田 太郎');
  });
}

test('cancelled while the token signs: the page hears it at once, the next try has the token to itself', BOUNDED, async () => {
  await scene.fresh({}, { delay: 2500 });
  const portal = await scene.portalPage();
  await portal.pressSignIn();
  const prompt = await scene.browser.prompt();
  await prompt.enterPin(PIN);
  await prompt.view('working');
  const { took, outcome: failure } = await timed(async () => {
    await prompt.cancel();
    return portal.failure();
  });
  assert.equal(failure.code, 'ERR_WEBEID_USER_CANCELLED');
  assert.ok(took < 2000, `it took ${took} ms`);
  await scene.browser.noPrompt();

  await portal.pressSignIn();
  await (await scene.browser.prompt()).enterPin(PIN);
  assert.equal((await portal.holder()).holder, '山田 太郎');
});

test('the window is reloaded: it asks again, and nothing is lost', BOUNDED, async () => {
  const portal = await scene.portalPage();
  await portal.pressSignIn();
  const prompt = await scene.browser.prompt();
  await prompt.typePin('1234');
  await prompt.page.reload();
  await prompt.view('enter-pin');
  await prompt.pinIsEmpty();
  await prompt.enterPin(PIN);
  assert.equal((await portal.holder()).holder, '山田 太郎');
});

test('the time that the page gives runs out: the page hears it, and the window asks no more', BOUNDED, async () => {
  const { page } = await scene.portalPage();
  const raw = await RawPage.listen(page);
  const posted = await raw.authenticate({ options: { userInteractionTimeout: 2000 } });
  const prompt = await (await scene.browser.prompt()).view('enter-pin');
  const { at, message } = await raw.hear('web-eid:authenticate-failure');
  assert.equal((message['error'] as { code: string }).code, 'ERR_WEBEID_USER_TIMEOUT');
  assert.ok(at - posted >= 1900 && at - posted < 10_000, `after ${at - posted} ms`);
  // Whoever comes back to the desk reads why nothing is asked any more.
  assert.equal(await prompt.trouble(), 'timed-out');
  await prompt.part('pin').waitFor({ state: 'detached' });
  await prompt.dismiss();
  await prompt.closed();
});
