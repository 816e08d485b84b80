/** The management page in Chromium. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { BOUNDED, until } from '../scene/deadline.ts';
import { setExtension } from '../scene/extension-policy.ts';
import { closingTest, managedTest, manageTest, noticesTest } from '../scene/manage-tests.ts';
import { ManagePage, openPopup } from '../scene/own-pages.ts';
import { photograph } from '../scene/pictures.ts';
import { artefacts } from '../scene/places.ts';
import { Scene } from '../scene/scene.ts';
import { timeToShow } from '../scene/time-to-show.ts';
import { TlsPortalPage } from '../scene/tls-portal-page.ts';
import { PIN } from '../scene/token.ts';

for (const language of ['ja', 'en'] as const) manageTest((options) => Scene.start(options), language);

closingTest(() => Scene.start());

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
  const handshakes = manage.page.locator('[data-testid=history-entry][data-operation=handshake][data-outcome=done]');
  const connections = handshakes.filter({ hasText: scene.second.origin('1.3') });
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

noticesTest(() => Scene.start());

test('the certificates of a token are shown soon after the host has told of it', BOUNDED, async () => {
  const scene = await Scene.start();
  after(() => scene.stop(), BOUNDED);
  await scene.token.remove();
  const manage = await ManagePage.open(scene.browser, 'tokens');
  await manage.state('no-token');
  const took = await timeToShow(scene.browser, manage, () => scene.token.insert());
  console.log(`certificates shown ${took.toFixed(0)} ms after the host has told of the token`);
});
