/** Puts one of our own pages on the screen, in the person's language, and again when they choose another one. */
import { type Component, mount, unmount } from 'svelte';
import '../components/design.css';
import { watchSettings } from './settings';
import { namePage, speak, type TextName } from './texts';

export function mountPage(page: Component, title: TextName): void {
  let shown: { readonly language: string; readonly app: ReturnType<typeof mount> } | null = null;
  watchSettings(({ language }) => {
    if (shown?.language === language) return;
    void speak(language).then(async () => {
      if (shown) await unmount(shown.app);
      namePage(title);
      shown = { language, app: mount(page, { target: document.body }) };
    });
  });
}
