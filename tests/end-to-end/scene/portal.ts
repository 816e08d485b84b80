/** The demo portal as a program. */
import { join } from 'node:path';
import { Background } from './background.ts';
import { program } from './places.ts';

export class Portal {
  readonly origin: string;
  /** PEM file of the authority behind its TLS certificate. */
  readonly authority: string;
  readonly #server: Background;

  private constructor(origin: string, authority: string, server: Background) {
    this.origin = origin;
    this.authority = authority;
    this.#server = server;
  }

  /**
   * @param trust folders with the authorities whose clients may sign in
   * @param second the site that the front page links to
   */
  static async start(folder: string, trust: readonly string[], second?: string): Promise<Portal> {
    const authority = join(folder, 'portal-authority.pem');
    const trusted = trust.flatMap((place) => ['--trust', place]);
    const link = second === undefined ? [] : ['--tls-site', second];
    const server = new Background(program('kagibashi-portal'), ['--ca-out', authority, ...trusted, ...link]);
    const [word, origin] = (await server.line()).split(' ');
    if (word !== 'listening' || origin === undefined) throw new Error(`the portal said ${word}`);
    return new Portal(origin, authority, server);
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}
