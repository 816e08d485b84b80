/** Chromium in TLS handshakes. Its own tools go on working while one waits. */
import type { Page } from 'playwright-core';
import type { Browser } from './browser.ts';
import { tooLate, within } from './deadline.ts';
import { FORGET } from './forget.ts';
import type { HandshakeBrowser, PinQuestion, Sight, Visit } from './handshake-browser.ts';
import { openPopup } from './own-pages.ts';
import { photograph } from './pictures.ts';
import { artefacts } from './places.ts';
import type { PromptWindow } from './prompt-window.ts';
import { seen } from './sight.ts';

export class ChromiumHandshakes implements HandshakeBrowser {
  readonly #browser: Browser;

  constructor(browser: Browser) {
    this.#browser = browser;
  }

  async visit(url: string): Promise<Visit> {
    const visit = new ChromiumVisit(await this.#browser.context.newPage(), url);
    await visit.again();
    return visit;
  }

  async question(): Promise<PinQuestion> {
    const prompt = await this.#browser.prompt();
    return new ChromiumQuestion(await prompt.view('enter-pin'));
  }

  async questionForToken(): Promise<PinQuestion> {
    const prompt = await this.#browser.prompt();
    return new ChromiumQuestion(await prompt.view('waiting-for-token'));
  }

  async asks(): Promise<boolean> {
    return this.#browser.promptPages().length > 0;
  }

  async logOut(): Promise<void> {
    const popup = await openPopup(this.#browser);
    await popup.getByTestId('log-out').click();
    await popup.getByTestId('popup-login').waitFor({ state: 'detached' });
    await popup.close();
  }

  async photographPopup(name: string): Promise<void> {
    const popup = await openPopup(this.#browser);
    await photograph(popup, artefacts(), name);
    await popup.close();
  }

  async clear(): Promise<void> {
    const popup = await openPopup(this.#browser);
    await popup.evaluate(FORGET);
    await this.#browser.clear();
  }

  async photographAll(name: string): Promise<void> {
    const pages = this.#browser.context.pages();
    await Promise.allSettled(pages.map((page, number) => photograph(page, artefacts(), `${name}-${number}`)));
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}

class ChromiumVisit implements Visit {
  readonly #page: Page;
  readonly #url: string;

  constructor(page: Page, url: string) {
    this.#page = page;
    this.#url = url;
  }

  async again(): Promise<void> {
    // It ends with the handshake, or never.
    void this.#page.goto(this.#url, { timeout: 0 }).catch(() => {});
  }

  async sight(): Promise<Sight> {
    const address = this.#page.url();
    // A page that is just going away has nothing to show.
    return this.#page.evaluate(seen).catch(() => ({ page: 'other', address }));
  }

  async tryAgain(): Promise<void> {
    const button = this.#page.getByTestId('try-again');
    await button.waitFor();
    // Playwright would wait for the page behind it, which waits for the person.
    await button.evaluate((element: HTMLElement) => element.click());
  }

  photograph(name: string): Promise<void> {
    return photograph(this.#page, artefacts(), name);
  }

  fetch(path: string, milliseconds: number): Promise<string | null> {
    return within(milliseconds, path, this.#page.evaluate((path) => fetch(path).then((answer) => answer.text(), String), path)).catch(tooLate);
  }
}

class ChromiumQuestion implements PinQuestion {
  readonly #prompt: PromptWindow;

  constructor(prompt: PromptWindow) {
    this.#prompt = prompt;
  }

  enterPin(pin: string): Promise<void> {
    return this.#prompt.enterPin(pin);
  }

  async rejected(): Promise<void> {
    await this.#prompt.triesAre(9);
  }

  async asksForToken(): Promise<void> {
    await this.#prompt.view('waiting-for-token');
  }

  async asksForPin(): Promise<void> {
    await this.#prompt.view('enter-pin');
  }

  cancel(): Promise<void> {
    return this.#prompt.cancel();
  }

  closed(): Promise<void> {
    return this.#prompt.closed();
  }

  photograph(name: string): Promise<void> {
    return photograph(this.#prompt.page, artefacts(), name);
  }
}
