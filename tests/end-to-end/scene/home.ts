/** A person's home folder, thrown away afterwards: what browser and host keep lies where it always does, but in here. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Environment, output } from './background.ts';

export class Home {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(this.profile, { recursive: true });
    // Where module and host meet; they insist on a folder that is nobody else's.
    mkdirSync(this.#sockets, { mode: 0o700 });
  }

  get #sockets(): string {
    return join(this.folder, 'run');
  }

  /** Chromium's own default, so that it reads what `kagibashi install` writes for the person. */
  get profile(): string {
    return join(this.folder, '.config', 'chromium');
  }

  /** Makes programs take this for the person's home. */
  get environment(): Environment {
    return {
      HOME: this.folder,
      XDG_CONFIG_HOME: join(this.folder, '.config'),
      XDG_DATA_HOME: join(this.folder, '.local', 'share'),
      XDG_STATE_HOME: join(this.folder, '.local', 'state'),
      XDG_CACHE_HOME: join(this.folder, '.cache'),
      XDG_RUNTIME_DIR: this.#sockets,
    };
  }

  /** Takes away what lets an extension load the module by itself. */
  withoutModuleForExtensions(): void {
    rmSync(join(this.folder, '.mozilla', 'pkcs11-modules'), { recursive: true });
  }

  /** Makes the browser trust the authorities of PEM files, for this person only. */
  async trust(...authorities: string[]): Promise<void> {
    const database = join(this.folder, '.pki', 'nssdb');
    mkdirSync(database, { recursive: true });
    const certutil = (...args: string[]) => output('certutil', ['-d', `sql:${database}`, ...args]);
    await certutil('-N', '--empty-password');
    // One nickname: the authorities of our sites have one name, and differ in their keys.
    for (const authority of authorities) await certutil('-A', '-n', 'portal', '-t', 'C,,', '-i', authority);
  }
}
