/** Each state of the window, photographed for people; checked here is what a machine can see. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { BOUNDED } from '../scene/deadline.ts';
import type { Looks } from '../scene/either-browser.ts';
import { ManagePage, openPopup } from '../scene/own-pages.ts';
import { photograph } from '../scene/pictures.ts';
import { artefacts } from '../scene/places.ts';
import type { PortalPage } from '../scene/portal-page.ts';
import { Scene } from '../scene/scene.ts';
import { PIN, WRONG_PIN } from '../scene/token.ts';

/** A scene in these looks, and a camera whose pictures are named after them. */
async function studio(looks: Required<Pick<Looks, 'language' | 'colours'>>) {
  const scene = await Scene.start({ ...looks, scale: 2, token: { kind: 'two-certificates', tries: 4 } });
  after(() => scene.stop(), BOUNDED);
  const take = async (page: Page, name: string) => {
    await page.evaluate(() => document.fonts.ready);
    await photograph(page, artefacts(), `${looks.language}-${looks.colours}-${name}`);
    const seen = await page.evaluate(() => ({
      language: document.documentElement.lang,
      sideways: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      paper: getComputedStyle(document.body).backgroundColor,
    }));
    assert.equal(seen.language, looks.language, `${name}: language`);
    assert.ok(seen.sideways <= 0, `${name} scrolls sideways by ${seen.sideways} px`);
  };
  return { scene, take };
}

/** Whatever the window shows, the way out and the way on can be seen without scrolling. */
async function buttonsInSight(page: Page, name: string): Promise<void> {
  for (const button of await page.locator('.actions button:visible').all()) {
    const box = await button.boundingBox();
    const height = await page.evaluate(() => window.innerHeight);
    assert.ok(box && box.y >= 0 && box.y + box.height <= height, `${name}: ${await button.innerText()} is out of sight`);
  }
}

/** The default window, a small one, a narrow one, and the first at 200 %. */
const WINDOWS = [
  [420, 560],
  [400, 500],
  [320, 480],
  [210, 280],
] as const;

/** In a window of any size each key of the soft keyboard, and each button, can be brought into sight, with nothing above it. */
async function keysInReach(page: Page, name: string): Promise<void> {
  for (const [width, height] of WINDOWS) {
    await page.setViewportSize({ width, height });
    const hidden = await page.evaluate(() => {
      const inReach = (element: Element) => {
        element.scrollIntoView({ block: 'nearest' });
        const { left, top, right, bottom } = element.getBoundingClientRect();
        const corners = [document.elementFromPoint(left + 4, top + 4), document.elementFromPoint(right - 4, bottom - 4)];
        return corners.every((hit) => hit !== null && element.contains(hit));
      };
      const keys = Array.from(document.querySelectorAll('[data-testid^=soft-key], .actions button')).filter(({ tagName }) => tagName === 'BUTTON');
      return keys.filter((key) => !inReach(key)).map(({ textContent }) => textContent);
    });
    assert.deepEqual(hidden, [], `${name} in ${width} x ${height}`);
  }
  await page.setViewportSize({ width: 420, height: 560 });
}

async function signedIn(scene: Scene): Promise<PortalPage> {
  const portal = await scene.portalPage();
  await portal.pressSignIn();
  await (await scene.browser.prompt()).enterPin(PIN);
  await portal.holder();
  await scene.browser.noPrompt();
  return portal;
}

for (const looks of [
  { language: 'ja', colours: 'light' },
  { language: 'ja', colours: 'dark' },
  { language: 'en', colours: 'light' },
] as const) {
  test(`every state of the window in ${looks.language}, ${looks.colours}`, { timeout: 180_000 }, async () => {
    const { scene, take } = await studio(looks);
    const takePrompt = async (page: Page, name: string) => {
      await take(page, name);
      await buttonsInSight(page, name);
    };

    await scene.token.remove();
    const portal = await scene.portalPage();
    await take(portal.page, '01-portal-before');
    await portal.pressSignIn();
    const prompt = await (await scene.browser.prompt()).view('waiting-for-token');
    await takePrompt(prompt.page, '02-waiting-for-token');
    await scene.token.insert();

    await prompt.view('enter-pin');
    await takePrompt(prompt.page, '03-consent-and-chooser');
    await prompt.part('soft-keyboard-toggle').click();
    await prompt.part('soft-keyboard').waitFor();
    await take(prompt.page, '04-soft-keyboard');
    await keysInReach(prompt.page, '04-soft-keyboard');
    await prompt.part('soft-keyboard-toggle').click();
    await prompt.typePin(PIN);
    await takePrompt(prompt.page, '05-pin-typed');
    await prompt.enterPin(WRONG_PIN);
    await prompt.triesAre(3);
    await takePrompt(prompt.page, '06-wrong-pin');
    await prompt.part('soft-keyboard-toggle').click();
    await prompt.part('soft-keyboard').waitFor();
    await keysInReach(prompt.page, '06-wrong-pin');
    await prompt.part('soft-keyboard-toggle').click();
    await prompt.enterPin(WRONG_PIN);
    await prompt.triesAre(2);
    await prompt.enterPin(WRONG_PIN);
    await prompt.triesAre(1);
    await takePrompt(prompt.page, '07-last-try');
    await prompt.typePin(WRONG_PIN);
    await prompt.part('last-try-confirm').check();
    await prompt.goOn();
    await prompt.part('token-locked').waitFor();
    await takePrompt(prompt.page, '08-locked');
    await prompt.cancel();
    await portal.failure();
    await take(portal.page, '09-portal-cancelled');

    await scene.fresh();
    const again = await signedIn(scene);
    await take(again.page, '10-portal-after');
    await again.pressSign();
    const choice = await (await scene.browser.prompt()).view('choose-certificate');
    await choice.ready();
    await takePrompt(choice.page, '11-choose-certificate');
    await choice.goOn();
    await choice.closed();
    const signing = await (await scene.browser.prompt()).view('grant-signing');
    await signing.ready();
    await takePrompt(signing.page, '12-grant');
    await signing.grant();
    await signing.view('enter-pin');
    await takePrompt(signing.page, '13-signature-pin');
    await signing.enterPin(PIN);
    await again.signature();
    await again.page.locator('#signature-result').scrollIntoViewIfNeeded();
    await take(again.page, '14-portal-document-signed');

    const sites = await ManagePage.open(scene.browser, 'sites');
    await sites.sites();
    await take(sites.page, '15-manage-sites');
    await sites.revoke(scene.portal.origin);
    await take(sites.page, '16-manage-revoked');
    const settings = await ManagePage.open(scene.browser, 'settings');
    await take(settings.page, '17-settings');
    const popup = await openPopup(scene.browser);
    await popup.setViewportSize({ width: 320, height: 480 });
    await take(popup, '18-popup');

    await scene.host.uninstall();
    await scene.browser.stopWorker();
    await popup.getByTestId('check-again').click();
    await popup.getByTestId('trouble').waitFor();
    await take(popup, '19-popup-no-host');
    await again.signOut();
    await again.pressSignIn();
    const missing = await (await scene.browser.prompt()).view('failure');
    await takePrompt(missing.page, '20-no-host');
  });
}
