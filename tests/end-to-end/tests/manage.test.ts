/** The management page in Chromium. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { BOUNDED, until } from '../scene/deadline.ts';
import { setExtension } from '../scene/extension-policy.ts';
import { managedTest, manageTest } from '../scene/manage-tests.ts';
import { ManagePage, openPopup } from '../scene/own-pages.ts';
import { photograph } from '../scene/pictures.ts';
import { artefacts } from '../scene/places.ts';
import { Scene } from '../scene/scene.ts';
import { TlsPortalPage } from '../scene/tls-portal-page.ts';
import { PIN } from '../scene/token.ts';

for (const looks of [
  { language: 'ja', colours: 'light' },
  { language: 'en', colours: 'dark' },
  { language: 'ja', colours: 'dark' },
  { language: 'en', colours: 'light' },
] as const) {
  manageTest((options) => Scene.start(options), looks);
}

test('closing the page logs out what it opened, whoever else looks on', BOUNDED, async () => {
  const scene = await Scene.start({});
  after(() => scene.stop(), BOUNDED);
  const manage = await ManagePage.open(scene.browser, 'tokens');
  await manage.act('log-in');
  await (await scene.browser.prompt()).enterPin(PIN);
  await manage.part('login-clock').waitFor();
  const other = await ManagePage.open(scene.browser, 'tokens');
  await other.part('login-clock').waitFor();
  await manage.page.close();
  await other.part('action-log-in').waitFor();
  await other.counts('login-clock', 0);
});

test('a site that was given the certificate in TLS is in the history, once for each login', BOUNDED, async () => {
  const scene = await Scene.start({ second: true });
  after(() => scene.stop(), BOUNDED);
  const visit = () => TlsPortalPage.open(scene.browser, scene.second);
  // The host is there before the browser looks for tokens.
  await (await openPopup(scene.browser)).close();
  const first = await visit();
  await (await scene.browser.prompt()).enterPin(PIN);
  await first.holder();
  const manage = await ManagePage.open(scene.browser, 'history');
  const connections = manage.page.locator('[data-testid=history-entry][data-operation=handshake][data-outcome=done]');
  const isNoted = async () => (await connections.count()) === 1;
  await until('the connection', isNoted);
  assert.match(await connections.innerText(), new RegExp(`${scene.second.origin('1.3')}.*FC12345678`, 's'));
  await manage.page.locator('[data-testid=history-entry][data-operation=log-in]').waitFor();
  await (await visit()).holder();
  assert.ok(await isNoted(), 'a second connection tells nothing new');
  await photograph(manage.page, artefacts(), 'manage-history-tls');
});

managedTest((folder, values) => {
  setExtension(folder, values);
  return Scene.start({ settings: folder });
}, 'manage-policy');

test('a token that comes and goes is told of by one notice, unless the settings switch that off', BOUNDED, async () => {
  const scene = await Scene.start({});
  after(() => scene.stop(), BOUNDED);
  const manage = await ManagePage.open(scene.browser, 'tokens');
  await manage.state('ready');
  assert.deepEqual(await scene.browser.notices(), [], 'what was there before is no news');

  const switchNotices = async (on: boolean) => {
    await manage.goTo('settings');
    await manage.part('notices').setChecked(on);
    await manage.part('settings-saved').filter({ hasText: /./ }).waitFor();
    await manage.goTo('tokens');
  };
  await switchNotices(false);
  await scene.token.remove();
  await manage.state('no-token');
  assert.deepEqual(await scene.browser.notices(), []);

  await switchNotices(true);
  await scene.token.insert();
  await until('the notice', async () => (await scene.browser.notices()).length === 1);
  await scene.token.remove();
  await manage.state('no-token');
  await until('a new notice in the place of the old one', async () => (await scene.browser.notices()).length === 1);
});
