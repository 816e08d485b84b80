/** A scene of a site that asks for the certificate in the TLS handshake, and of one kind of browser. */
import { after, afterEach, beforeEach, type TestContext } from 'node:test';
import { Browser } from './browser.ts';
import { chooseCertificates } from './certificate-policy.ts';
import { ChromiumHandshakes } from './chromium-handshakes.ts';
import { PATIENCE, pause, TooLate, until } from './deadline.ts';
import { Display } from './display.ts';
import type { FirefoxSetting } from './firefox.ts';
import { FirefoxHandshakes } from './firefox-handshakes.ts';
import type { HandshakeBrowser, Sight, Visit } from './handshake-browser.ts';
import { Home } from './home.ts';
import { type BrowserKind, Host } from './host.ts';
import { SmartCardService } from './pcsc.ts';
import { TakeDown, throwAway } from './take-down.ts';
import { TlsPortal, type TlsVersion } from './tls-portal.ts';
import { Token } from './token.ts';
import { type VendorKey, VendorToken } from './vendor-token.ts';

const HOOK = { timeout: 6 * PATIENCE };

/** NSS believes its last look for a token that long, in milliseconds. */
export const NSS_TRUST = 10_000;
const REOPENING = 1_500;
/** A page takes several signatures, each of which may have to wait for a busy machine. */
const PAGE_PATIENCE = 6_000;

/** What the browser opens: a port for each version of TLS. */
export interface Site {
  readonly authority: string;
  origin(version: TlsVersion): string;
  stop(): Promise<void>;
}

export interface Beginning<S extends Site = TlsPortal> {
  /** Whether the token is in when the browser starts. */
  readonly inserted?: boolean;
  /** In the place of the software card there is a token of another maker, behind that maker's module. */
  readonly vendor?: VendorKey;
  /** Another site than the portal, set up in that folder; it lets in clients of those authorities. */
  readonly site?: (folder: string, authorities: string) => Promise<S>;
  /** Writes an administrator's policies into a folder. In Firefox nothing is set up by hand then. */
  readonly policy?: (folder: string, portal: Site, authorities: string) => Promise<void>;
}

export class HandshakeScene<S extends Site = TlsPortal> {
  readonly kind: BrowserKind;
  readonly token: Token;
  readonly portal: S;
  readonly host: Host;
  readonly #startBrowser: () => Promise<HandshakeBrowser>;
  #browser: HandshakeBrowser;
  readonly #takeDown: TakeDown;

