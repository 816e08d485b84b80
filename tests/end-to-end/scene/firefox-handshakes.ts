/**
 * Firefox in TLS handshakes. While one waits, its network stands still and nothing that drives it gets through: our window
 * is then seen and pressed through the screen, as a person does it.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Background, type Environment, output } from './background.ts';
import { BiDi } from './bidi.ts';
import { PATIENCE, until } from './deadline.ts';
import { Display, type DisplayWindow } from './display.ts';
import type { Picture } from './framebuffer.ts';
import { FirefoxPage } from './firefox-page.ts';
import { FORGET } from './forget.ts';
import type { HandshakeBrowser, PinQuestion, Sight, Visit } from './handshake-browser.ts';
import { withFolderInPlace } from './folder-in-place.ts';
import type { Home } from './home.ts';
import { artefacts, firefoxExtension, identityFile } from './places.ts';
import { seen } from './sight.ts';

const { firefoxId, moduleName } = JSON.parse(readFileSync(identityFile, 'utf8')) as { firefoxId: string; moduleName: string };

/** Firefox gives every profile another one; here it is known beforehand. */
const UUID = 'b0a3c1de-5f0c-4c39-9b59-6e8f2a7d4c10';
const EXTENSION = `moz-extension://${UUID}`;

const BUTTON = `${firefoxId.toLowerCase().replaceAll(/[^a-z0-9_-]/g, '_')}-browser-action`;

const PREFERENCES = {
  'extensions.webextensions.uuids': JSON.stringify({ [firefoxId]: UUID }),
  // There is one certificate only.
  'security.default_personal_cert': 'Select Automatically',
  // Still pictures.
  'ui.caretBlinkTime': 0,
  'ui.prefersReducedMotion': 1,
  // The button of the extension in the bar.
  'browser.uiCustomization.state': JSON.stringify({
    placements: { 'nav-bar': ['back-button', 'stop-reload-button', 'urlbar-container', BUTTON, 'unified-extensions-button'] },
    dirtyAreaCache: ['nav-bar'],
    currentVersion: 23,
  }),
  'browser.aboutwelcome.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
} as const;

/** Milliseconds in which Firefox answers if no handshake waits. */
const REACHABLE = 1_500;
const PROMPT = 'Extension: .*Kagibashi';
const WAITING_FOR_TOKEN = '[data-testid=prompt][data-view=waiting-for-token]';

const PROGRAM = 'firefox-esr';
/** Beside the program Firefox looks for an administrator's policies, and what a distribution adds. */
const POLICIES = '/usr/share/firefox-esr/distribution';

/** Who has set the browser up: the person, or an administrator. */
export interface FirefoxSetting {
  /** PEM file of the authority that the person trusts. */
  readonly authority?: string;
  /** Folder with the administrator's policies, which bring everything. */
  readonly policies?: string;
}

export class FirefoxHandshakes implements HandshakeBrowser {
  readonly #program: Background;
  readonly #bidi: BiDi;
  readonly #display: Display;

  private constructor(program: Background, bidi: BiDi, display: Display) {
    this.#program = program;
    this.#bidi = bidi;
    this.#display = display;
  }

