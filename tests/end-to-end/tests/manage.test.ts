/** The management page in Chromium. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BOUNDED, until } from '../scene/deadline.ts';
import { setExtension } from '../scene/extension-policy.ts';
import { accessible } from '../scene/inspection.ts';
import { manageTest } from '../scene/manage-tests.ts';
import { ManagePage } from '../scene/own-pages.ts';
import { photograph } from '../scene/pictures.ts';
import { artefacts } from '../scene/places.ts';
import { Scene } from '../scene/scene.ts';
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

test('what an administrator has set is shown locked, and holds', BOUNDED, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kagibashi-policy-'));
  after(() => rmSync(folder, { recursive: true }));
  const site = 'https://portal.example.jp';
  setExtension(folder, { language: 'en', loginSeconds: 1200, skipChooser: true, certificateSites: [site, 'nonsense'] });
  const scene = await Scene.start({ settings: folder });
  after(() => scene.stop(), BOUNDED);
  const manage = await ManagePage.open(scene.browser, 'settings');
  await manage.part('locked-language').waitFor();
  assert.equal(await manage.page.evaluate(() => document.documentElement.lang), 'en');
  await until('the length of logins', async () => (await manage.part('login-length').inputValue()) === '1200');
  for (const name of ['language', 'login-length', 'skip-chooser']) await manage.page.locator(`[data-testid=${name}]:disabled`).waitFor();
  await manage.page.locator('[data-testid=notices]:enabled').waitFor();
  await accessible(manage.page, 'settings of an administrator');
  await photograph(manage.page, artefacts(), 'manage-policy');
  await manage.goTo('sites');
  await manage.part('managed-site').waitFor();
  assert.deepEqual(await manage.part('managed-site').evaluateAll((sites) => sites.map((one) => one.getAttribute('data-origin'))), [site]);
});

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
