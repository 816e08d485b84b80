/** The demo's second site: it knows visitors by the certificate in the TLS handshake. */
import { join } from 'node:path';
import { Background } from './background.ts';
import { program } from './places.ts';

export type TlsVersion = '1.2' | '1.3';
export const TLS_VERSIONS: readonly TlsVersion[] = ['1.3', '1.2'];

const VARIABLES = { '1.2': 'listening-tls12', '1.3': 'listening-tls13' } as const;

export class TlsPortal {
  /** PEM file of the authority behind its TLS certificate. */
  readonly authority: string;
  readonly #origins: ReadonlyMap<string, string>;
  readonly #server: Background;

  private constructor(authority: string, origins: ReadonlyMap<string, string>, server: Background) {
    this.authority = authority;
    this.#origins = origins;
    this.#server = server;
  }

  /**
   * Every request takes a connection and every connection a signature, so that nothing a browser has kept hides a handshake.
   *
   * @param trust folders with the authorities whose clients are let in
   */
  static async start(folder: string, trust: readonly string[]): Promise<TlsPortal> {
    const authority = join(folder, 'portal-authority.pem');
    const trusted = trust.flatMap((place) => ['--trust', place]);
    const server = new Background(program('kagibashi-portal'), ['tls', '--no-resumption', '--no-keepalive', '--ca-out', authority, ...trusted]);
    const origins = new Map<string, string>();
    while (origins.size < TLS_VERSIONS.length) {
      const [word, origin] = (await server.line()).split(' ');
      if (word === undefined || origin === undefined) throw new Error(`the portal said ${word}`);
      origins.set(word, origin);
    }
    return new TlsPortal(authority, origins, server);
  }

  /** The port that speaks this version only. */
  origin(version: TlsVersion): string {
    const origin = this.#origins.get(VARIABLES[version]);
    if (origin === undefined) throw new Error(`the portal has no port for TLS ${version}`);
    return origin;
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}
