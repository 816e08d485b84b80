/** Chromium with our extension, a throw-away profile, and nothing between it and the programs under test. */
import { readFileSync } from 'node:fs';
import { type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core';
import type { Environment } from './background.ts';
import { PATIENCE, until, within } from './deadline.ts';
import type { AnyBrowser, Language, Looks } from './either-browser.ts';
import { withFolderInPlace } from './folder-in-place.ts';
import type { Home } from './home.ts';
import { extension, identityFile, otherExtension } from './places.ts';
import { PromptWindow } from './prompt-window.ts';

const { chromiumId } = JSON.parse(readFileSync(identityFile, 'utf8')) as { chromiumId: string };

/** The extension's own address; its id is fixed by the key in its manifest. */
const EXTENSION = `chrome-extension://${chromiumId}`;

export interface BrowserOptions extends Looks {
  /** Also loads the extension that answers the Web eID protocol before us. */
  readonly otherExtension?: boolean;
  /** A folder to stand in for /etc/chromium: the browser's policies, for this browser alone. */
  readonly settings?: string;
}

/** Of the tabs, in CSS pixels. */
const WINDOW = { width: 1120, height: 900 };

const ARGUMENTS = [
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
];

const PROGRAM = '/usr/bin/chromium';
const SETTINGS = '/etc/chromium';
const isRoot = process.getuid?.() === 0;

export class Browser implements AnyBrowser {
  readonly context: BrowserContext;
  readonly language: Language;
  readonly languageSetting = 'auto';

  private constructor(context: BrowserContext, language: Language) {
    this.context = context;
    this.language = language;
  }

  static async start(home: Home, environment: Environment, options: BrowserOptions = {}): Promise<Browser> {
    const { language = 'ja', colours = 'light', scale = 1 } = options;
    const folders = [extension, ...(options.otherExtension ? [otherExtension] : [])].join(',');
    const context = await chromium.launchPersistentContext(home.profile, {
      executablePath: options.settings === undefined ? PROGRAM : withFolderInPlace(home, PROGRAM, SETTINGS, options.settings),
      headless: true,
      // Chromium's sandbox refuses to run as root, or as what looks like it in a namespace of ours.
      chromiumSandbox: !isRoot && options.settings === undefined,
      // Windows as large as the extension makes them.
      viewport: null,
      colorScheme: colours,
      timeout: 2 * PATIENCE,
      args: [
        ...ARGUMENTS,
        // A screen without a display; the default one is smaller than some windows.
        `--screen-info={${1600 * scale}x${1200 * scale} devicePixelRatio=${scale}}`,
        `--load-extension=${folders}`,
        // Playwright switches extensions off but for these.
        `--disable-extensions-except=${folders}`,
      ],
      // On Linux the browser's language comes from here; `--lang` is not read.
      env: { PATH: process.env['PATH'] ?? '', LANGUAGE: language, ...home.environment, ...environment },
    });
    context.setDefaultTimeout(PATIENCE);
    const browser = new Browser(context, language);
    // Content scripts miss pages that were opened before the extension was there.
    await until('the extension', () => browser.#workers().length > 0);
    await browser.#resize();
    return browser;
  }

  /** A new tab. */
  async tab(url: string): Promise<Page> {
    const page = await this.context.newPage();
    await page.goto(url);
    return page;
  }

  ownPage(address: string): Promise<Page> {
    return this.tab(`${EXTENSION}/${address}`);
  }

  async pages(): Promise<Page[]> {
    return this.context.pages();
  }

  /** Closes every tab but an empty one, and with them every window of the extension; no site remembers the person. */
  async clear(): Promise<void> {
    await this.context.clearCookies();
    const [first, ...others] = this.context.pages();
    await first?.goto('about:blank').catch(() => this.context.newPage());
    await Promise.all(others.map((page) => page.close().catch(() => {})));
  }

  /** The extension's windows that are open now. */
  promptPages(): Page[] {
    return this.context.pages().filter((page) => page.url().startsWith(`${EXTENSION}/prompt.html`));
  }

  /** The extension's one window, as soon as it is there. */
  async prompt(): Promise<PromptWindow> {
    const page = await until('the window of the extension', () => this.promptPages()[0]);
    return new PromptWindow(page);
  }

  /** Names of the notices of the extension that the system shows now. */
  async notices(): Promise<string[]> {
    return Object.keys((await this.inWorker('chrome.notifications.getAll()')) as object);
  }

  /** The value of an expression in the extension's worker. */
  async inWorker(expression: string): Promise<unknown> {
    const [worker] = this.#workers();
    if (!worker) throw new Error('the extension does not run');
    return worker.evaluate(expression);
  }

  /** Waits until the extension shows no window. */
  async noPrompt(): Promise<void> {
    await until('the end of the window', () => this.promptPages().length === 0);
  }

  /** Serves pages of a site that there is not, to this browser only. */
  async site(origin: string, pages: Readonly<Record<string, string>>): Promise<void> {
    await this.context.route(`${origin}/**`, async (route) => {
      const body = pages[new URL(route.request().url()).pathname];
      if (body === undefined) await route.fulfill({ status: 404, body: '' });
      else await route.fulfill({ contentType: 'text/html; charset=utf-8', body });
    });
  }

  /** Ends the extension's worker as the browser does when it has been idle. */
  async stopWorker(): Promise<void> {
    const page = this.context.pages()[0] ?? (await this.context.newPage());
    const session = await this.context.newCDPSession(page);
    try {
      for (const targetId of await workers(session)) await session.send('Target.closeTarget', { targetId });
      await until('the end of the worker', async () => (await workers(session)).length === 0);
    } finally {
      await session.detach();
    }
  }

  async close(): Promise<void> {
    await within(PATIENCE, 'the end of the browser', this.context.close());
  }

  /** Sizes the window of the tabs. `--window-size` would do it for the extension's windows, too. */
  async #resize(): Promise<void> {
    const page = this.context.pages()[0] ?? (await this.context.newPage());
    const session = await this.context.newCDPSession(page);
    const { windowId } = await session.send('Browser.getWindowForTarget');
    await session.send('Browser.setWindowBounds', { windowId, bounds: WINDOW });
    await session.detach();
  }

  #workers() {
    return this.context.serviceWorkers().filter((worker) => worker.url().startsWith(EXTENSION));
  }
}

async function workers(session: CDPSession): Promise<string[]> {
  const { targetInfos } = await session.send('Target.getTargets');
  return targetInfos.filter(({ type, url }) => type === 'service_worker' && url.startsWith(EXTENSION)).map(({ targetId }) => targetId);
}
