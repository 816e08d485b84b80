/** Everything that a test plays in: service, token, portal, host and browser, all private and all thrown away. */
import { Browser, type BrowserOptions } from './browser.ts';
import { chooseCertificates } from './certificate-policy.ts';
import { Home } from './home.ts';
import { Host } from './host.ts';
import { SmartCardService } from './pcsc.ts';
import { photograph } from './pictures.ts';
import { Portal } from './portal.ts';
import { PortalPage } from './portal-page.ts';
import { TakeDown, throwAway } from './take-down.ts';
import { TlsPortal } from './tls-portal.ts';
import { type Making, type Manner, Token } from './token.ts';

export interface SceneOptions extends BrowserOptions {
  readonly token?: Making;
  /** Also starts the site that asks for the certificate in the TLS handshake, and lets the browser show it. */
  readonly second?: boolean;
}

export class Scene {
  readonly service: SmartCardService;
  readonly token: Token;
  readonly portal: Portal;
  readonly #second: TlsPortal | undefined;
  readonly host: Host;
  readonly browser: Browser;
  readonly #making: Making;
  readonly #takeDown: TakeDown;

  private constructor(rooms: Pick<Scene, 'service' | 'token' | 'portal' | 'host' | 'browser'>, second: TlsPortal | undefined, making: Making, takeDown: TakeDown) {
    this.service = rooms.service;
    this.token = rooms.token;
    this.portal = rooms.portal;
    this.#second = second;
    this.host = rooms.host;
    this.browser = rooms.browser;
    this.#making = making;
    this.#takeDown = takeDown;
  }

  static async start(options: SceneOptions = {}): Promise<Scene> {
    const takeDown = new TakeDown();
    try {
      const room = throwAway(takeDown);

      const service = await SmartCardService.start(room('pcsc'));
      takeDown.add(() => service.stop());
      const making = options.token ?? {};
      const token = new Token(room('token'), service.slot);
      await token.renew(making);
      takeDown.add(() => token.unplug());
      const trusted = [await token.authorities(making)];
      const second = options.second ? await TlsPortal.start(room('second'), trusted) : undefined;
      takeDown.add(() => second?.stop());
      const portal = await Portal.start(room('portal'), trusted, second?.origin('1.3'));
      takeDown.add(() => portal.stop());

      const home = new Home(room('home'));
      await home.trust(portal.authority, ...(second ? [second.authority] : []));
      const host = new Host(home);
      await host.install();
      const settings = second ? room('settings') : undefined;
      if (settings !== undefined) chooseCertificates(settings);
      const browser = await Browser.start(home, service.environment, settings === undefined ? options : { ...options, settings });
      takeDown.add(() => browser.close());
      return new Scene({ service, token, portal, host, browser }, second, making, takeDown);
    } catch (error) {
      await takeDown.run();
      throw error;
    }
  }

  /** What every test begins with: an unused token and no pages. */
  async fresh(making: Making = this.#making, manner: Manner = {}): Promise<void> {
    await Promise.all([this.browser.clear(), this.token.renew(making, manner)]);
  }

  /** The site that asks for the certificate in the TLS handshake. */
  get second(): TlsPortal {
    if (!this.#second) throw new Error('this scene has one site only');
    return this.#second;
  }

  portalPage(): Promise<PortalPage> {
    return PortalPage.open(this.browser, this.portal);
  }

  /** Photographs whatever is open, for whoever looks into a failure. */
  async photographAll(folder: string, name: string): Promise<void> {
    await Promise.allSettled(this.browser.context.pages().map((page, number) => photograph(page, folder, `${name}-${number}`)));
  }

  stop(): Promise<void> {
    return this.#takeDown.run();
  }
}
