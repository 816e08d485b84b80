/** The management page, chapter by chapter of the old manual, with the software token: the same in every browser. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BOUNDED, until } from './deadline.ts';
import type { AnyBrowser, AnyPage, Language, Looks } from './either-browser.ts';
import { accessible, fits } from './inspection.ts';
import { ManagePage } from './own-pages.ts';
import { photograph } from './pictures.ts';
import { artefacts } from './places.ts';
import type { Scene } from './scene.ts';
import { type Making, PIN, WRONG_PIN } from './token.ts';

const NEW_PIN = 'Tw7-kd9Qz';

/** Looks at every state with axe, in both colours, narrow and enlarged, and takes its pictures. */
function camera(language: Language, prefix: string) {
  const look = async (page: AnyPage, name: string) => {
    await page.evaluate(() => document.fonts.ready);
    for (const colorScheme of ['light', 'dark'] as const) {
      const full = `${prefix}${language}-${colorScheme}-${name}`;
      await page.emulateMedia({ colorScheme });
      await accessible(page, full);
      await photograph(page, artefacts(), full);
    }
    assert.equal(await page.evaluate(() => document.documentElement.lang), language, `${name}: language`);
  };
  return {
    window: look,
    tab: async (page: AnyPage, name: string) => {
      await fits(page, name);
      await page.setViewportSize({ width: 1120, height: 900 });
      await look(page, name);
    },
  };
}

/**
 * @param start sets up a scene of one kind of browser
 * @param prefix of the names of the pictures
 */
export function manageTest(start: (options: Looks & { token: Making }) => Promise<Scene<AnyBrowser>>, language: Language, prefix = ''): void {
  test(`the management page in ${language}, light and dark`, { timeout: 240_000 }, async () => {
    const scene = await start({ language, scale: 1, token: { kind: 'two-certificates', tries: 4 } });
    after(() => scene.stop(), BOUNDED);
    const take = camera(language, prefix);

    await scene.token.remove();
    const manage = await ManagePage.open(scene.browser, 'tokens');
    await manage.state('no-token');
    await take.tab(manage.page, 'manage-01-no-token');
    await scene.token.insert();
    await manage.state('ready');
    await manage.counts('token', 1);
    await take.tab(manage.page, 'manage-02-token');
    const left = (name: string) => manage.part(name).evaluate((part) => part.getBoundingClientRect().left);
    const columns = [await left('token-list'), await left('certificates'), await left('actions')];
    assert.deepEqual(columns.toSorted((a, b) => a - b), columns, 'tokens left, certificates in the middle, actions right');
    assert.equal(await left('token-facts'), await left('certificates'));

    // 4.2 login, countdown, logout
    await manage.act('log-in');
    const login = await (await scene.browser.prompt()).view('enter-pin');
    await take.window(login.page, 'manage-03-log-in');
    await take.tab(manage.page, 'manage-04-in-window');
    await login.enterPin(PIN);
    await login.closed();
    await manage.said();
    const before = Number(await manage.part('login-clock').getAttribute('data-seconds'));
    await until('the clock to go on', async () => Number(await manage.part('login-clock').getAttribute('data-seconds')) < before);
    await take.tab(manage.page, 'manage-05-logged-in');
    await manage.act('log-out');
    await manage.part('action-log-in').waitFor();
    await manage.said();
    await take.tab(manage.page, 'manage-06-logged-out');

    // 4.3 certificate information
    await manage.chooseCertificate('usable');
    await manage.act('information');
    await manage.part('information-details').waitFor();
    await manage.part('information-id').filter({ hasText: /^\s*FC/ }).waitFor();
    await take.tab(manage.page, 'manage-07-information');
    await manage.part('information-chain').evaluate((chain) => chain.scrollIntoView());
    await take.window(manage.page, 'manage-08-information-chain');
    await manage.page.keyboard.press('Escape');
    await manage.part('information').waitFor({ state: 'detached' });
    await manage.page.locator('[data-testid=action-information]:focus').waitFor();

    // 4.4 export
    await manage.act('export');
    await take.tab(manage.page, 'manage-09-export');
    await manage.part('export-save').click();
    await manage.said();
    const path = await manage.part('said-detail').innerText();
    assert.match(readFileSync(path, 'utf8'), /^-----BEGIN CERTIFICATE-----/);
    await take.tab(manage.page, 'manage-10-exported');

    // 3.1 (3) the authority
    await manage.chooseCertificate('authority');
    await manage.act('trust');
    await manage.part('trust-fingerprint').waitFor();
    await take.tab(manage.page, 'manage-11-trust');
    const print = (await manage.part('trust-fingerprint').innerText()).replaceAll(/\s/g, '');
    await manage.part('trust-published').fill(`${print.slice(0, -1)}${print.endsWith('0') ? '1' : '0'}`);
    await manage.page.locator('[data-testid=trust-confirm]:disabled').waitFor();
    await take.tab(manage.page, 'manage-12-trust-different');
    await manage.part('trust-published').fill(print);
    await manage.part('trust-confirm').click();
    await manage.said();
    await manage.part('action-distrust').waitFor();
    await take.tab(manage.page, 'manage-13-trusted');
    await manage.act('distrust');
    await manage.part('action-trust').waitFor();

    // 4.5 PIN change
    await manage.act('change-pin');
    const change = await (await scene.browser.prompt()).view('change-pin');
    await take.window(change.page, 'manage-14-change-pin');
    const top = () => change.part('again-pin').evaluate((field) => field.getBoundingClientRect().top);
    const atFirst = await top();
    await change.part('new-pin').fill('1234');
    await change.part('weakness').filter({ hasText: /./ }).waitFor();
    assert.equal(await top(), atFirst, 'what is said of a new PIN moves the field below it');
    await change.changePin(PIN, '1234', '123');
    await change.part('again-pin-message').waitFor();
    await take.window(change.page, 'manage-15-weak-and-different');
    await change.part('new-pin-soft-keyboard-toggle').click();
    await take.window(change.page, 'manage-16-soft-keyboard');
    await change.part('new-pin-soft-keyboard-toggle').click();
    await change.changePin(WRONG_PIN, NEW_PIN);
    await change.triesAre(3);
    await take.window(change.page, 'manage-17-wrong-pin');
    await change.part('pin').fill(PIN);
    await change.goOn();
    await change.closed();
    await manage.said();
    await take.tab(manage.page, 'manage-18-pin-changed');
    await manage.act('log-in');
    const again = await scene.browser.prompt();
    await again.enterPin(NEW_PIN);
    await again.closed();
    await manage.part('login-clock').waitFor();

    await manage.goTo('history');
    await manage.page.locator('[data-testid=history-entry]:first-child[data-operation=log-in][data-outcome=done]').waitFor();
    await take.tab(manage.page, 'manage-19-history');
    await manage.part('history-clear').click();
    await take.tab(manage.page, 'manage-20-history-clear');
    await manage.part('history-clear-yes').click();
    await manage.part('history-empty').waitFor();
    await take.tab(manage.page, 'manage-21-history-empty');
    await manage.goTo('sites');
    await take.tab(manage.page, 'manage-22-sites');
    await manage.goTo('settings');
    await manage.page.locator('[data-testid=modules][data-state=done]').waitFor();
    await take.tab(manage.page, 'manage-23-settings');
    await manage.part('module-path').fill('module.so');
    await manage.part('module-add-path').click();
    await manage.page.locator('[data-testid=module-refusal][data-refusal=path-relative]').waitFor();
    await manage.part('modules').evaluate((modules) => modules.scrollIntoView());
    await take.tab(manage.page, 'manage-28-modules');

    await manage.goTo('diagnostics');
    await manage.page.locator('[data-testid=diagnostics][data-state=done]').waitFor();
    // The login is still open: looking at its token would end it.
    await manage.page.locator('[data-testid=check][data-check=token-logged-in]').waitFor();
    await manage.page.locator('[data-testid=check][data-check=service-ok]').waitFor();
    await take.tab(manage.page, 'manage-27-diagnostics');
    await manage.goTo('tokens');
    await manage.part('login-clock').waitFor();
    await manage.goTo('settings');

    // The language is the person's, whatever the browser's is.
    const other = language === 'ja' ? 'en' : 'ja';
    await manage.part('language').selectOption(other);
    await until('the other language', () => manage.page.evaluate((wanted) => document.documentElement.lang === wanted, other));
    await manage.part('tab-settings').filter({ hasText: other === 'ja' ? /設定/ : /Settings/ }).waitFor();
    await manage.part('language').selectOption(scene.browser.languageSetting);
    await until('the former language', () => manage.page.evaluate((wanted) => document.documentElement.lang === wanted, language));

    // A label that plays tricks, and a token that is locked.
    await scene.token.renew({ kind: 'two-certificates', tries: 1, label: '🔑\u202Enekot\u0007' });
    await manage.goTo('tokens');
    await manage.page.getByTestId('token-label').filter({ hasText: '⟨202E⟩' }).waitFor();
    await manage.act('change-pin');
    const last = await scene.browser.prompt();
    await last.view('change-pin');
    await last.part('last-try-confirm').setChecked(true);
    await take.window(last.page, 'manage-24-last-try');
    await last.changePin(WRONG_PIN, NEW_PIN);
    await last.part('token-locked').waitFor();
    await take.window(last.page, 'manage-25-locked');
    await last.cancel();
    await manage.page.locator('[data-testid=token][data-state=locked]').waitFor();
    await take.tab(manage.page, 'manage-26-locked');
  });
}

