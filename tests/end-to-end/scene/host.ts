/** The host program as the browser starts it. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { type Environment, output } from './background.ts';
import { until } from './deadline.ts';
import type { Home } from './home.ts';
import { program } from './places.ts';

export type BrowserKind = 'chromium' | 'firefox';

export class Host {
  readonly #home: Home;
  readonly #browser: BrowserKind;

  constructor(home: Home, browser: BrowserKind = 'chromium') {
    this.#home = home;
    this.#browser = browser;
  }

  async install(): Promise<void> {
    await output(program('kagibashi'), ['install', '--browser', this.#browser], this.#home.environment);
  }

  /** As a person does who names no browser. */
  async installEverywhere(): Promise<void> {
    await output(program('kagibashi'), ['install'], this.#home.environment);
  }

  /** Lets it use the tokens that a module of another maker offers. */
  async addModule(path: string, environment: Environment): Promise<void> {
    await output(program('kagibashi'), ['module', 'add', path], { ...this.#home.environment, ...environment });
  }

  async uninstall(): Promise<void> {
    await output(program('kagibashi'), ['uninstall', '--browser', this.#browser], this.#home.environment);
  }

  /** Process ids of the hosts that this person's browser has started. */
  processes(): number[] {
    return readdirSync('/proc').map(Number).filter((id) => Number.isInteger(id) && this.#isOurs(id));
  }

  /** Ends them the hard way, as a crash would. */
  async kill(): Promise<void> {
    const processes = this.processes();
    if (processes.length === 0) throw new Error('no host is running');
    for (const id of processes) process.kill(id, 'SIGKILL');
    await until('the end of the host', () => this.processes().length === 0);
  }

  #isOurs(id: number): boolean {
    try {
      if (readlinkSync(`/proc/${id}/exe`) !== program('kagibashi')) return false;
      return readFileSync(`/proc/${id}/environ`, 'utf8').split('\0').includes(`HOME=${this.#home.environment['HOME']}`);
    } catch {
      // Gone since, or another person's.
      return false;
    }
  }
}
