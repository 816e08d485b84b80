/** The management page in Firefox: the same page, with what differs between the browsers in between. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { BOUNDED } from '../scene/deadline.ts';
import { FirefoxHandshakes } from '../scene/firefox-handshakes.ts';
import { HandshakeScene } from '../scene/handshake-scene.ts';
import { PIN } from '../scene/token.ts';

test('firefox: tokens, login, certificate information, export, PIN change and logout', { timeout: 120_000 }, async () => {
  const scene = await HandshakeScene.start('firefox');
  after(() => scene.stop(), BOUNDED);
  const { browser } = scene;
  assert.ok(browser instanceof FirefoxHandshakes);

  const manage = await browser.ownPage('manage.html#tokens');
  await manage.shows('[data-testid=tokens-page][data-state=ready]');
  await manage.inspect('manage-firefox-token');
  await manage.press('action-log-in');
  const login = await browser.ownWindow();
  await login.fill('pin', PIN);
  await login.press('primary');
  await manage.shows('login-clock');

  await manage.press('action-information');
  assert.match(await manage.text('information-id'), /^FC/);
  await manage.shows('information-details');
  await manage.inspect('manage-firefox-information');
  await manage.press('information-close');
  await manage.press('action-export');
  await manage.press('export-save');
  assert.match(readFileSync(await manage.text('said-detail'), 'utf8'), /^-----BEGIN CERTIFICATE-----/);

  await manage.press('action-change-pin');
  const change = await browser.ownWindow();
  await change.fill('pin', PIN);
  await change.fill('new-pin', 'Tw7-kd9Qz');
  await change.fill('again-pin', 'Tw7-kd9Qz');
  await change.inspect('manage-firefox-change-pin');
  await change.press('primary');
  assert.match(await manage.text('said'), /PIN/);
  assert.equal(await manage.text('fact-layout'), 'PKCS#15');

  await manage.close();
  const again = await browser.ownPage('manage.html#tokens');
  await again.shows('action-log-in');
});