/** @param start sets up a scene with a policy of these values for the extension; the folder is for it alone */
export function managedTest(start: (folder: string, values: Readonly<Record<string, unknown>>) => Promise<Scene<AnyBrowser>>, picture: string): void {
  test('what an administrator has set is shown locked, and holds', BOUNDED, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kagibashi-policy-'));
    after(() => rmSync(folder, { recursive: true }));
    const site = 'https://portal.example.jp';
    const scene = await start(folder, { language: 'en', loginSeconds: 1200, skipChooser: true, certificateSites: [site, 'nonsense'] });
    after(() => scene.stop(), BOUNDED);
    const manage = await ManagePage.open(scene.browser, 'settings');
    await manage.part('locked-language').waitFor();
    await manage.page.locator('html[lang=en]').waitFor();
    await until('the length of logins', async () => (await manage.part('login-length').inputValue()) === '1200');
    for (const name of ['language', 'login-length', 'skip-chooser']) await manage.page.locator(`[data-testid=${name}]:disabled`).waitFor();
    await manage.page.locator('[data-testid=notices]:enabled').waitFor();
    await accessible(manage.page, picture);
    await photograph(manage.page, artefacts(), picture);
    await manage.goTo('sites');
    await manage.part('managed-site').waitFor();
    assert.deepEqual(await Promise.all((await manage.part('managed-site').all()).map((one) => one.getAttribute('data-origin'))), [site]);
  });
}

type Start = () => Promise<Scene<AnyBrowser>>;

export function closingTest(start: Start): void {
  test('closing the page logs out what it opened, whoever else looks on', BOUNDED, async () => {
    const scene = await start();
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
}

export function noticesTest(start: Start): void {
  test('a token that comes and goes is told of by one notice, unless the settings switch that off', BOUNDED, async () => {
    const scene = await start();
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
}
