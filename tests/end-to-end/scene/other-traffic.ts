/** A page that asks its server again and again, to see how long a browser's other traffic stands still. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** Milliseconds from one request to the next. The server keeps the time: browsers slow the clocks of pages in the background. */
const BEAT = 50;
const PAGE = `<!doctype html><title>beat</title><script>
const beat = () => fetch('/beat', { cache: 'no-store' }).then(beat, beat);
beat();
</script>`;

export class OtherTraffic {
  readonly #server: Server;
  #beats: number[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', ({ url }, response) => {
      response.setHeader('Content-Type', 'text/html');
      if (url !== '/beat') return void response.end(url === '/' ? PAGE : '');
      this.#beats.push(performance.now());
      setTimeout(() => response.end(), BEAT);
    });
  }

  static async start(): Promise<OtherTraffic> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new OtherTraffic(server);
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  get beats(): number {
    return this.#beats.length;
  }

  /** Begins to measure. */
  reset(): void {
    this.#beats = [performance.now()];
  }

  /** The longest time without a request since then, in milliseconds. */
  get longestPause(): number {
    const times = [...this.#beats, performance.now()];
    return Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? time)));
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
