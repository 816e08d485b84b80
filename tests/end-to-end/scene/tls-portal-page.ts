/** The second site's page as a person sees it. */
import type { Page } from 'playwright-core';
import type { Browser } from './browser.ts';
import type { HolderSeen } from './portal-page.ts';
import type { TlsPortal } from './tls-portal.ts';

export class TlsPortalPage {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  /** Opens the site in a new tab. The page is not waited for: the handshake may wait for the person. */
  static async open(browser: Browser, portal: TlsPortal): Promise<TlsPortalPage> {
    const page = await browser.context.newPage();
    void page.goto(`${portal.origin('1.3')}/?lang=${browser.language}`, { timeout: 0 }).catch(() => {});
    return new TlsPortalPage(page);
  }

  /** Waits for the holder's page and reads it. */
  async holder(): Promise<HolderSeen & { readonly tlsVersion: string }> {
    await this.page.locator('#status[data-state=done]').waitFor();
    const read = (id: string) => this.page.locator(`#${id}`).innerText();
    return {
      holder: await read('holder'),
      organisation: await read('organisation'),
      certificateId: await read('certificate-id'),
      tlsVersion: await read('tls-version'),
    };
  }
}
