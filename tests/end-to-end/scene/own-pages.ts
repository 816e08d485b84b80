/** The extension's own pages, opened in tabs: what its button shows, and its management. */
import type { Page } from 'playwright-core';
import { type Browser, EXTENSION } from './browser.ts';

/** What the button in the browser's bar shows, once it has finished looking. */
export async function openPopup(browser: Browser): Promise<Page> {
  const page = await browser.tab(`${EXTENSION}/popup.html`);
  await page.locator('[data-testid=popup]:not([data-state=checking])').waitFor();
  return page;
}

export class ManagePage {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  static async open(browser: Browser, tab: 'sites' | 'settings'): Promise<ManagePage> {
    const page = await browser.tab(`${EXTENSION}/manage.html#${tab}`);
    await page.getByTestId(tab).waitFor();
    return new ManagePage(page);
  }

  /** The sites that hold a grant. */
  async sites(): Promise<string[]> {
    await this.page.locator('[data-testid=site], [data-testid=sites-empty]').first().waitFor();
    const sites = await this.page.getByTestId('site').all();
    return Promise.all(sites.map(async (site) => (await site.getAttribute('data-origin')) ?? ''));
  }

  async revoke(origin: string): Promise<void> {
    await this.page.locator(`[data-testid=site][data-origin="${origin}"]`).getByTestId('site-revoke').click();
    await this.page.getByTestId('sites-revoked').waitFor();
  }

  /** Whether the extension leaves pages to another one that answers there. */
  async standBack(yes: boolean): Promise<void> {
    await this.page.getByTestId('stand-back').setChecked(yes);
    await this.page.getByTestId('settings-saved').filter({ hasText: /./ }).waitFor();
  }
}
