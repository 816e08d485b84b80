/** The extension's own pages, opened in tabs: what its button shows, and its management. */
import type { Page } from 'playwright-core';
import type { Browser } from './browser.ts';
import { until } from './deadline.ts';
import type { AnyPage } from './either-browser.ts';

/** What the button in the browser's bar shows, once it has finished looking. */
export async function openPopup(browser: Browser): Promise<Page> {
  const page = await browser.ownPage('popup.html');
  await page.locator('[data-testid=popup]:not([data-state=checking])').waitFor();
  return page;
}

export type ManageTab = 'tokens' | 'sites' | 'history' | 'settings' | 'diagnostics';

export class ManagePage<P extends AnyPage = Page> {
  readonly page: P;

  private constructor(page: P) {
    this.page = page;
  }

  static async open<P extends AnyPage>(browser: { ownPage(address: string): Promise<P> }, tab: ManageTab): Promise<ManagePage<P>> {
    const page = await browser.ownPage(`manage.html#${tab}`);
    await page.getByTestId(tab === 'tokens' ? 'tokens-page' : tab).waitFor();
    return new ManagePage(page);
  }

  part(name: string): ReturnType<P['getByTestId']> {
    return this.page.getByTestId(name) as ReturnType<P['getByTestId']>;
  }

  /** Waits until there are so many of a part. */
  async counts(name: string, number: number): Promise<void> {
    await until(`${number} of ${name}`, async () => (await this.part(name).count()) === number);
  }

  /** Waits until the page of tokens shows that: `ready`, or the name of what stands in the way. */
  async state(name: string): Promise<void> {
    await this.page.locator(`[data-testid=tokens-page][data-state="${name}"]`).waitFor();
  }

  /** Presses one of the actions on the right. */
  async act(action: string): Promise<void> {
    await this.part(`action-${action}`).click();
  }

  /** What the page says has come of an action. */
  async said(): Promise<string> {
    await this.part('said').waitFor();
    return this.part('said').innerText();
  }

  /** Chooses the certificate whose card is in that state. */
  async chooseCertificate(state: string): Promise<void> {
    await this.page.locator(`label:has([data-testid=certificate-card][data-state=${state}]) input`).last().setChecked(true);
  }

  /** Goes to another of its pages, as a press on its tab does. */
  async goTo(tab: ManageTab): Promise<void> {
    await this.part(`tab-${tab}`).click();
    await this.part(tab === 'tokens' ? 'tokens-page' : tab).waitFor();
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
