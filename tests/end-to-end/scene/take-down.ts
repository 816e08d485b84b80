/** What was set up is taken down in the opposite order, also when something on the way up fails. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class TakeDown {
  readonly #endings: (() => unknown)[] = [];

  add(end: () => unknown): void {
    this.#endings.unshift(end);
  }

  /** Runs every ending, and fails when any of them did. */
  async run(): Promise<void> {
    const troubles: unknown[] = [];
    for (const end of this.#endings.splice(0)) {
      try {
        await end();
      } catch (error) {
        troubles.push(error);
      }
    }
    if (troubles.length > 0) throw new AggregateError(troubles, 'not everything could be taken down');
  }
}

/** A folder that is thrown away, and makes one in it for each room. */
export function throwAway(takeDown: TakeDown): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'kagibashi-'));
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.once('exit', remove);
  takeDown.add(() => {
    process.off('exit', remove);
    remove();
  });
  return (name) => {
    mkdirSync(join(folder, name));
    return join(folder, name);
  };
}
