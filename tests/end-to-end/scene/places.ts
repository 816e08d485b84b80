/** Where the things under test lie: told by the environment, else where cargo and wxt put them. */
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');

const told = (variable: string, otherwise: string) => resolve(process.env[variable] || resolve(ROOT, otherwise));

const programs = told('KAGIBASHI_BIN_DIR', 'target/debug');

/** The path of one of the programs. */
export const program = (name: 'kagibashi' | 'kagibashi-card-simulator' | 'kagibashi-portal') => resolve(programs, name);

/** The extension as Chromium loads it. */
export const extension = told('KAGIBASHI_EXTENSION_DIR', 'extension/.output/chrome-mv3');

/** The same for Firefox. */
export const firefoxExtension = told('KAGIBASHI_FIREFOX_EXTENSION_DIR', 'extension/.output/firefox-mv3');

/** The PKCS#11 module. */
export const pkcs11Module = resolve(programs, 'libkagibashi_pkcs11.so');

/** The example of a policy that we ship for Firefox. */
export const firefoxPolicy = resolve(ROOT, 'manifests/policies/firefox/policies.json');

/** The same for Chromium. */
export const chromiumPolicy = resolve(ROOT, 'manifests/policies/chromium/kagibashi.json');

/** A small extension that acknowledges Web eID requests, as another product would. */
export const otherExtension = resolve(import.meta.dirname, '../other-extension');

/** The names by which extension and host know each other. */
export const identityFile = resolve(ROOT, 'manifests/identity.json');

/** The folder that tests leave pictures in. */
export function artefacts(): string {
  const folder = told('KAGIBASHI_ARTEFACTS_DIR', 'target/end-to-end');
  mkdirSync(folder, { recursive: true });
  return folder;
}
