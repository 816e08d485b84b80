/** A person's home folder, thrown away afterwards: what browser and host keep lies where it always does, but in here. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Environment, output } from './background.ts';

export class Home {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(this.profile, { recursive: true });
  }

  /** Chromium's own default, so that it reads what `kagibashi install` writes for the person. */
  get profile(): string {
    return join(this.#folder, '.config', 'chromium');
  }

  /** Makes programs take this for the person's home. */
  get environment(): Environment {
    return {
      HOME: this.#folder,
      XDG_CONFIG_HOME: join(this.#folder, '.config'),
      XDG_DATA_HOME: join(this.#folder, '.local', 'share'),
      XDG_STATE_HOME: join(this.#folder, '.local', 'state'),
      XDG_CACHE_HOME: join(this.#folder, '.cache'),
    };
  }

  /** Makes the browser trust the authority of a PEM file, for this person only. */
  async trust(authority: string): Promise<void> {
    const database = join(this.#folder, '.pki', 'nssdb');
    mkdirSync(database, { recursive: true });
    const certutil = (...args: string[]) => output('certutil', ['-d', `sql:${database}`, ...args]);
    await certutil('-N', '--empty-password');
    await certutil('-A', '-n', 'portal', '-t', 'C,,', '-i', authority);
  }
}
