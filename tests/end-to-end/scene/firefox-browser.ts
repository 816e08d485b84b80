/** Firefox where no TLS handshake waits: everything in it can be looked at and acted on, as in Chromium. */
import type { Environment } from './background.ts';
import { until } from './deadline.ts';
import type { AnyBrowser, Language, Looks } from './either-browser.ts';
import { COLOURS, Firefox, type FirefoxSetting } from './firefox.ts';
import { FirefoxPage } from './firefox-page.ts';
import type { Home } from './home.ts';
import { PromptWindow } from './prompt-window.ts';

export class FirefoxBrowser implements AnyBrowser {
  readonly language: Language;
  readonly #firefox: Firefox;
  #listener: Promise<FirefoxPage> | undefined;

  /** Debian's Firefox itself speaks English only. */
  get languageSetting(): Language {
    return this.language;
  }

  private constructor(firefox: Firefox, language: Language) {
    this.#firefox = firefox;
    this.language = language;
  }

  static async start(home: Home, environment: Environment, setting: FirefoxSetting, { language = 'ja', colours = 'light' }: Looks): Promise<FirefoxBrowser> {
    const preferences = { [COLOURS.preference]: COLOURS[colours] };
    const firefox = await Firefox.start(home, environment, { ...setting, preferences });
    const browser = new FirefoxBrowser(firefox, language);
    if (setting.policies === undefined) await browser.#speak();
    return browser;
  }

  async tab(url: string): Promise<FirefoxPage> {
    const { bidi } = this.#firefox;
    const tab = await this.#firefox.newTab();
    await bidi.send('browsingContext.navigate', { context: tab, url, wait: 'complete' });
    return new FirefoxPage(bidi, tab);
  }

  async ownPage(address: string): Promise<FirefoxPage> {
    return new FirefoxPage(this.#firefox.bidi, await this.#firefox.ownPage(address));
  }

  async prompt(): Promise<PromptWindow<FirefoxPage>> {
    const [{ context }] = await until('the window of the extension', async () => {
      const [prompt] = await this.#firefox.prompts();
      return prompt && ([prompt] as const);
    });
    return new PromptWindow(new FirefoxPage(this.#firefox.bidi, context));
  }

  /** Without a desktop a notice is gone at once: what counts are those that there have been since this was first asked. */
  async notices(): Promise<string[]> {
    this.#listener ??= this.#listen();
    const page = await this.#listener;
    return page.evaluate<string[]>('[...window.noticesMade]');
  }

  async noPrompt(): Promise<void> {
    await until('the end of the window', async () => (await this.#firefox.prompts()).length === 0);
  }

  async clear(): Promise<void> {
    await this.#firefox.bidi.send('storage.deleteCookies', {});
    await this.#firefox.clear();
  }

  async pages(): Promise<FirefoxPage[]> {
    const contexts = await this.#firefox.bidi.contexts();
    return contexts.map(({ context }) => new FirefoxPage(this.#firefox.bidi, context));
  }

  close(): Promise<void> {
    return this.#firefox.end();
  }

  async #listen(): Promise<FirefoxPage> {
    const page = await this.ownPage('manage.html#sites');
    await page.getByTestId('sites').waitFor();
    await page.evaluate(`(() => {
      window.noticesMade = new Set();
      const look = async () => {
        for (const id of Object.keys(await browser.notifications.getAll())) window.noticesMade.add(id);
      };
      browser.notifications.onShown.addListener((id) => window.noticesMade.add(id));
      browser.notifications.onClosed.addListener((id) => window.noticesMade.add(id));
      return look();
    })()`);
    return page;
  }

  /** Sets the language, as a person does. */
  async #speak(): Promise<void> {
    const settings = await this.ownPage('manage.html#settings');
    await settings.getByTestId('language').selectOption(this.languageSetting);
    await settings.locator(`html[lang=${this.language}]`).waitFor();
    await settings.close();
  }
}
