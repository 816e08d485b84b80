/** What a tab shows, told by what is in its page. */
import type { Sight } from './handshake-browser.ts';

/** Runs in the page, so it uses nothing from around it. */
export function seen(): Sight {
  const address = document.documentURI;
  const text = (id: string) => document.getElementById(id)?.innerText ?? '';
  const status = document.getElementById('status')?.dataset['state'];
  const refusal = document.getElementById('refusal');
  const ended = document.querySelector<HTMLElement>('[data-testid=handshake-ended]');
  if (status === 'done') return { page: 'holder', holder: text('holder'), certificateId: text('certificate-id'), tlsVersion: text('tls-version') };
  if (refusal) return { page: 'refusal', code: refusal.dataset['code'] ?? '' };
  if (ended) return { page: 'ended', error: ended.dataset['error'] ?? '' };
  if (document.getElementById('main-frame-error') || address.startsWith('about:neterror')) return { page: 'error', words: document.body.innerText };
  return { page: 'other', address };
}
