import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDED, timed, until } from '../scene/deadline.ts';
import { openPopup } from '../scene/own-pages.ts';
import type { PortalPage } from '../scene/portal-page.ts';
import { RawPage } from '../scene/raw-page.ts';
import { stage } from '../scene/stage.ts';
import { PIN } from '../scene/token.ts';

const scene = await stage();

async function signsInAfterAll(portal: PortalPage): Promise<void> {
  await portal.pressSignIn();
  const prompt = await scene.browser.prompt();
  await prompt.enterPin(PIN);
  assert.equal((await portal.holder()).holder, '山田 太郎');
}

for (const [moment, delay] of [['the PIN is asked', 0], ['the token signs', 2500]] as const) {
  test(`the host dies while ${moment}: page and window say so, and the next try works`, BOUNDED, async () => {
    await scene.fresh({}, { delay });
    const portal = await scene.portalPage();
    await portal.pressSignIn();
    const prompt = await (await scene.browser.prompt()).view('enter-pin');
    if (delay > 0) {
      await prompt.enterPin(PIN);
      await prompt.view('working');
    }
    await scene.host.kill();
    assert.equal((await portal.failure()).code, 'ERR_WEBEID_NATIVE_UNAVAILABLE');
    assert.equal(await prompt.trouble(), 'host-gone');
    await prompt.dismiss();
    await prompt.closed();
    await signsInAfterAll(portal);
  });
}

test('the extension\'s worker is stopped while the PIN is asked: nothing hangs, and the next try works', BOUNDED, async () => {
  const portal = await scene.portalPage();
  await portal.pressSignIn();
  const prompt = await (await scene.browser.prompt()).view('enter-pin');
  await scene.browser.stopWorker();
  assert.equal((await portal.failure()).code, 'ERR_WEBEID_UNKNOWN_ERROR');
  assert.equal(await prompt.trouble(), 'extension-restarted');
  await until('the end of the host', () => scene.host.processes().length === 0);
  await prompt.dismiss();
  await prompt.closed();
  await signsInAfterAll(portal);
});

test('the worker is stopped while nothing goes on: the next request starts it again', BOUNDED, async () => {
  const portal = await scene.portalPage();
  await signsInAfterAll(portal);
  await scene.browser.stopWorker();
  await portal.signOut();
  await signsInAfterAll(portal);
});

test('no host: the page hears it quickly, window and popup say how to get one, and then it works without a restart', BOUNDED, async () => {
  // What runs now was started while there was a manifest.
  await scene.browser.stopWorker();
  await scene.host.uninstall();
  try {
    const portal = await scene.portalPage();
    const raw = await RawPage.listen(portal.page);
    await raw.post({ action: 'web-eid:status', libraryVersion: '2.0.0' });
    assert.equal(await raw.failure('web-eid:status'), 'ERR_WEBEID_NATIVE_UNAVAILABLE');

    await portal.pressSignIn();
    const { took, outcome: failure } = await timed(() => portal.failure());
    assert.equal(failure.code, 'ERR_WEBEID_NATIVE_UNAVAILABLE');
    assert.ok(took < 3000, `it took ${took} ms`);
    const prompt = await scene.browser.prompt();
    assert.equal(await prompt.trouble(), 'host-missing');
    assert.match(await prompt.part('trouble-advice').innerText(), /インストール/);
    await prompt.dismiss();

    const popup = await openPopup(scene.browser);
    await popup.locator('[data-testid=trouble][data-error=host-missing]').waitFor();
    await scene.host.install();
    await popup.getByTestId('check-again').click();
    await popup.getByTestId('popup-ready').waitFor();
    await popup.close();
    await signsInAfterAll(portal);
  } finally {
    await scene.host.install();
  }
});
