/** What may go wrong on the management page: tokens that go, or are another one, while something is done with them; the same in every browser. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BOUNDED, until } from './deadline.ts';
import type { AnyBrowser, AnyPage } from './either-browser.ts';
import { accessible, fits } from './inspection.ts';
import { ODD_HOLDERS } from './odd-certificates.ts';
import { ManagePage } from './own-pages.ts';
import { photograph } from './pictures.ts';
import { artefacts } from './places.ts';
import type { PromptWindow } from './prompt-window.ts';
import type { Scene } from './scene.ts';
import { GET_CHALLENGE, PIN, PUK, SET_PIN, WRONG_PIN } from './token.ts';

const NEW_PIN = 'Tw7-kd9Qz';

/** @param prefix of the names of the pictures */
export function manageTroubleTests(scene: Scene<AnyBrowser>, prefix = ''): void {
  async function opened(): Promise<ManagePage<AnyPage>> {
    const manage = await ManagePage.open(scene.browser, 'tokens');
    await manage.state('ready');
    return manage;
  }

  /** Presses an action; the window that comes of it. */
  async function asked(manage: ManagePage<AnyPage>, action: string): Promise<PromptWindow<AnyPage>> {
    await manage.act(action);
    return scene.browser.prompt();
  }

  async function logsIn(manage: ManagePage<AnyPage>, pin: string): Promise<void> {
    const login = await asked(manage, 'log-in');
    await login.enterPin(pin);
    await manage.part('login-clock').waitFor();
  }

  async function look(page: AnyPage, name: string): Promise<void> {
    await accessible(page, `${prefix}${name}`);
    await photograph(page, artefacts(), `${prefix}${name}`);
  }

  test('a locked PIN is set anew with the PUK', BOUNDED, async () => {
    await scene.fresh({ tries: 2 });
    const manage = await opened();
    const last = await asked(manage, 'log-in');
    await last.enterPin(WRONG_PIN);
    await last.triesAre(1);
    await last.typePin(WRONG_PIN);
    await last.part('last-try-confirm').setChecked(true);
    await last.goOn();
    await last.part('token-locked').waitFor();
    await last.cancel();
    await manage.page.locator('[data-testid=token][data-state=locked]').waitFor();

    const unblock = await (await asked(manage, 'unblock-pin')).view('unblock-pin');
    await look(unblock.page, 'manage-unblock-pin');
    for (const [field, value] of [['pin', WRONG_PIN], ['new-pin', NEW_PIN], ['again-pin', NEW_PIN]] as const) await unblock.part(field).fill(value);
    await unblock.goOn();
    await unblock.triesAre(1);
    await unblock.part('last-try-confirm').setChecked(true);
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

  test('pulled out while the card looks at the PIN: the page says so, and no try is lost', BOUNDED, async () => {
    const manage = await opened();
    const login = await asked(manage, 'log-in');
    await login.typePin(PIN);
    await login.triesAre(10);
    await scene.token.removeAfter(GET_CHALLENGE);
    await login.goOn();
    await manage.page.locator('[data-testid=said-trouble] [data-error=token-removed]').waitFor();
    await manage.state('no-token');
    await login.dismiss();
    await login.closed();
    await scene.token.insert();
    await manage.state('ready');
    const again = await (await asked(manage, 'log-in')).view('enter-pin');
    await again.triesAre(10);
    await again.enterPin(PIN);
    await manage.part('login-clock').waitFor();
  });

  /** The card has its new PIN, and nobody has heard of it; the window that waits for it. */
  async function interrupted(manage: ManagePage<AnyPage>): Promise<PromptWindow<AnyPage>> {
    const change = await (await asked(manage, 'change-pin')).view('change-pin');
    await scene.token.removeAfter(SET_PIN);
    await change.changePin(PIN, NEW_PIN);
    await change.view('waiting-for-token');
    await change.part('waiting-advice').filter({ hasText: /PIN が変わったかどうか/ }).waitFor();
    await manage.state('no-token');
    return change;
  }

  test('pulled out while the PIN is changed, and put back: the page says which PIN is valid', BOUNDED, async () => {
    const manage = await opened();
    const change = await interrupted(manage);
    await look(change.page, 'manage-change-interrupted');
    await scene.token.insert();
    await change.closed();
    await manage.part('said').filter({ hasText: /PIN/ }).waitFor();
    await manage.counts('said-trouble', 0);
    await manage.state('ready');
    await logsIn(manage, NEW_PIN);
  });

  test('pulled out while the PIN is changed, and not waited for: the page promises nothing', BOUNDED, async () => {
    const manage = await opened();
    const change = await interrupted(manage);
    await change.cancel();
    assert.equal(await change.trouble(), 'pin-change-uncertain');
    await change.dismiss();
    await manage.page.locator('[data-testid=said-trouble] [data-error=pin-change-uncertain]').waitFor();
    await manage.counts('old-pin-valid', 0);
    await look(manage.page, 'manage-change-uncertain');
    await scene.browser.noPrompt();
    await scene.token.insert();
    await manage.state('ready');
    await logsIn(manage, NEW_PIN);
  });

  test('another token in its place: its PIN is not changed, and the page says that nothing was', BOUNDED, async () => {
    const manage = await opened();
    const change = await (await asked(manage, 'change-pin')).view('change-pin');
    await change.part('pin').fill(PIN);
    await scene.token.renew({ kind: 'two-certificates' });
    await manage.page.locator('[data-testid=said-trouble] [data-error=token-removed]').waitFor();
    await manage.part('old-pin-valid').waitFor();
    await look(manage.page, 'manage-another-token');
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
    // Firefox makes the folder by itself.
    assert.deepEqual(existsSync(downloads) ? readdirSync(downloads) : [], []);
    await scene.token.insert();
    await manage.state('ready');
  });

  test('a folder for downloads that cannot be written into: the page says which file, and nothing is left', BOUNDED, async () => {
    const downloads = join(scene.home.folder, 'Downloads');
    // A file of that name: not even root makes another one below it.
    rmSync(downloads, { recursive: true, force: true });
    writeFileSync(downloads, '');
    try {
      const manage = await opened();
      await manage.act('export');
      await manage.part('export-save').click();
      await manage.page.locator('[data-testid=said-trouble] [data-error=file-not-written]').waitFor();
      await manage.page.locator('[data-testid=said-trouble]').filter({ hasText: 'Downloads' }).waitFor();
      await look(manage.page, 'manage-not-exported');
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
    await manage.counts('certificate-card', 8);
    await look(manage.page, 'manage-eight-certificates');
    await fits(manage.page, 'manage-eight-certificates');

    const portal = await scene.portalPage();
    await portal.pressSignIn();
    const prompt = await (await scene.browser.prompt()).view('enter-pin');
    const ids = (await prompt.certificates()).map(({ certificateId }) => certificateId);
    assert.equal(new Set(ids).size, 6);
    await look(prompt.page, 'eight-certificates');
    for (const choice of await prompt.part('certificate-choice').all()) {
      await choice.setChecked(true);
      await prompt.page.locator(`[data-testid=certificate-choice][data-certificate="${await choice.getAttribute('data-certificate')}"]:checked`).waitFor();
    }
    await prompt.enterPin(PIN);
    assert.equal((await portal.holder()).certificateId, ids.at(-1));
  });

  test('odd certificates: none hides another, each is shown as what it is, and the good one signs in', { timeout: 180_000 }, async () => {
    await scene.fresh({ kind: 'odd-certificates' });
    const manage = await opened();
    await manage.counts('certificate-card', 8);
    for (const [state, number] of [['usable', 5], ['unreadable', 1], ['authority', 2]] as const) {
      await until(`${number} ${state}`, async () => (await manage.page.locator(`[data-testid=certificate-card][data-state=${state}]`).count()) === number);
    }
    await manage.part('certificate-holder').filter({ hasText: '山田⟨202E⟩ゆるぎ⟨200B⟩⟨0007⟩🔑<img src=x>' }).waitFor();
    await manage.counts('certificates', 1);
    await look(manage.page, 'manage-odd-certificates');
    await fits(manage.page, 'manage-odd-certificates');

    for (const [holder, serial] of [[ODD_HOLDERS.longSerial, /^7F( 5A){20}$/], [ODD_HOLDERS.large, /./], ['⟨202E⟩', /./]] as const) {
      await manage.page.locator('[data-testid=certificates] label').filter({ hasText: holder }).locator('input').setChecked(true);
      await manage.act('information');
      await manage.part('information-details').waitFor();
      await manage.part('information-serial').filter({ hasText: serial }).waitFor();
      if (holder === ODD_HOLDERS.large) {
        await manage.counts('information-purpose', 3);
        await look(manage.page, 'manage-large-certificate');
      }
      await fits(manage.page, `manage-odd-certificates ${holder}`);
      await manage.part('information-close').click();
      await manage.part('information').waitFor({ state: 'detached' });
    }
    await manage.chooseCertificate('unreadable');
    // There is nothing to tell of it, and whoever looks into it may have it as it is.
    await manage.page.locator('[data-testid=action-information]:disabled').waitFor();
    await manage.page.locator('[data-testid=action-export]:enabled').waitFor();
    await manage.part('certificates').evaluate((list) => list.scrollIntoView({ block: 'end' }));
    await look(manage.page, 'manage-unreadable-certificate');

    const portal = await scene.portalPage();
    await portal.pressSignIn();
    const prompt = await (await scene.browser.prompt()).view('enter-pin');
    await look(prompt.page, 'odd-certificates');
    await prompt.page.locator('label').filter({ hasText: 'FC10000001' }).locator('input').setChecked(true);
    await prompt.enterPin(PIN);
    assert.equal((await portal.holder()).certificateId, 'FC10000001');
  });
}
