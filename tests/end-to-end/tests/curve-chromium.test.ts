import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChromiumHandshakes } from '../scene/chromium-handshakes.ts';
import { curveHandshakeTests, curveSignInTest } from '../scene/curve-tests.ts';
import { BOUNDED } from '../scene/deadline.ts';
import { RawPage } from '../scene/raw-page.ts';
import { stage } from '../scene/stage.ts';
import { PIN } from '../scene/token.ts';

const scene = await stage({ vendor: 'P-256', second: true });

curveSignInTest(scene);

test('the page gets ES256, with the two numbers of the signature side by side', BOUNDED, async () => {
  const { page } = await scene.portalPage();
  const raw = await RawPage.listen(page);
  await raw.authenticate();
  await (await scene.browser.prompt()).enterPin(PIN);
  const answer = await raw.answer('web-eid:authenticate');
  assert.equal(answer['algorithm'], 'ES256');
  assert.equal(Buffer.from(String(answer['signature']), 'base64').length, 64);
});

curveHandshakeTests(() => new ChromiumHandshakes(scene.browser), scene.second);
