/** What may go wrong on the management page: tokens that go, or are another one, while something is done with them. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BOUNDED, until } from '../scene/deadline.ts';
import { accessible, fits } from '../scene/inspection.ts';
import { ManagePage } from '../scene/own-pages.ts';
import { photograph } from '../scene/pictures.ts';
import { artefacts } from '../scene/places.ts';
import type { PromptWindow } from '../scene/prompt-window.ts';
import { stage } from '../scene/stage.ts';
import { PIN, PUK, WRONG_PIN } from '../scene/token.ts';

const scene = await stage();

const NEW_PIN = 'Tw7-kd9Qz';

async function opened(): Promise<ManagePage> {
  const manage = await ManagePage.open(scene.browser, 'tokens');
  await manage.state('ready');
  return manage;
}

/** Presses an action; the window that comes of it. */
async function asked(manage: ManagePage, action: string): Promise<PromptWindow> {
  await manage.act(action);
  return scene.browser.prompt();
}

async function logsIn(manage: ManagePage, pin: string): Promise<void> {
  const login = await asked(manage, 'log-in');
  await login.enterPin(pin);
  await manage.part('login-clock').waitFor();
}

test('a locked PIN is set anew with the PUK', BOUNDED, async () => {
  await scene.fresh({ tries: 2 });
  const manage = await opened();
  const last = await asked(manage, 'log-in');
  await last.enterPin(WRONG_PIN);
  await last.triesAre(1);
  await last.typePin(WRONG_PIN);
  await last.part('last-try-confirm').check();
  await last.goOn();
  await last.part('token-locked').waitFor();
  await last.cancel();
  await manage.page.locator('[data-testid=token][data-state=locked]').waitFor();

  const unblock = await (await asked(manage, 'unblock-pin')).view('unblock-pin');
  await accessible(unblock.page, 'manage-unblock-pin');
  await photograph(unblock.page, artefacts(), 'manage-unblock-pin');
  for (const [field, value] of [['pin', WRONG_PIN], ['new-pin', NEW_PIN], ['again-pin', NEW_PIN]] as const) await unblock.part(field).fill(value);
  await unblock.goOn();
  await unblock.triesAre(1);
  await unblock.part('last-try-confirm').check();
  await unblock.part('pin').fill(PUK);
  await unblock.goOn();
  await unblock.closed();
  await manage.part('said').waitFor();
  await manage.page.locator('[data-testid=token][data-state=plugged]').waitFor();
  await logsIn(manage, NEW_PIN);
});

test('pulled out while the login asks: the page says so', BOUNDED, async () => {
  const manage = await opened();
  const login = await asked(manage, 'log-in');
  await login.typePin(PIN);
  await scene.token.remove();
  await manage.part('said-trouble').waitFor();
  await manage.page.locator('[data-testid=said-trouble] [data-error=token-removed]').waitFor();
  await manage.state('no-token');
});

test('another token in its place: its PIN is not changed, and the page says that nothing was', BOUNDED, async () => {
  const manage = await opened();
  const change = await (await asked(manage, 'change-pin')).view('change-pin');
  await change.part('pin').fill(PIN);
  await scene.token.renew({ kind: 'two-certificates' });
  await manage.page.locator('[data-testid=said-trouble] [data-error=token-removed]').waitFor();
  await manage.part('old-pin-valid').waitFor();
  await photograph(manage.page, artefacts(), 'manage-another-token');
  // What the window says can be dismissed only: nothing is typed into the other token.
  assert.equal(await change.trouble(), 'token-removed');
  await scene.browser.clear();
  await logsIn(await opened(), PIN);
});

test('pulled out before a certificate is saved: the page says so, and no file is made', BOUNDED, async () => {
  const downloads = join(scene.home.folder, 'Downloads');
  const manage = await opened();
  await manage.act('export');
  await manage.part('export-save').waitFor();
  await scene.token.remove();
  await manage.state('no-token');
  await manage.part('export-dialog').waitFor({ state: 'detached' });
  assert.ok(!existsSync(downloads));
  await scene.token.insert();
  await manage.state('ready');
});

test('a folder for downloads that cannot be written into: the page says which file, and nothing is left', BOUNDED, async () => {
  const downloads = join(scene.home.folder, 'Downloads');
  // A file of that name: not even root makes another one below it.
  writeFileSync(downloads, '');
  try {
    const manage = await opened();
    await manage.act('export');
    await manage.part('export-save').click();
    await manage.page.locator('[data-testid=said-trouble] [data-error=file-not-written]').waitFor();
    await manage.page.locator('[data-testid=said-trouble]').filter({ hasText: 'Downloads' }).waitFor();
    await accessible(manage.page, 'manage-not-exported');
    await photograph(manage.page, artefacts(), 'manage-not-exported');
    rmSync(downloads);
    await manage.act('export');
    await manage.part('export-save').click();
    await manage.part('said').waitFor();
    assert.equal(readdirSync(downloads).length, 1);
  } finally {
    rmSync(downloads, { recursive: true, force: true });
  }
});

test('eight certificates: told apart in page and chooser, and each can be chosen', { timeout: 180_000 }, async () => {
  await scene.fresh({ kind: 'eight-certificates' });
  const manage = await opened();
  await until('all certificates', async () => (await manage.page.locator('[data-testid=certificate-card]').count()) === 8);
  await accessible(manage.page, 'manage-eight-certificates');
  await photograph(manage.page, artefacts(), 'manage-eight-certificates');
  await fits(manage.page, 'manage-eight-certificates');

  const portal = await scene.portalPage();
  await portal.pressSignIn();
  const prompt = await (await scene.browser.prompt()).view('enter-pin');
  const ids = (await prompt.certificates()).map(({ certificateId }) => certificateId);
  assert.equal(new Set(ids).size, 6);
  await accessible(prompt.page, 'eight-certificates');
  await photograph(prompt.page, artefacts(), 'eight-certificates');
  await prompt.part('certificate-choice').last().check();
  await prompt.enterPin(PIN);
  assert.equal((await portal.holder()).certificateId, ids.at(-1));
});
