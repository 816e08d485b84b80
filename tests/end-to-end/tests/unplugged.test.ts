import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDED } from '../scene/deadline.ts';
import { stage } from '../scene/stage.ts';
import { PIN } from '../scene/token.ts';
import { unpluggedTests } from '../scene/web-eid-tests.ts';

const scene = await stage();

unpluggedTests(scene);

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
