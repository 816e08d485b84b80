/** How long the management page takes to show a token's certificates once the host has told of the token. */
import { until } from './deadline.ts';
import type { Browser } from './browser.ts';
import type { ManagePage } from './own-pages.ts';

/** Milliseconds, on the one clock that worker and page share. */
const CLOCK = 'performance.timeOrigin + performance.now()';

/** The worker hands on at once what the host tells. */
const NOTE_TOLD = `new Promise((ready) => {
  globalThis.toldAt = null;
  chrome.storage.session.onChanged.addListener(({ tokens }) => { if (tokens?.newValue?.length > 0) globalThis.toldAt ??= ${CLOCK}; });
  ready(null);
})`;

const NOTE_SHOWN = `(() => {
  window.shownAt = null;
  new MutationObserver((_, observer) => {
    if (!document.querySelector('[data-testid=certificate-card]')) return;
    observer.disconnect();
    // The frame after the one in which it is drawn.
    requestAnimationFrame(() => requestAnimationFrame(() => { window.shownAt = ${CLOCK}; }));
  }).observe(document.body, { childList: true, subtree: true });
})()`;

/**
 * Of a page that shows no token now. What the host takes to ask the card for the tries of its PIN is part of it.
 *
 * @param insert puts the token in
 */
export async function timeToShow(browser: Browser, { page }: ManagePage, insert: () => Promise<void>): Promise<number> {
  await browser.inWorker(NOTE_TOLD);
  await page.evaluate(NOTE_SHOWN);
  await insert();
  const shown = await until('the certificates', () => page.evaluate<number | null>('window.shownAt'));
  return shown - Number(await browser.inWorker('globalThis.toldAt'));
}
