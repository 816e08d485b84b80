/** An administrator's policy for our extension, as each browser takes it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identityFile } from './places.ts';

const { chromiumId, firefoxId } = JSON.parse(readFileSync(identityFile, 'utf8')) as { chromiumId: string; firefoxId: string };

/** @param settings the folder that stands in for Chromium's in /etc */
export function setExtension(settings: string, values: Readonly<Record<string, unknown>>): void {
  const policies = join(settings, 'policies', 'managed');
  mkdirSync(policies, { recursive: true });
  writeFileSync(join(policies, 'extension.json'), JSON.stringify({ '3rdparty': { extensions: { [chromiumId]: values } } }));
}

/** @param policies the folder that Firefox reads them from */
export function setFirefoxExtension(policies: string, values: Readonly<Record<string, unknown>>): void {
  writeFileSync(join(policies, 'policies.json'), JSON.stringify({ policies: { '3rdparty': { Extensions: { [firefoxId]: values } } } }));
}
