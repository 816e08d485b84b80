/** An administrator's policy for our extension, as Chromium takes it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identityFile } from './places.ts';

const { chromiumId } = JSON.parse(readFileSync(identityFile, 'utf8')) as { chromiumId: string };

/** @param settings the folder that stands in for the browser's in /etc */
export function setExtension(settings: string, values: Readonly<Record<string, unknown>>): void {
  const policies = join(settings, 'policies', 'managed');
  mkdirSync(policies, { recursive: true });
  writeFileSync(join(policies, 'extension.json'), JSON.stringify({ '3rdparty': { extensions: { [chromiumId]: values } } }));
}
