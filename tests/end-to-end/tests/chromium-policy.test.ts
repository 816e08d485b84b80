/** What an administrator writes for many computers is enough: nobody adds anything by hand. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { issuerOf, packed, setChromiumPolicy } from '../scene/chromium-policy.ts';
import { BOUNDED, PATIENCE, until } from '../scene/deadline.ts';
import { withFolderInPlace } from '../scene/folder-in-place.ts';
import { HandshakeScene } from '../scene/handshake-scene.ts';
import { Home } from '../scene/home.ts';
import { TakeDown, throwAway } from '../scene/take-down.ts';
import { PIN } from '../scene/token.ts';

test('chromium: our example policy installs the packed extension, with its settings', BOUNDED, async () => {
  const takeDown = new TakeDown();
  after(() => takeDown.run(), BOUNDED);
  const room = throwAway(takeDown);
  const { id, version, crx } = await packed(room('packed'));
  const server = createServer(({ url }, response) => {
    const { port } = server.address() as AddressInfo;
    const check = `<updatecheck codebase="http://127.0.0.1:${port}/kagibashi.crx" version="${version}"/>`;
    const versions = `<gupdate xmlns="http://www.google.com/update2/response" protocol="2.0"><app appid="${id}">${check}</app></gupdate>`;
    const isPackage = url === '/kagibashi.crx';
    response.setHeader('Content-Type', isPackage ? 'application/x-chrome-extension' : 'text/xml');
    response.end(isPackage ? crx : versions);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  takeDown.add(() => {
    server.close();
    server.closeAllConnections();
  });
  const home = new Home(room('home'));
  const settings = room('settings');
  const origin = 'https://portal.example.jp';
  const chromiumUpdateUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/kagibashi.xml`;
  setChromiumPolicy(settings, { chromiumId: id, chromiumUpdateUrl, portalOrigin: origin, issuerCommonName: 'Example' }, (policies) => {
    // Tests look into pages by way of the developer tools, which stop at extensions that an administrator has installed.
    policies.DeveloperToolsAvailability = 1;
  });

  const browser = await chromium.launchPersistentContext(home.profile, {
    executablePath: withFolderInPlace(home, '/usr/bin/chromium', '/etc/chromium', settings),
    headless: true,
    chromiumSandbox: false,
    viewport: null,
    // Playwright's own switches would keep what a policy installs from being fetched.
    ignoreDefaultArgs: ['--disable-extensions', '--disable-background-networking', '--disable-component-update'],
    args: ['--no-first-run', '--disable-sync', '--disable-quic'],
    env: { PATH: process.env['PATH'] ?? '', LANGUAGE: 'en', ...home.environment },
    timeout: 2 * PATIENCE,
  });
  takeDown.add(() => browser.close());
  const page = await until('the extension', () => opened(browser, `chrome-extension://${id}/manage.html#settings`), 2 * PATIENCE);
  // Chromium hands them over some time after the installation.
  const settled = await until('the settings', async () => {
    const told = await page.evaluate(() => (globalThis as unknown as { chrome: { storage: { managed: { get(): Promise<object> } } } }).chrome.storage.managed.get());
    return Object.keys(told).length > 0 ? told : null;
  });
  assert.deepEqual(settled, { language: 'ja', certificateSites: [origin] });
  await page.reload();
  await page.locator('html[lang=ja]').waitFor({ timeout: PATIENCE });
});

test('chromium: our example policy chooses the certificate and knows the portal', BOUNDED, async () => {
  const scene = await HandshakeScene.start('chromium', {
    policy: async (folder, portal, authorities) => {
      const values = { portalOrigin: portal.origin('1.3'), issuerCommonName: await issuerOf(authorities) };
      // The extension lies unpacked beside the tests.
      setChromiumPolicy(folder, values, (policies) => delete policies.ExtensionSettings);
    },
  });
  after(() => scene.stop(), BOUNDED);
  // Host and extension are there then.
  await scene.browser.clear();
  const visit = await scene.visit('1.3');
  await (await scene.browser.question()).enterPin(PIN);
  assert.equal((await scene.shows(visit, 'holder')).holder, '山田 太郎');
});

/** A new tab with that address, once there is a page. */
async function opened(browser: BrowserContext, address: string): Promise<Page | null> {
  const page = await browser.newPage();
  try {
    await page.goto(address);
    return page;
  } catch {
    await page.close();
    return null;
  }
}
