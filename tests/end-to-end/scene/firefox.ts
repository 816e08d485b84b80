/** Firefox with our extension and a throw-away profile, spoken to by WebDriver BiDi. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Background, type Environment, output } from './background.ts';
import { BiDi, type Context } from './bidi.ts';
import { PATIENCE, until } from './deadline.ts';
import { withFolderInPlace } from './folder-in-place.ts';
import type { Home } from './home.ts';
import { firefoxExtension, identityFile } from './places.ts';

const { firefoxId, moduleName } = JSON.parse(readFileSync(identityFile, 'utf8')) as { firefoxId: string; moduleName: string };

/** Firefox gives every profile another one; here it is known beforehand. */
const UUID = 'b0a3c1de-5f0c-4c39-9b59-6e8f2a7d4c10';
const EXTENSION = `moz-extension://${UUID}`;

const BUTTON = `${firefoxId.toLowerCase().replaceAll(/[^a-z0-9_-]/g, '_')}-browser-action`;

/** Named so in Firefox: 0 is dark. */
export const COLOURS = { preference: 'layout.css.prefers-color-scheme.content-override', dark: 0, light: 1 } as const;

type Preferences = Readonly<Record<string, string | number | boolean>>;

const PREFERENCES: Preferences = {
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
};

const PROGRAM = 'firefox-esr';
/** Beside the program Firefox looks for an administrator's policies, and what a distribution adds. */
const POLICIES = '/usr/share/firefox-esr/distribution';

/** Who has set the browser up: the person, or an administrator. */
export interface FirefoxSetting {
  /** PEM file of the authority that the person trusts. */
  readonly authority?: string;
  /** Folder with the administrator's policies. */
  readonly policies?: string;
  /** Whether these policies bring the extension as well. */
  readonly policiesBringExtension?: boolean;
  /** Besides those that every test wants. */
  readonly preferences?: Preferences;
  /** Where it draws; without one it draws for nobody. */
  readonly display?: Environment;
}

export class Firefox {
  readonly bidi: BiDi;
  readonly #program: Background;
  /** The tab that it began with, which stays. */
  readonly #first: string;

  private constructor(program: Background, bidi: BiDi, first: string) {
    this.#program = program;
    this.bidi = bidi;
    this.#first = first;
  }

  static async start(home: Home, environment: Environment, setting: FirefoxSetting): Promise<Firefox> {
    const profile = join(home.folder, 'firefox');
    const isNew = !existsSync(profile);
    mkdirSync(profile, { recursive: true });
    const preferences = Object.entries({ ...PREFERENCES, ...setting.preferences });
    writeFileSync(join(profile, 'user.js'), preferences.map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join(''));
    if (isNew) await output('certutil', ['-N', '-d', `sql:${profile}`, '--empty-password']);
    const { authority, policies, display } = setting;
    if (isNew && authority !== undefined) {
      await output('certutil', ['-A', '-d', `sql:${profile}`, '-n', 'portal', '-t', 'C,,', '-i', authority]);
    }

    const args = ['--profile', profile, '--no-remote', '--remote-debugging-port', '0', '--remote-allow-system-access', ...(display ? [] : ['--headless']), 'about:blank'];
    const browser = policies === undefined ? PROGRAM : withFolderInPlace(home, PROGRAM, POLICIES, policies);
    const program = new Background(browser, args, { ...home.environment, ...display, ...environment });
    try {
      const listening = await until('Firefox', () => {
        if (program.hasEnded) throw new Error(`Firefox has ended: ${program.errors}`);
        return /WebDriver BiDi listening on (ws:\S+)/.exec(program.errors);
      }, 2 * PATIENCE);
      const bidi = await BiDi.connect(listening[1] ?? '');
      const first = await until('a tab', async () => (await bidi.contexts())[0]);
      const firefox = new Firefox(program, bidi, first.context);
      if (setting.policiesBringExtension) await firefox.close(await firefox.popup());
      else {
        await firefox.bidi.send('webExtension.install', { extensionData: { type: 'path', path: firefoxExtension } }, 2 * PATIENCE);
        await firefox.#ready();
      }
      return firefox;
    } catch (error) {
      await program.stop();
      throw error;
    }
  }

  newTab(): Promise<string> {
    return this.bidi.newTab(this.#first);
  }

  /** One of our own pages, in a new tab. */
  async ownPage(address: string): Promise<string> {
    const tab = await this.newTab();
    this.bidi.navigate(tab, `${EXTENSION}/${address}`);
    return tab;
  }

  /** What the button in the browser's bar shows, in a tab, once it has finished looking. */
  async popup(): Promise<string> {
    const tab = await this.ownPage('popup.html');
    const shown = 'document.querySelector("[data-testid=popup]:not([data-state=checking])") !== null';
    await until('the popup', () => this.bidi.evaluate<boolean>(tab, shown).catch(() => false));
    return tab;
  }

  /** Our windows that are open now. */
  async prompts(milliseconds?: number): Promise<Context[]> {
    const contexts = await this.bidi.contexts(milliseconds);
    return contexts.filter(({ url }) => url.startsWith(`${EXTENSION}/prompt.html`));
  }

  async close(context: string): Promise<void> {
    await this.bidi.send('browsingContext.close', { context }).catch(() => {});
  }

  /** Closes every tab but an empty one, and every window of ours. */
  async clear(): Promise<void> {
    this.bidi.navigate(this.#first, 'about:blank');
    for (const { context } of await this.bidi.contexts()) if (context !== this.#first) await this.close(context);
  }

  async end(): Promise<void> {
    this.bidi.close();
    await this.#program.stop();
  }

  /** Waits for the module and for the host behind it. */
  async #ready(): Promise<void> {
    const popup = await this.popup();
    await until('the module', () => this.bidi.evaluate<boolean>(popup, `browser.pkcs11.isModuleInstalled(${JSON.stringify(moduleName)}).catch(() => false)`));
    await this.close(popup);
  }
}
