/** A page of Firefox as tests of both browsers use it: looked up and acted on by WebDriver BiDi, while no handshake stands in the way. */
import { writeFileSync } from 'node:fs';
import type { BiDi } from './bidi.ts';
import { PATIENCE, until } from './deadline.ts';
import type { AnyPage, AnyPart, Colours } from './either-browser.ts';
import { COLOURS } from './firefox.ts';

/** The names of keys in WebDriver, where they are not their own character. */
const KEYS: Readonly<Record<string, string>> = { Enter: '\uE007', Escape: '\uE00C', Tab: '\uE004', Space: ' ', ArrowRight: '\uE014', ArrowLeft: '\uE012', ArrowDown: '\uE015', ArrowUp: '\uE013' };

export class FirefoxPage implements AnyPage {
  readonly #bidi: BiDi;
  readonly #context: string;

  readonly keyboard = {
    type: (text: string) => this.#keys([...text]),
    press: (key: string) => this.#keys([KEYS[key] ?? key]),
  };

  constructor(bidi: BiDi, context: string) {
    this.#bidi = bidi;
    this.#context = context;
  }

  getByTestId(name: string): FirefoxPart {
    return this.locator(`[data-testid=${JSON.stringify(name)}]`);
  }

  locator(selector: string): FirefoxPart {
    return new FirefoxPart(this, '[document]').locator(selector);
  }

  async evaluate<T, A = undefined>(act: string | ((argument: A) => T), argument?: A): Promise<Awaited<T>> {
    const expression = typeof act === 'string' ? act : `(${act})(${JSON.stringify(argument)})`;
    return this.#bidi.evaluate<Awaited<T>>(this.#context, expression);
  }

  async waitForURL(pattern: string): Promise<void> {
    const [start = '', end = ''] = pattern.split('**');
    const isIt = pattern.includes('**') ? (url: string) => url.startsWith(start) && url.endsWith(end) : (url: string) => url === pattern;
    await until(pattern, async () => (await this.#bidi.contexts()).some(({ context, url }) => context === this.#context && isIt(url)));
  }

  async setViewportSize(viewport: { width: number; height: number }): Promise<void> {
    await this.#bidi.send('browsingContext.setViewport', { context: this.#context, viewport });
  }

  /** Firefox knows it for all its pages only. */
  async emulateMedia({ colorScheme }: { colorScheme: Colours }): Promise<void> {
    await this.#bidi.evaluateInBrowser(`Services.prefs.setIntPref(${JSON.stringify(COLOURS.preference)}, ${COLOURS[colorScheme]})`);
    await until(colorScheme, () => this.evaluate<boolean>(`matchMedia('(prefers-color-scheme: ${colorScheme})').matches`));
  }

  async screenshot({ path }: { path: string }): Promise<void> {
    writeFileSync(path, await this.#bidi.screenshot(this.#context));
  }

  async isClosed(): Promise<boolean> {
    return !(await this.#bidi.contexts()).some(({ context }) => context === this.#context);
  }

  async close(): Promise<void> {
    await this.#bidi.send('browsingContext.close', { context: this.#context });
  }

  async #keys(keys: readonly string[]): Promise<void> {
    const actions = keys.flatMap((value) => [{ type: 'keyDown', value }, { type: 'keyUp', value }]);
    await this.#bidi.send('input.performActions', { context: this.#context, actions: [{ type: 'key', id: 'keyboard', actions }] });
  }
}

class FirefoxPart implements AnyPart {
  readonly #page: FirefoxPage;
  /** An expression for the array of its elements. */
  readonly #elements: string;

  constructor(page: FirefoxPage, elements: string) {
    this.#page = page;
    this.#elements = elements;
  }

  getByTestId(name: string): FirefoxPart {
    return this.locator(`[data-testid=${JSON.stringify(name)}]`);
  }

  locator(selector: string): FirefoxPart {
    return this.#then(`.flatMap((one) => [...one.querySelectorAll(${JSON.stringify(selector)})])`);
  }

  filter({ hasText }: { hasText: RegExp | string }): FirefoxPart {
    const has = typeof hasText === 'string' ? `one.textContent.includes(${JSON.stringify(hasText)})` : `${hasText}.test(one.textContent)`;
    return this.#then(`.filter((one) => ${has})`);
  }

  first(): FirefoxPart {
    return this.#then('.slice(0, 1)');
  }

  last(): FirefoxPart {
    return this.#then('.slice(-1)');
  }

  async all(): Promise<FirefoxPart[]> {
    return Array.from({ length: await this.count() }, (_, number) => this.#then(`.slice(${number}, ${number + 1})`));
  }

  async count(): Promise<number> {
    return this.#page.evaluate<number>(`${this.#elements}.length`);
  }

  async waitFor({ state = 'visible', timeout = PATIENCE }: { state?: 'visible' | 'detached'; timeout?: number } = {}): Promise<void> {
    const visible = `${this.#elements}.some((one) => one.getClientRects().length > 0)`;
    await this.#until(state, state === 'detached' ? `${this.#elements}.length === 0` : visible, timeout);
  }

  async click(): Promise<void> {
    await this.#act('to be pressed', (element) => {
      // As a person's press does.
      element.focus();
      element.click();
    });
  }

  async fill(value: string): Promise<void> {
    await this.#act(
      'to be filled in',
      (element, text) => {
        const field = element as HTMLInputElement;
        field.focus();
        field.value = String(text);
        field.dispatchEvent(new Event('input', { bubbles: true }));
      },
      value,
    );
  }

  async setChecked(on: boolean): Promise<void> {
    await this.#act('to be ticked', (element, wanted) => ((element as HTMLInputElement).checked === wanted ? undefined : element.click()), on);
  }

  async selectOption(value: string): Promise<void> {
    await this.#act(
      'to be chosen from',
      (element, chosen) => {
        (element as HTMLSelectElement).value = String(chosen);
        element.dispatchEvent(new Event('change', { bubbles: true }));
      },
      value,
    );
  }

  innerText(): Promise<string> {
    return this.evaluate((element) => element.innerText);
  }

  inputValue(): Promise<string> {
    return this.evaluate((element) => (element as HTMLInputElement).value);
  }

  async getAttribute(name: string): Promise<string | null> {
    await this.#until('there', `${this.#elements}.length > 0`);
    return this.#page.evaluate<string | null>(`${this.#elements}[0].getAttribute(${JSON.stringify(name)})`);
  }

  async evaluate<T>(act: (element: HTMLElement) => T): Promise<T> {
    await this.#until('there', `${this.#elements}.length > 0`);
    return this.#page.evaluate<T>(`(${act})(${this.#elements}[0])`) as Promise<T>;
  }

  #then(step: string): FirefoxPart {
    return new FirefoxPart(this.#page, `${this.#elements}${step}`);
  }

  async #until(what: string, condition: string, milliseconds = PATIENCE): Promise<void> {
    // A page that is just loading has no document to ask.
    await until(`${what}: ${this.#elements}`, () => this.#page.evaluate<boolean>(condition).catch(() => false), milliseconds);
  }

  /** Looks, and acts in the same breath: what can be acted on now may be gone a moment later. */
  async #act(what: string, act: (element: HTMLElement, argument: unknown) => unknown, argument?: unknown): Promise<void> {
    const ready = `one.getClientRects().length > 0 && !one.matches(':disabled')`;
    await this.#until(
      what,
      `(() => { const one = ${this.#elements}[0]; if (!one || !(${ready})) return false; (${act})(one, ${JSON.stringify(argument)}); return true; })()`,
    );
  }
}