  static async start(home: Home, environment: Environment, display: Display, setting: FirefoxSetting): Promise<FirefoxHandshakes> {
    const profile = join(home.folder, 'firefox');
    const isNew = !existsSync(profile);
    mkdirSync(profile, { recursive: true });
    const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`);
    writeFileSync(join(profile, 'user.js'), lines.join(''));
    if (isNew) await output('certutil', ['-N', '-d', `sql:${profile}`, '--empty-password']);
    const { authority, policies } = setting;
    if (isNew && authority !== undefined) {
      await output('certutil', ['-A', '-d', `sql:${profile}`, '-n', 'portal', '-t', 'C,,', '-i', authority]);
    }

    const args = ['--profile', profile, '--no-remote', '--remote-debugging-port', '0', '--remote-allow-system-access', 'about:blank'];
    const browser = policies === undefined ? PROGRAM : withFolderInPlace(home, PROGRAM, POLICIES, policies);
    const program = new Background(browser, args, { ...home.environment, ...display.environment, ...environment });
    try {
      const listening = await until('Firefox', () => {
        if (program.hasEnded) throw new Error(`Firefox has ended: ${program.errors}`);
        return /WebDriver BiDi listening on (ws:\S+)/.exec(program.errors);
      }, 2 * PATIENCE);
      const bidi = await BiDi.connect(listening[1] ?? '');
      const firefox = new FirefoxHandshakes(program, bidi, display);
      if (policies === undefined) {
        await bidi.send('webExtension.install', { extensionData: { type: 'path', path: firefoxExtension } }, 2 * PATIENCE);
        await firefox.#ready();
      } else {
        await firefox.#close(await firefox.#popup());
      }
      return firefox;
    } catch (error) {
      await program.stop();
      throw error;
    }
  }

  async visit(url: string): Promise<Visit> {
    const visit = new FirefoxVisit(this.#bidi, await this.#bidi.newTab(), url);
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
    return new FirefoxQuestion(this.#bidi, window, await window.still());
  }

  /** One of our own pages, in a new tab. */
  async ownPage(address: string): Promise<FirefoxPage> {
    const tab = await this.#bidi.newTab();
    this.#bidi.navigate(tab, `${EXTENSION}/${address}`);
    return new FirefoxPage(this.#bidi, tab);
  }

  /** Our window, where no handshake keeps it from being driven. */
  async ownWindow(): Promise<FirefoxPage> {
    const { context } = await until('the window of the extension', async () =>
      (await this.#bidi.contexts()).find(({ url }) => url.startsWith(`${EXTENSION}/prompt.html`)),
    );
    return new FirefoxPage(this.#bidi, context);
  }

  async asks(): Promise<boolean> {
    return (await this.#display.window(PROMPT)) !== null;
  }

  async logOut(): Promise<void> {
    const popup = await this.#popup();
    const button = 'document.querySelector("[data-testid=log-out]")';
    await until('the open login', () => this.#bidi.evaluate<boolean>(popup, `${button} !== null`));
    await this.#bidi.evaluate(popup, `${button}.click()`);
    await until('the end of the login', () => this.#bidi.evaluate<boolean>(popup, `${button} === null`));
    await this.#close(popup);
  }

  async photographPopup(name: string): Promise<void> {
    writeFileSync(join(artefacts(), `${name}-icon.png`), this.#display.screen());
    const popup = await this.#popup();
    writeFileSync(join(artefacts(), `${name}.png`), await this.#bidi.screenshot(popup));
    await this.#close(popup);
  }

  async clear(): Promise<void> {
    const popup = await this.#popup();
    await this.#bidi.evaluate(popup, FORGET);
    for (const { context } of await this.#bidi.contexts()) if (context !== popup) await this.#close(context);
    this.#bidi.navigate(popup, 'about:blank');
  }

  async photographAll(name: string): Promise<void> {
    const screen = this.#display.screen();
    writeFileSync(join(artefacts(), `${name}.png`), screen);
  }

  async close(): Promise<void> {
    this.#bidi.close();
    await this.#program.stop();
  }

  /** Waits for the module and for the host behind it. */
  async #ready(): Promise<void> {
    const popup = await this.#popup();
    await until('the module', () => this.#bidi.evaluate<boolean>(popup, `browser.pkcs11.isModuleInstalled(${JSON.stringify(moduleName)}).catch(() => false)`));
    await this.#close(popup);
  }

  async #popup(): Promise<string> {
    const tab = await this.#bidi.newTab();
    this.#bidi.navigate(tab, `${EXTENSION}/popup.html`);
    const shown = 'document.querySelector("[data-testid=popup]:not([data-state=checking])") !== null';
    await until('the popup', () => this.#bidi.evaluate<boolean>(tab, shown).catch(() => false));
    return tab;
  }

  async #close(context: string): Promise<void> {
    await this.#bidi.send('browsingContext.close', { context }).catch(() => {});
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
}

class FirefoxQuestion implements PinQuestion {
  readonly #bidi: BiDi;
  readonly #window: DisplayWindow;
  #last: Picture;

  constructor(bidi: BiDi, window: DisplayWindow, first: Picture) {
    this.#bidi = bidi;
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
    const contexts = await this.#bidi.contexts(REACHABLE).catch(() => []);
    const prompt = contexts.find(({ url }) => url.startsWith(`${EXTENSION}/prompt.html`));
    if (!prompt) return;
    await until(selector, () => this.#bidi.evaluate<boolean>(prompt.context, `document.querySelector(${JSON.stringify(selector)}) !== null`));
  }
}