  private constructor(
    rooms: Pick<HandshakeScene<S>, 'kind' | 'token' | 'portal' | 'host' | 'browser'>,
    startBrowser: () => Promise<HandshakeBrowser>,
    takeDown: TakeDown,
  ) {
    this.kind = rooms.kind;
    this.token = rooms.token;
    this.portal = rooms.portal;
    this.host = rooms.host;
    this.#browser = rooms.browser;
    this.#startBrowser = startBrowser;
    this.#takeDown = takeDown;
    takeDown.add(() => this.#browser.close());
  }

  get browser(): HandshakeBrowser {
    return this.#browser;
  }

  static async start<S extends Site = TlsPortal>(kind: BrowserKind, { inserted = true, vendor: other, site, policy }: Beginning<S> = {}): Promise<HandshakeScene<S>> {
    const takeDown = new TakeDown();
    try {
      const room = throwAway(takeDown);
      const service = await SmartCardService.start(room('pcsc'));
      takeDown.add(() => service.stop());
      const token = new Token(room('token'), service.slot);
      const vendor = other ? await VendorToken.make(room('vendor'), other) : undefined;
      if (!vendor) await token.renew();
      if (!vendor && !inserted) await token.remove();
      takeDown.add(() => token.unplug());
      const authorities = vendor?.authorities ?? (await token.authorities());
      const portal = (await (site ?? portalSite)(room('portal'), authorities)) as S;
      takeDown.add(() => portal.stop());

      const home = new Home(room('home'));
      const host = new Host(home, kind);
      // Where module and host meet.
      const environment = { ...service.environment, ...vendor?.environment, XDG_RUNTIME_DIR: room('run') };
      if (vendor) await host.addModule(vendor.module, environment);
      let startBrowser: () => Promise<HandshakeBrowser>;
      if (kind === 'chromium') {
        await home.trust(portal.authority);
        await host.install();
        const settings = room('settings');
        await (policy ?? onlyCertificate)(settings, portal, authorities);
        startBrowser = async () => new ChromiumHandshakes(await Browser.start(home, environment, { settings }));
      } else {
        await host.install();
        const display = await Display.start(room('display'));
        takeDown.add(() => display.stop());
        const setting: FirefoxSetting = policy ? { policies: room('policies'), policiesBringExtension: true } : { authority: portal.authority };
        if (policy && setting.policies !== undefined) {
          await policy(setting.policies, portal, authorities);
          home.withoutModuleForExtensions();
        }
        startBrowser = () => FirefoxHandshakes.start(home, environment, display, setting);
      }
      const browser = await startBrowser();
      return new HandshakeScene({ kind, token, portal, host, browser }, startBrowser, takeDown);
    } catch (error) {
      await takeDown.run();
      throw error;
    }
  }

  /** Closes the browser and starts it again, with the same profile. */
  async restartBrowser(): Promise<void> {
    await this.#browser.close();
    this.#browser = await this.#startBrowser();
  }

  /** Opens the site in a new tab, without waiting for what comes of it. */
  visit(version: TlsVersion): Promise<Visit> {
    return this.browser.visit(`${this.portal.origin(version)}/`);
  }

  /** Opens a tab's address again and again, as a person would, until our window asks. */
  async openUntilAsked(visit: Visit): Promise<void> {
    const end = performance.now() + NSS_TRUST + PATIENCE;
    while (!(await this.browser.asks())) {
      if (performance.now() > end) throw new TooLate(`our window, but the tab shows ${JSON.stringify(await visit.sight())}`);
      await visit.again();
      await pause(REOPENING);
    }
  }

  /** The same until it shows that kind of page: what was opened before may have been answered without the token. */
  async openUntil<P extends Sight['page']>(visit: Visit, page: P): Promise<Extract<Sight, { page: P }>> {
    const end = performance.now() + NSS_TRUST + PATIENCE;
    for (;;) {
      const sight = await this.shows(visit, page, PAGE_PATIENCE).catch((error: unknown) => {
        if (performance.now() > end) throw error;
      });
      if (sight) return sight;
      await visit.again();
    }
  }

  /** Waits until a tab shows that kind of page. */
  async shows<P extends Sight['page']>(visit: Visit, page: P, milliseconds?: number): Promise<Extract<Sight, { page: P }>> {
    let last: Sight | undefined;
    try {
      const sight = await until(`the page: ${page}`, async () => ((last = await visit.sight()).page === page ? last : null), milliseconds);
      return sight as Extract<Sight, { page: P }>;
    } catch (error) {
      throw new Error(`the tab does not show ${page}, but ${JSON.stringify(last)}`, { cause: error });
    }
  }

  stop(): Promise<void> {
    return this.#takeDown.run();
  }
}

function portalSite(folder: string, authorities: string): Promise<Site> {
  return TlsPortal.start(folder, [authorities]);
}

async function onlyCertificate(settings: string): Promise<void> {
  chooseCertificates(settings);
}

/** A scene for a file of tests: begun before the first, without login or pages for each, photographed where one fails. */
export async function handshakeStage<S extends Site = TlsPortal>(kind: BrowserKind, beginning: Beginning<S> = {}): Promise<HandshakeScene<S>> {
  const scene = await HandshakeScene.start(kind, beginning);
  beforeEach(() => scene.browser.clear(), HOOK);
  afterEach(async (context) => {
    const test = context as TestContext & { readonly passed: boolean };
    if (!test.passed) await scene.browser.photographAll(`failed-${kind}-${test.name.replaceAll(/\W+/g, '-')}`);
  }, HOOK);
  after(() => scene.stop(), HOOK);
  return scene;
}
