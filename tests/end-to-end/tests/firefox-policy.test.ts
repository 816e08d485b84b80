/** What an administrator writes for many computers is enough: nobody adds anything by hand. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { BOUNDED } from '../scene/deadline.ts';
import { setFirefoxPolicy } from '../scene/firefox-policy.ts';
import { HandshakeScene } from '../scene/handshake-scene.ts';
import { PIN } from '../scene/token.ts';

test('firefox: our example policy brings extension, module, authority and settings, and the portal opens', { timeout: 120_000 }, async () => {
  const scene = await HandshakeScene.start('firefox', { policy: setFirefoxPolicy });
  after(() => scene.stop(), BOUNDED);
  const visit = await scene.visit('1.3');
  const question = await scene.browser.question();
  await question.photograph('firefox-policy-pin-window');
  await question.enterPin(PIN);
  assert.deepEqual(await scene.shows(visit, 'holder'), {
    page: 'holder',
    holder: '山田 太郎',
    certificateId: 'FC12345678',
    tlsVersion: 'TLS 1.3',
  });
});
