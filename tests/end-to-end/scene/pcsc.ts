/**
 * A smart card service of our own, with a virtual reader. Debian's pcscd has the path of its socket built in: a mount
 * namespace puts a folder of ours in that place for this daemon alone, and clients find it by `PCSCLITE_CSOCK_NAME`.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Background, type Environment } from './background.ts';
import { until } from './deadline.ts';

const DRIVER = '/usr/lib/pcsc/drivers/serial/libifdvpcd.so';
export const READER = 'Feitian ePass2003';

/**
 * $1 stands in for /run, $2 holds the reader's configuration. Where /run/pcscd is there, it alone is covered. The daemon
 * ends with our end of stdin, even if we are killed.
 */
const START = `
if [ -d /run/pcscd ]; then mount --bind "$1/pcscd" /run/pcscd; else mount --bind "$1" /run; fi || exit 1
PATH=$PATH:/usr/sbin:/sbin
pcscd --foreground --error --reader-name-no-serial --config "$2" </dev/null &
read -r _
kill $!
wait`;

export class SmartCardService {
  /** Where the virtual reader waits for a card, as `HOST:PORT`. */
  readonly slot: string;
  readonly #sockets: string;
  readonly #readers: string;
  #daemon: Background | undefined;

  private constructor(folder: string, port: number) {
    this.slot = `127.0.0.1:${port}`;
    this.#sockets = join(folder, 'run');
    this.#readers = join(folder, 'readers');
    mkdirSync(join(this.#sockets, 'pcscd'), { recursive: true });
    mkdirSync(this.#readers);
    const channel = `0x${port.toString(16).toUpperCase()}`;
    writeFileSync(
      join(this.#readers, 'virtual'),
      `FRIENDLYNAME "${READER}"\nDEVICENAME /dev/null:${channel}\nLIBPATH ${DRIVER}\nCHANNELID ${channel}\n`,
    );
  }

  /** @param folder gets the daemon's few files; its path is short, as names of sockets hold 107 bytes only */
  static async start(folder: string): Promise<SmartCardService> {
    const service = new SmartCardService(folder, await freePort());
    await service.start();
    return service;
  }

  /** Lets a program find this service. */
  get environment(): Environment {
    return { PCSCLITE_CSOCK_NAME: this.#socket };
  }

  /** Starts it, also again. */
  async start(): Promise<void> {
    const namespace = process.getuid?.() === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount'];
    const daemon = new Background('unshare', [...namespace, '--', 'sh', '-c', START, 'sh', this.#sockets, this.#readers]);
    this.#daemon = daemon;
    await until('the smart card service', () => {
      if (daemon.hasEnded) throw new Error(`the smart card service has ended: ${daemon.errors}`);
      return existsSync(this.#socket);
    });
  }

  async stop(): Promise<void> {
    await this.#daemon?.stop('end-of-input');
    this.#daemon = undefined;
    rmSync(this.#socket, { force: true });
  }

  get #socket(): string {
    return join(this.#sockets, 'pcscd', 'pcscd.comm');
  }
}

/** The driver opens this port and the next one, as it makes two slots. */
async function freePort(): Promise<number> {
  const isFree = (port: number) =>
    new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen(port, () => server.close(() => resolve(true)));
    });
  for (;;) {
    // Below the range from which the kernel hands out ports for connections.
    const port = 20_000 + 2 * Math.floor(Math.random() * 6_000);
    if ((await isFree(port)) && (await isFree(port + 1))) return port;
  }
}
