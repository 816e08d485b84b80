import { browser } from 'wxt/browser';
import { defineContentScript } from 'wxt/utils/define-content-script';
import { PageChannel } from '../lib/page-channel';
import { readSettings } from '../lib/settings';

export default defineContentScript({
  // The two http addresses count as secure for the page's library, so they are told why they are not served.
  matches: ['https://*/*', 'http://localhost/*', 'http://127.0.0.1/*'],
  allFrames: true,
  // A page may ask while it still loads.
  runAt: 'document_start',
  main() {
    const channel = new PageChannel(
      window,
      () => browser.runtime.connect({ name: 'web-eid' }),
      () => readSettings().then(({ standBack }) => standBack, () => true),
    );
    channel.listen();
  },
});
