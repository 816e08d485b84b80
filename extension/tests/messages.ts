/** Texts for tests: the Japanese ones, filled in as a browser does. */
import { beforeEach } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import messages from '../public/_locales/ja/messages.json';

interface Message {
  readonly message: string;
  readonly placeholders?: Readonly<Record<string, { readonly content: string }>>;
}

export function fill({ message, placeholders }: Message, values: readonly string[]): string {
  return message.replace(/\$([A-Z]+)\$/g, (_, name: string) => {
    const position = placeholders?.[name.toLowerCase()]?.content ?? '';
    return values[Number(position.slice(1)) - 1] ?? '';
  });
}

beforeEach(() => {
  fakeBrowser.reset();
  Object.assign(fakeBrowser.i18n, {
    getMessage: (name: string, values: string[] = []) => {
      const message = (messages as Record<string, Message>)[name];
      if (!message) throw new Error(`no text named ${name}`);
      return fill(message, values);
    },
  });
});
