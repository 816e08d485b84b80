/**
 * p11-kit with modules of our choice. The folder with its files of modules is built in, and root's own is not read: a mount namespace
 * puts a folder of ours in that place.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Background, type Environment, output } from './background.ts';

const MODULES = '/usr/share/p11-kit/modules';

const INSIDE = `mount --bind "$1" ${MODULES} || exit 1
shift
exec "$@"`;

export class P11Kit {
  /** The module that offers what all others do. */
  readonly proxy: string;
  /** The module that offers what a server does. */
  readonly client: string;
  readonly #modules: string;
  readonly #environment: Environment;

  /**
   * @param folder keeps its few files
   * @param modules the modules that it gathers, by name
   */
  constructor(folder: string, modules: Readonly<Record<string, string>>, environment: Environment) {
    this.#modules = join(folder, 'modules');
    this.#environment = environment;
    mkdirSync(this.#modules);
    for (const [name, path] of Object.entries(modules)) writeFileSync(join(this.#modules, `${name}.module`), `module: ${path}\n`);
    // In a user namespace the system's files seem to be another person's.
    const own = (name: string) => {
      const copy = join(folder, basename(name));
      copyFileSync(library(name), copy);
      return copy;
    };
    this.proxy = own('p11-kit-proxy.so');
    this.client = own('pkcs11/p11-kit-client.so');
  }

  /** What a program prints that has these modules. */
  run(program: string, args: readonly string[]): Promise<string> {
    const [command, ...rest] = this.#inside(program, args);
    return output(command, rest, this.#environment);
  }

  /** A server at the place where its clients look. */
  async serve(): Promise<Background> {
    const folder = join(this.#environment['XDG_RUNTIME_DIR'] ?? '', 'p11-kit');
    mkdirSync(folder);
    const [command, ...rest] = this.#inside('p11-kit', ['server', '--foreground', '--name', join(folder, 'pkcs11'), 'pkcs11:']);
    const server = new Background(command, rest, this.#environment);
    const said = await server.line();
    if (!said.startsWith('P11_KIT_SERVER_ADDRESS=')) throw new Error(`p11-kit's server said ${said}`);
    return server;
  }

  #inside(program: string, args: readonly string[]): [string, ...string[]] {
    const namespace = process.getuid?.() === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount'];
    return ['unshare', ...namespace, '--', 'sh', '-c', INSIDE, 'sh', this.#modules, program, ...args];
  }
}

/** A file in the folder for this computer's libraries. */
function library(name: string): string {
  const found = readdirSync('/usr/lib').map((kind) => join('/usr/lib', kind, name)).find((path) => existsSync(path));
  if (!found) throw new Error(`${name} is missing (Debian: apt-get install p11-kit-modules)`);
  return found;
}
