/** Everything that a test plays in: service, token, portal, host and browser, all private and all thrown away. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Browser, type BrowserOptions } from './browser.ts';
import { Home } from './home.ts';
import { Host } from './host.ts';
import { SmartCardService } from './pcsc.ts';
import { photograph } from './pictures.ts';
import { Portal } from './portal.ts';
import { PortalPage } from './portal-page.ts';
import { type Making, type Manner, Token } from './token.ts';

export interface SceneOptions extends BrowserOptions {
  readonly token?: Making;
}

export class Scene {
  readonly service: SmartCardService;
  readonly token: Token;
  readonly portal: Portal;
  readonly host: Host;
  readonly browser: Browser;
  readonly #making: Making;
  readonly #endings: readonly (() => unknown)[];

  private constructor(rooms: Pick<Scene, 'service' | 'token' | 'portal' | 'host' | 'browser'>, making: Making, endings: readonly (() => unknown)[]) {
    this.service = rooms.service;
    this.token = rooms.token;
    this.portal = rooms.portal;
    this.host = rooms.host;
    this.browser = rooms.browser;
    this.#making = making;
    this.#endings = endings;
  }

  static async start(options: SceneOptions = {}): Promise<Scene> {
    // Taken down in the opposite order, also when something on the way up fails.
    const endings: (() => unknown)[] = [];
    try {
      const folder = mkdtempSync(join(tmpdir(), 'kagibashi-'));
      const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
      process.once('exit', remove);
      endings.unshift(() => {
        process.off('exit', remove);
        remove();
      });
      const room = (name: string) => {
        mkdirSync(join(folder, name));
        return join(folder, name);
      };

      const service = await SmartCardService.start(room('pcsc'));
      endings.unshift(() => service.stop());
      const making = options.token ?? {};
      const token = new Token(room('token'), service.slot);
      await token.renew(making);
      endings.unshift(() => token.unplug());
      const portal = await Portal.start(room('portal'), [await token.authorities(making)]);
      endings.unshift(() => portal.stop());

      const home = new Home(room('home'));
      await home.trust(portal.authority);
      const host = new Host(home);
      await host.install();
      const browser = await Browser.start(home, service.environment, options);
      endings.unshift(() => browser.close());
      return new Scene({ service, token, portal, host, browser }, making, endings);
    } catch (error) {
      await takeDown(endings);
      throw error;
    }
  }

  /** What every test begins with: an unused token and no pages. */
  async fresh(making: Making = this.#making, manner: Manner = {}): Promise<void> {
    await Promise.all([this.browser.clear(), this.token.renew(making, manner)]);
  }

  portalPage(): Promise<PortalPage> {
    return PortalPage.open(this.browser, this.portal);
  }

  /** Photographs whatever is open, for whoever looks into a failure. */
  async photographAll(folder: string, name: string): Promise<void> {
    await Promise.allSettled(this.browser.context.pages().map((page, number) => photograph(page, folder, `${name}-${number}`)));
  }

  stop(): Promise<void> {
    return takeDown(this.#endings);
  }
}

async function takeDown(endings: readonly (() => unknown)[]): Promise<void> {
  const troubles: unknown[] = [];
  for (const end of endings) {
    try {
      await end();
    } catch (error) {
      troubles.push(error);
    }
  }
  if (troubles.length > 0) throw new AggregateError(troubles, 'not everything could be taken down');
}
