/** A module of another maker, added and removed on the management page, and what becomes of its token. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDED } from '../scene/deadline.ts';
import { ManagePage } from '../scene/own-pages.ts';
import { signIn } from '../scene/sign-in.ts';
import { stage } from '../scene/stage.ts';
import { HOLDER, PIN } from '../scene/token.ts';

const scene = await stage({ vendor: 'P-256', moduleNotAdded: true });
const { module } = scene.vendor;

const FOUND = `[data-testid=module-suggestion][data-path="${module}"]`;

async function opened(): Promise<{ settings: ManagePage; tokens: ManagePage }> {
  const tokens = await ManagePage.open(scene.browser, 'tokens');
  await tokens.state('no-token');
  const settings = await ManagePage.open(scene.browser, 'settings');
  await settings.part('modules-empty').waitFor();
  return { settings, tokens };
}

async function isAdded({ page }: ManagePage): Promise<void> {
  await page.locator('[data-testid=module][data-state=usable]').waitFor();
}

async function removes(settings: ManagePage): Promise<void> {
  // Chromium is slow with tabs that nobody sees.
  await settings.page.bringToFront();
  await settings.part('module-remove').click();
  await settings.part('module-remove-yes').click();
  await settings.part('modules-empty').waitFor();
  await settings.page.locator(FOUND).waitFor();
}

test('a module is added and its token appears, signs in, and is gone with it; one that is added while a site waits serves that site', BOUNDED, async () => {
  const { settings, tokens } = await opened();
  await settings.page.locator(FOUND).getByTestId('module-add').click();
  await isAdded(settings);
  await settings.page.locator(FOUND).waitFor({ state: 'detached' });

  // A page that was open before follows by itself.
  await tokens.state('ready');
  await tokens.counts('token', 1);
  await tokens.page.locator('[data-testid=certificate-card][data-state=usable]').getByTestId('certificate-id').filter({ hasText: HOLDER.certificateId }).waitFor();
  const portal = await scene.portalPage();
  await signIn(scene, portal);
  await portal.signOut();

  await removes(settings);
  await tokens.state('no-token');
  await portal.pressSignIn();
  const waiting = await (await scene.browser.prompt()).view('waiting-for-token');
  await settings.part('module-path').fill(module);
  await settings.part('module-add-path').click();
  await isAdded(settings);
  await waiting.enterPin(PIN);
  assert.deepEqual(await portal.holder(), HOLDER);
  await waiting.closed();
  await removes(settings);
});
