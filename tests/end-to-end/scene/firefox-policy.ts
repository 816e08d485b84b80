/** The example of a Firefox policy that we ship, filled in for a scene. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';
import { firefoxExtension, firefoxPolicy, identityFile, pkcs11Module } from './places.ts';
import type { Site } from './handshake-scene.ts';

interface Identity {
  readonly firefoxId: string;
  readonly moduleLabel: string;
}

/** Writes it into the folder that the browser reads, and the extension beside it. */
export async function setFirefoxPolicy(folder: string, portal: Site): Promise<void> {
  const identity = JSON.parse(readFileSync(identityFile, 'utf8')) as Identity;
  const xpi = join(folder, 'kagibashi.xpi');
  mkdirSync(folder, { recursive: true });
  await promisify(execFile)('python3', ['-m', 'zipfile', '-c', xpi, ...readdirSync(firefoxExtension)], { cwd: firefoxExtension });
  const values: Readonly<Record<string, string>> = {
    moduleLabel: identity.moduleLabel,
    modulePath: pkcs11Module,
    caFile: portal.authority,
    firefoxId: identity.firefoxId,
    firefoxInstallUrl: pathToFileURL(xpi).href,
    portalOrigin: portal.origin('1.3'),
  };
  const text = readFileSync(firefoxPolicy, 'utf8').replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
  const { policies } = JSON.parse(text) as { policies: { Preferences: Record<string, unknown> } };
  // Nobody has signed our extension.
  policies.Preferences['xpinstall.signatures.required'] = { Value: false, Status: 'locked' };
  writeFileSync(join(folder, 'policies.json'), JSON.stringify({ policies }));
}
