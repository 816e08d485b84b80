/** Screenshots, for people to look at. */
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';

/** Takes a picture of a page or of a part of one. Moving parts are stilled and the cursor does not blink, so that two runs give the same picture. */
export async function photograph(page: Page | Locator, folder: string, name: string): Promise<void> {
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled', caret: 'hide' });
}
