/** The portal's pages as a person uses them. */
import type { Page } from 'playwright-core';
import { PATIENCE } from './deadline.ts';
import type { AnyPage } from './either-browser.ts';
import type { Portal } from './portal.ts';

export interface HolderSeen {
  readonly holder: string;
  readonly organisation: string;
  readonly certificateId: string;
}

/** What opens its pages. */
interface Opening<P> {
  readonly language: string;
  tab(url: string): Promise<P>;
}

export class PortalPage<P extends AnyPage = Page> {
  readonly page: P;
  readonly #portal: Portal;
  readonly #language: string;

  private constructor(page: P, portal: Portal, language: string) {
    this.page = page;
    this.#portal = portal;
    this.#language = language;
  }

  /** The front page in a new tab. */
  static async open<P extends AnyPage>(browser: Opening<P>, portal: Portal): Promise<PortalPage<P>> {
    const page = await browser.tab(`${portal.origin}/?lang=${browser.language}`);
    const opened = new PortalPage(page, portal, browser.language);
    await opened.#ready('login');
    return opened;
  }

  /** Presses the button; the extension's window is what comes next. */
  async pressSignIn(): Promise<void> {
    await this.#ready('login');
    await this.page.locator('#login').click();
  }

  /** Waits for the holder's page and reads it. */
  async holder(): Promise<HolderSeen> {
    await this.page.waitForURL(`${this.#portal.origin}/home**`);
    await this.#ready('sign');
    const read = (id: string) => this.page.locator(`#${id}`).innerText();
    return { holder: await read('holder'), organisation: await read('organisation'), certificateId: await read('certificate-id') };
  }

  async pressSign(): Promise<void> {
    await this.#ready('sign');
    await this.page.locator('#sign').click();
  }

  /** Waits for the portal's word on the signature of a document. */
  async signature(): Promise<{ signer: string; algorithm: string }> {
    await this.page.locator('#signature-result').waitFor();
    const read = (id: string) => this.page.locator(`#${id}`).innerText();
    return { signer: await read('signature-signer'), algorithm: await read('signature-algorithm') };
  }

  /** Waits until the page says that something went wrong. */
  async failure(): Promise<{ code: string | null; situation: string; advice: string }> {
    const status = this.page.locator('#status[data-state=error]');
    await status.waitFor({ timeout: 2 * PATIENCE });
    return {
      code: await status.getAttribute('data-code'),
      situation: await status.locator('.situation').innerText(),
      advice: await status.locator('.advice').innerText(),
    };
  }

  /** Signs out, and waits for the front page. */
  async signOut(): Promise<void> {
    await this.page.locator('#logout').click();
    await this.page.waitForURL(`${this.#portal.origin}/?lang=${this.#language}&left`);
  }

  async #ready(button: string): Promise<void> {
    await this.page.locator(`#${button}:enabled`).waitFor();
  }
}
