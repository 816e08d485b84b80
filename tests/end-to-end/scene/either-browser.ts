/** What tests of both browsers use of each. Playwright's pages have it of themselves, Firefox's by way of WebDriver BiDi. */
import type { PromptWindow } from './prompt-window.ts';

export type Language = 'ja' | 'en';

export type Colours = 'light' | 'dark';

export interface Looks {
  readonly language?: Language;
  readonly colours?: Colours;
  /** Device pixels to a CSS pixel. */
  readonly scale?: number;
}

/** Elements of a page, looked up anew for every act; each act waits until it can be done. */
export interface AnyPart {
  getByTestId(name: string): AnyPart;
  locator(selector: string): AnyPart;
  filter(options: { hasText: RegExp | string }): AnyPart;
  first(): AnyPart;
  last(): AnyPart;
  all(): Promise<AnyPart[]>;
  count(): Promise<number>;
  waitFor(options?: { state?: 'visible' | 'detached'; timeout?: number }): Promise<void>;
  click(): Promise<void>;
  fill(value: string): Promise<void>;
  setChecked(on: boolean): Promise<void>;
  selectOption(value: string): Promise<unknown>;
  innerText(): Promise<string>;
  inputValue(): Promise<string>;
  getAttribute(name: string): Promise<string | null>;
  evaluate<T>(act: (element: HTMLElement) => T): Promise<T>;
}

export interface AnyPage {
  readonly keyboard: { type(text: string): Promise<void>; press(key: string): Promise<void> };
  getByTestId(name: string): AnyPart;
  locator(selector: string): AnyPart;
  /** The value of an expression, or of a function that uses nothing from around it; promises are awaited. */
  evaluate<T, A = undefined>(act: string | ((argument: A) => T), argument?: A): Promise<Awaited<T>>;
  /** @param pattern an address, in which `**` stands for anything */
  waitForURL(pattern: string): Promise<void>;
  setViewportSize(size: { width: number; height: number }): Promise<void>;
  /** Shows it as on a light or a dark desktop. */
  emulateMedia(media: { colorScheme: Colours }): Promise<void>;
  screenshot(options: { path: string }): Promise<unknown>;
  isClosed(): boolean | Promise<boolean>;
  close(): Promise<void>;
}

export interface AnyBrowser {
  readonly language: Language;
  /** What makes our texts so: the extension's setting, or the browser's own language. */
  readonly languageSetting: Language | 'auto';
  /** A new tab. */
  tab(url: string): Promise<AnyPage>;
  /** One of the extension's own pages in a new tab. */
  ownPage(address: string): Promise<AnyPage>;
  /** The extension's one window, as soon as it is there. */
  prompt(): Promise<PromptWindow<AnyPage>>;
  /** Names of the notices of the extension that the system shows. */
  notices(): Promise<string[]>;
  /** Waits until the extension shows no window. */
  noPrompt(): Promise<void>;
  /** Closes every tab but an empty one, and with them every window of the extension; no site remembers the person. */
  clear(): Promise<void>;
  /** Every tab and window. */
  pages(): Promise<AnyPage[]>;
  close(): Promise<void>;
}
