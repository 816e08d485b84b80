/** The browser's own notices, in the corner of the screen. A press on one opens the management page. */
import { browser } from 'wxt/browser';
import { clipped } from './card-text';
import { text } from './texts';
import type { TokenNotice } from './token-notices';

const WORDS = { inserted: 'notice_inserted', removed: 'notice_removed' } as const;

export async function notify({ kind, token }: TokenNotice): Promise<void> {
  try {
    // One for each token: a new one takes the place of the one before.
    await browser.notifications.create(`token-${token.id}`, {
      type: 'basic',
      iconUrl: browser.runtime.getURL('/icon/128.png'),
      title: text(WORDS[kind]),
      message: text('notice_where', clipped(token.label), clipped(token.reader)),
    });
  } catch {
    // The system shows none.
  }
}

export function openOnPress(page: string): void {
  browser.notifications?.onClicked.addListener((id) => {
    if (!id.startsWith('token-')) return;
    void browser.notifications.clear(id);
    void browser.tabs.create({ url: browser.runtime.getURL('/') + page });
  });
}
