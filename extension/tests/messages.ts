/** Texts for tests: the Japanese ones, filled in as a browser does. */
import { beforeEach } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import { fill } from '../lib/texts';
import messages from '../public/_locales/ja/messages.json';

beforeEach(() => {
  fakeBrowser.reset();
  Object.assign(fakeBrowser.i18n, {
    getMessage: (name: string, values: string[] = []) => {
      const message = messages[name as keyof typeof messages];
      if (!message) throw new Error(`no text named ${name}`);
      return fill(message, values);
    },
  });
});
