/**
 * Firefox in TLS handshakes. While one waits, its network stands still and nothing that drives it gets through: our window
 * is then seen and pressed through the screen, as a person does it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from './background.ts';
import type { BiDi } from './bidi.ts';
import { tooLate, until } from './deadline.ts';
import type { Display, DisplayWindow } from './display.ts';
import type { Picture } from './framebuffer.ts';
import { Firefox, type FirefoxSetting } from './firefox.ts';
import { FORGET } from './forget.ts';
import type { HandshakeBrowser, PinQuestion, Sight, Visit } from './handshake-browser.ts';
import type { Home } from './home.ts';
import { artefacts } from './places.ts';
import { seen } from './sight.ts';

/** Milliseconds in which Firefox answers if no handshake waits. */
const REACHABLE = 1_500;
const PROMPT = 'Extension: .*Kagibashi';
const WAITING_FOR_TOKEN = '[data-testid=prompt][data-view=waiting-for-token]';

export class FirefoxHandshakes implements HandshakeBrowser {
  readonly #firefox: Firefox;
  readonly #display: Display;

  private constructor(firefox: Firefox, display: Display) {
    this.#firefox = firefox;
    this.#display = display;
  }

  static async start(home: Home, environment: Environment, display: Display, setting: FirefoxSetting): Promise<FirefoxHandshakes> {
    return new FirefoxHandshakes(await Firefox.start(home, environment, { ...setting, display: display.environment }), display);
  }

  get #bidi(): BiDi {
    return this.#firefox.bidi;
  }

  async visit(url: string): Promise<Visit> {
    const visit = new FirefoxVisit(this.#bidi, await this.#firefox.newTab(), url);
    await visit.again();
    return visit;
  }

  question(): Promise<PinQuestion> {
    return this.#question();
  }

  async questionForToken(): Promise<PinQuestion> {
    const question = await this.#question();
    await question.shows(WAITING_FOR_TOKEN);
    return question;
  }

  async #question(): Promise<FirefoxQuestion> {
    const window = await until('the window of the extension', () => this.#display.window(PROMPT));
    return new FirefoxQuestion(this.#firefox, window, await window.still());
  }

  async asks(): Promise<boolean> {
    return (await this.#display.window(PROMPT)) !== null;
  }

  async logOut(): Promise<void> {
    const popup = await this.#firefox.popup();
    const button = 'document.querySelector("[data-testid=log-out]")';
    await until('the open login', () => this.#bidi.evaluate<boolean>(popup, `${button} !== null`));
    await this.#bidi.evaluate(popup, `${button}.click()`);
    await until('the end of the login', () => this.#bidi.evaluate<boolean>(popup, `${button} === null`));
    await this.#firefox.close(popup);
  }

  async photographPopup(name: string): Promise<void> {
    writeFileSync(join(artefacts(), `${name}-icon.png`), this.#display.screen());
    const popup = await this.#firefox.popup();
    writeFileSync(join(artefacts(), `${name}.png`), await this.#bidi.screenshot(popup));
    await this.#firefox.close(popup);
  }

  async clear(): Promise<void> {
    const popup = await this.#firefox.popup();
    await this.#bidi.evaluate(popup, FORGET);
    await this.#firefox.clear();
  }

  async photographAll(name: string): Promise<void> {
    const screen = this.#display.screen();
    writeFileSync(join(artefacts(), `${name}.png`), screen);
  }

  close(): Promise<void> {
    return this.#firefox.end();
  }
}

class FirefoxVisit implements Visit {
  readonly #bidi: BiDi;
  readonly #tab: string;
  readonly #url: string;

  constructor(bidi: BiDi, tab: string, url: string) {
    this.#bidi = bidi;
    this.#tab = tab;
    this.#url = url;
  }

  async again(): Promise<void> {
    this.#bidi.navigate(this.#tab, this.#url);
  }

  async sight(): Promise<Sight> {
    // A page that is just going away has nothing to show.
    return this.#bidi.evaluate<Sight>(this.#tab, `(${seen})()`).catch((error: Error) => ({ page: 'other', address: error.message }));
  }

  async tryAgain(): Promise<void> {
    await this.#bidi.evaluate(this.#tab, 'document.querySelector("[data-testid=try-again]").click()');
  }

  async photograph(name: string): Promise<void> {
    writeFileSync(join(artefacts(), `${name}.png`), await this.#bidi.screenshot(this.#tab));
  }

  fetch(path: string, milliseconds: number): Promise<string | null> {
    const request = `fetch(${JSON.stringify(path)}).then((answer) => answer.text(), String)`;
    return this.#bidi.evaluate<string>(this.#tab, request, milliseconds).catch(tooLate);
  }
}

class FirefoxQuestion implements PinQuestion {
  readonly #firefox: Firefox;
  readonly #window: DisplayWindow;
  #last: Picture;

  constructor(firefox: Firefox, window: DisplayWindow, first: Picture) {
    this.#firefox = firefox;
    this.#window = window;
    this.#last = first;
  }

  async enterPin(pin: string): Promise<void> {
    await this.#window.type(pin);
    // The dots are to be seen before Enter is pressed.
    this.#last = await this.#window.still(this.#last);
    await this.#window.press('Return');
  }

  rejected(): Promise<void> {
    return this.#changes('[data-testid=tries-left][data-tries="9"]');
  }

  asksForToken(): Promise<void> {
    return this.#changes(WAITING_FOR_TOKEN);
  }

  asksForPin(): Promise<void> {
    return this.#changes('[data-testid=prompt][data-view=enter-pin]');
  }

  async cancel(): Promise<void> {
    await this.#window.press('Escape');
  }

  async closed(): Promise<void> {
    await until('the end of the window', async () => !(await this.#window.isThere()));
  }

  async photograph(name: string): Promise<void> {
    writeFileSync(join(artefacts(), `${name}.png`), await this.#window.photograph());
  }

  /** Waits until the window shows something else, and that it is this, where it can be asked. */
  async #changes(selector: string): Promise<void> {
    this.#last = await this.#window.still(this.#last);
    await this.shows(selector);
  }

  /** Waits until the window shows this, where it can be asked. */
  async shows(selector: string): Promise<void> {
    const [prompt] = await this.#firefox.prompts(REACHABLE).catch(() => []);
    if (!prompt) return;
    await until(selector, () => this.#firefox.bidi.evaluate<boolean>(prompt.context, `document.querySelector(${JSON.stringify(selector)}) !== null`));
  }
}
