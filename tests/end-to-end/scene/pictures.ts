/** Screenshots, for people to look at. */
import { join } from 'node:path';

interface Photographed {
  screenshot(options: { path: string; animations: 'disabled'; caret: 'hide' }): Promise<unknown>;
}

/** Takes a picture of a page or of a part of one. Moving parts are stilled and the cursor does not blink, so that two runs give the same picture. */
export async function photograph(page: Photographed, folder: string, name: string): Promise<void> {
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled', caret: 'hide' });
}
