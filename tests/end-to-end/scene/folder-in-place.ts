/** Browsers read policies from one folder only, which is everybody's: another is put there for one browser alone. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Home } from './home.ts';

const isRoot = process.getuid?.() === 0;

/**
 * A program that starts a browser which sees a folder in another's place.
 *
 * @param place the folder that the browser looks into; it is there
 */
export function withFolderInPlace(home: Home, browser: string, place: string, folder: string): string {
  const script = join(home.folder, 'browser');
  const namespace = isRoot ? '--mount' : '--user --map-root-user --mount';
  const start = `mount --bind "$0" ${place} && exec ${browser} "$@"`;
  writeFileSync(script, `#!/bin/sh\nexec unshare ${namespace} -- sh -c '${start}' '${folder}' "$@"\n`, { mode: 0o700 });
  return script;
}
