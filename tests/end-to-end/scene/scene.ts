/** Everything that a test plays in: service, token, portal, host and browser, all private and all thrown away. */
import type { Environment } from './background.ts';
import { Browser, type BrowserOptions } from './browser.ts';
import { chooseCertificates } from './certificate-policy.ts';
import type { AnyBrowser, Looks } from './either-browser.ts';
import { FirefoxBrowser } from './firefox-browser.ts';
import { Home } from './home.ts';
import { type BrowserKind, Host } from './host.ts';
import { SmartCardService } from './pcsc.ts';
import { photograph } from './pictures.ts';
import { Portal } from './portal.ts';
import { PortalPage } from './portal-page.ts';
import { TakeDown, throwAway } from './take-down.ts';
import { TlsPortal } from './tls-portal.ts';
import { type Making, type Manner, Token } from './token.ts';
import { type VendorKey, VendorToken } from './vendor-token.ts';

interface TokenOptions {
  readonly token?: Making;
  /** In the place of the software card there is a token of another maker, behind that maker's module. */
  readonly vendor?: VendorKey;
  /** That module is on the computer, and nobody has told the host of it. */
  readonly moduleNotAdded?: boolean;
}

export interface SceneOptions extends BrowserOptions, TokenOptions {
  /** Also starts the site that asks for the certificate in the TLS handshake, and lets the browser show it. */
  readonly second?: boolean;
}

export interface FirefoxSceneOptions extends Looks, TokenOptions {
  /** A folder with an administrator's policies. */
  readonly policies?: string;
}

type PageOf<B extends AnyBrowser> = Awaited<ReturnType<B['tab']>>;

/** All but the browser. */
interface Rooms {
  readonly service: SmartCardService;
  readonly token: Token;
  readonly portal: Portal;
  readonly second: TlsPortal | undefined;
  readonly vendor: VendorToken | undefined;
  readonly host: Host;
  readonly home: Home;
  /** Lets the browser's host find the tokens. */
  readonly environment: Environment;
  readonly room: (name: string) => string;
}

export class Scene<B extends AnyBrowser = Browser> {
  readonly browser: B;
  readonly service: SmartCardService;
  readonly token: Token;
  readonly portal: Portal;
  readonly host: Host;
  /** The person's. */
  readonly home: Home;
  readonly #second: TlsPortal | undefined;
  readonly #vendor: VendorToken | undefined;
  /** The software card; `undefined` if it stays out. */
  readonly #making: Making | undefined;
  readonly #takeDown: TakeDown;

  private constructor({ service, token, portal, second, vendor, host, home }: Rooms, browser: B, making: Making | undefined, takeDown: TakeDown) {
    this.browser = browser;
    this.service = service;
    this.token = token;
    this.portal = portal;
    this.host = host;
    this.home = home;
    this.#second = second;
    this.#vendor = vendor;
    this.#making = making;
    this.#takeDown = takeDown;
  }

  /** With Chromium. */
  static start(options: SceneOptions = {}): Promise<Scene> {
    return Scene.#start('chromium', options, async ({ home, environment, second, room }) => {
      const settings = second ? room('settings') : undefined;
      if (settings !== undefined) chooseCertificates(settings);
      return Browser.start(home, environment, settings === undefined ? options : { ...options, settings });
    });
  }

  static startFirefox(options: FirefoxSceneOptions = {}): Promise<Scene<FirefoxBrowser>> {
    return Scene.#start('firefox', options, async ({ home, environment, portal }) => {
      const policies = options.policies === undefined ? {} : { policies: options.policies };
      return FirefoxBrowser.start(home, environment, { authority: portal.authority, ...policies }, options);
    });
  }

  static async #start<B extends AnyBrowser>(kind: BrowserKind, options: SceneOptions, startBrowser: (rooms: Rooms) => Promise<B>): Promise<Scene<B>> {
    const takeDown = new TakeDown();
    try {
      const room = throwAway(takeDown);

      const service = await SmartCardService.start(room('pcsc'));
      takeDown.add(() => service.stop());
      const making = options.token ?? {};
      const token = new Token(room('token'), service.slot);
      const vendor = options.vendor ? await VendorToken.make(room('vendor'), options.vendor) : undefined;
      if (!vendor) await token.renew(making);
      takeDown.add(() => token.unplug());
      const trusted = [vendor?.authorities ?? (await token.authorities(making))];
      const second = options.second ? await TlsPortal.start(room('second'), trusted) : undefined;
      takeDown.add(() => second?.stop());
      const portal = await Portal.start(room('portal'), trusted, second?.origin('1.3'));
      takeDown.add(() => portal.stop());

      const home = new Home(room('home'));
      await home.trust(portal.authority, ...(second ? [second.authority] : []));
      const host = new Host(home, kind);
      await host.install();
      const environment = { ...service.environment, ...vendor?.environment };
      if (vendor && !options.moduleNotAdded) await host.addModule(vendor.module, environment);
      const rooms = { service, token, portal, second, vendor, host, home, environment, room };
      const browser = await startBrowser(rooms);
      takeDown.add(() => browser.close());
      return new Scene(rooms, browser, vendor ? undefined : making, takeDown);
    } catch (error) {
      await takeDown.run();
      throw error;
    }
  }

  /** What every test begins with: an unused token and no pages. */
  async fresh(making = this.#making, manner: Manner = {}): Promise<void> {
    await Promise.all([this.browser.clear(), making && this.token.renew(making, manner)]);
  }

  /** The site that asks for the certificate in the TLS handshake. */
  get second(): TlsPortal {
    if (!this.#second) throw new Error('this scene has one site only');
    return this.#second;
  }

  /** The token of another maker. */
  get vendor(): VendorToken {
    if (!this.#vendor) throw new Error('this scene has no token of another maker');
    return this.#vendor;
  }

  portalPage(): Promise<PortalPage<PageOf<B>>> {
    return PortalPage.open<PageOf<B>>(this.browser as never, this.portal);
  }

  /** Photographs whatever is open, for whoever looks into a failure. */
  async photographAll(folder: string, name: string): Promise<void> {
    const pages = await this.browser.pages();
    await Promise.allSettled(pages.map((page, number) => photograph(page, folder, `${name}-${number}`)));
  }

  stop(): Promise<void> {
    return this.#takeDown.run();
  }
}
