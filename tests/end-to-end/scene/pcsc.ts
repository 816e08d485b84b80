/**
 * A smart card service of our own, with a virtual reader. Debian's pcscd has the path of its socket built in: a mount
 * namespace puts a folder of ours in that place for this daemon alone, and clients find it by `PCSCLITE_CSOCK_NAME`.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Background, type Environment } from './background.ts';
import { until } from './deadline.ts';

const DRIVER = '/usr/lib/pcsc/drivers/serial/libifdvpcd.so';
export const READER = 'Feitian ePass2003';

/** $1: our folder, $2: the reader's configuration. The daemon ends with our end of stdin, even if we are killed. */
const START = `
if [ -d /run/pcscd ]; then mount --bind "$1" /run/pcscd
else mkdir "$1/pcscd" && mount --bind "$1" /run; fi || exit 1
PATH=$PATH:/usr/sbin:/sbin
pcscd --foreground --error --reader-name-no-serial --config "$2" </dev/null &
read -r _
kill $!
wait`;

export class SmartCardService {
  /** Where the virtual reader waits for a card, as `HOST:PORT`. */
  readonly slot: string;
  readonly #daemon: Background;
  readonly #socket: string;

  private constructor(slot: string, daemon: Background, socket: string) {
    this.slot = slot;
    this.#daemon = daemon;
    this.#socket = socket;
  }

  /** @param folder gets the daemon's few files; its path is short, as names of sockets hold 107 bytes only */
  static async start(folder: string): Promise<SmartCardService> {
    const [sockets, readers] = [join(folder, 'run'), join(folder, 'readers')];
    mkdirSync(sockets, { recursive: true });
    mkdirSync(readers);
    const port = await freePort();
    const channel = `0x${port.toString(16).toUpperCase()}`;
    writeFileSync(
      join(readers, 'virtual'),
      `FRIENDLYNAME "${READER}"\nDEVICENAME /dev/null:${channel}\nLIBPATH ${DRIVER}\nCHANNELID ${channel}\n`,
    );
    const isRoot = process.getuid?.() === 0;
    const namespace = isRoot ? ['--mount'] : ['--user', '--map-root-user', '--mount'];
    const daemon = new Background('unshare', [...namespace, '--', 'sh', '-c', START, 'sh', sockets, readers]);
    const places = [join(sockets, 'pcscd.comm'), join(sockets, 'pcscd', 'pcscd.comm')];
    const socket = await until('the smart card service', () => places.find((place) => existsSync(place)));
    return new SmartCardService(`127.0.0.1:${port}`, daemon, socket);
  }

  /** Lets a program find this service. */
  get environment(): Environment {
    return { PCSCLITE_CSOCK_NAME: this.#socket };
  }

  stop(): Promise<void> {
    return this.#daemon.stop('end-of-input');
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
