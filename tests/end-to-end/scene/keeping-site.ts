/** A site that wants the certificate and keeps connections and TLS sessions, and tells which of them a request came on. */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer as createPlainServer, type Server as PlainServer, type ServerResponse } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { output } from './background.ts';
import { TLS_VERSIONS, type TlsVersion } from './tls-portal.ts';

const NAME = 'portal.localhost';

/** What a request came on. */
export type Way =
  /** A connection from before the login ended. */
  | 'kept connection'
  /** A new connection without a signature: the TLS session of an older one went on. */
  | 'resumed session'
  /** A new connection with a new signature. */
  | 'signature';

export class KeepingSite {
  /** PEM file of the authority behind its TLS certificate. */
  readonly authority: string;
  readonly #servers = new Map<TlsVersion, Server>();
  readonly #options: ServerOptions;
  /** Of another site, whose pages want no certificate. */
  readonly #pages: PlainServer = createPlainServer((request, response) => this.#servePage(request.url ?? '', response));
  #broken = 0;
  /** Those that are open, and whether they are from before the login's end. */
  readonly #connections = new Map<Duplex, 'before' | 'after'>();

  private constructor(authority: string, options: ServerOptions) {
    this.authority = authority;
    this.#options = options;
  }

  /** @param authorities the folder with the authorities whose clients are let in */
  static async start(folder: string, authorities: string): Promise<KeepingSite> {
    const file = (name: string) => join(folder, name);
    const make = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'];
    await output('openssl', [...make, '-subj', '/CN=Keeping site authority', '-keyout', file('ca.key'), '-out', file('ca.pem')]);
    const ours = ['-subj', `/CN=${NAME}`, '-addext', `subjectAltName=DNS:${NAME}`, '-addext', 'basicConstraints=critical,CA:FALSE'];
    await output('openssl', [...make, '-CA', file('ca.pem'), '-CAkey', file('ca.key'), ...ours, '-keyout', file('key.pem'), '-out', file('cert.pem')]);
    const [key, cert] = [readFileSync(file('key.pem')), readFileSync(file('cert.pem'))];
    const pems = readdirSync(authorities).filter((name) => name.endsWith('.pem'));
    const ca = pems.map((name) => readFileSync(join(authorities, name)));
    const site = new KeepingSite(file('ca.pem'), { key, cert, ca, requestCert: true, rejectUnauthorized: true });
    await site.moveHouse();
    site.#pages.listen(0, '127.0.0.1');
    await once(site.#pages, 'listening');
    return site;
  }

  /** Goes on at other ports, where no browser has a connection or a TLS session yet. */
  async moveHouse(): Promise<void> {
    await this.#stopServers();
    for (const version of TLS_VERSIONS) {
      const server = createServer({ ...this.#options, minVersion: `TLSv${version}`, maxVersion: `TLSv${version}` });
      server.keepAliveTimeout = 120_000;
      this.#serve(server);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      this.#servers.set(version, server);
    }
  }

  origin(version: TlsVersion): string {
    const { port } = this.#servers.get(version)?.address() as AddressInfo;
    return `https://${NAME}:${port}`;
  }

  /** What is connected now was connected before. */
  loginEnds(): void {
    for (const connection of this.#connections.keys()) this.#connections.set(connection, 'before');
  }

  /** Ends every connection, so that the next request needs a new one. */
  closeConnections(): void {
    for (const connection of this.#connections.keys()) connection.end();
  }

  /** Has every new connection begin from the start, with a signature. */
  forgetSessions(): void {
    for (const server of this.#servers.values()) server.setTicketKeys(randomBytes(48));
  }

  /** A page of another site that has the browser connect to this one and asks it for nothing. */
  pageThatConnectsAhead(version: TlsVersion): string {
    const { port } = this.#pages.address() as AddressInfo;
    return `http://pages.localhost:${port}/${encodeURIComponent(this.origin(version))}`;
  }

  /** Handshakes that the browser did not finish. */
  get broken(): number {
    return this.#broken;
  }

  async stop(): Promise<void> {
    this.#pages.close();
    this.#pages.closeAllConnections();
    await this.#stopServers();
  }

  async #stopServers(): Promise<void> {
    for (const server of this.#servers.values()) {
      server.close();
      server.closeAllConnections();
    }
  }

  #servePage(url: string, response: ServerResponse): void {
    response.setHeader('Content-Type', 'text/html');
    response.end(`<!doctype html><title>page</title><link rel="preconnect" href="${decodeURIComponent(url.slice(1))}">`);
  }

  #serve(server: Server): void {
    server.on('tlsClientError', () => (this.#broken += 1));
    server.on('secureConnection', (connection) => {
      this.#connections.set(connection, 'after');
      connection.once('close', () => this.#connections.delete(connection));
    });
    server.on('request', ({ url, socket }, response) => {
      const isKept = this.#connections.get(socket) === 'before';
      const way: Way = isKept ? 'kept connection' : (socket as TLSSocket).isSessionReused() ? 'resumed session' : 'signature';
      response.setHeader('Cache-Control', 'no-store');
      response.setHeader('Content-Type', url === '/way' ? 'text/plain' : 'text/html');
      response.end(url === '/way' ? way : '<!doctype html><title>site</title><p id="status" data-state="done">');
    });
  }
}
