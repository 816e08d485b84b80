/** The example of a Chromium policy that we ship, filled in for a scene. */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { output } from './background.ts';
import { chromiumPolicy, extension, identityFile } from './places.ts';

const identity = JSON.parse(readFileSync(identityFile, 'utf8')) as { chromiumId: string; hostName: string };

export interface Values {
  readonly chromiumId?: string;
  readonly chromiumUpdateUrl?: string;
  readonly portalOrigin: string;
  readonly issuerCommonName: string;
}

export interface Policies {
  AutoSelectCertificateForUrls: readonly string[];
  ExtensionSettings?: Record<string, unknown>;
  DeveloperToolsAvailability?: number;
}

/** Writes it into the folder that stands in for the browser's in /etc, changed as the test needs it. */
export function setChromiumPolicy(settings: string, values: Values, change: (policies: Policies) => void = () => {}): void {
  const all: Readonly<Record<string, string>> = { ...identity, ...values };
  const text = readFileSync(chromiumPolicy, 'utf8').replaceAll(/\{(\w+)\}/g, (whole, name: string) => all[name] ?? whole);
  const policies = JSON.parse(text) as Policies;
  change(policies);
  const folder = join(settings, 'policies', 'managed');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'kagibashi.json'), JSON.stringify(policies));
}

/** The CN in the issuer of the first certificate of a token. */
export async function issuerOf(authorities: string): Promise<string> {
  const told = await output('openssl', ['x509', '-in', join(authorities, 'client-0.pem'), '-noout', '-issuer', '-nameopt', 'multiline,utf8,-esc_msb']);
  const name = /commonName\s*=\s*(.+)/.exec(told)?.[1];
  if (name === undefined) throw new Error(told);
  return name;
}

export interface Packed {
  readonly id: string;
  readonly version: string;
  readonly crx: Buffer;
}

/** Our extension as a store or a company's server has it: packed, with a key and hence an id of its own. */
export async function packed(folder: string): Promise<Packed> {
  const [unpacked, key] = [join(folder, 'extension'), join(folder, 'key.pem')];
  cpSync(extension, unpacked, { recursive: true });
  const manifestFile = join(unpacked, 'manifest.json');
  const { key: ours, ...manifest } = JSON.parse(readFileSync(manifestFile, 'utf8')) as { key: string; version: string };
  writeFileSync(manifestFile, JSON.stringify(manifest));
  await output('openssl', ['genrsa', '-out', key, '2048']);
  await output('openssl', ['rsa', '-in', key, '-pubout', '-outform', 'DER', '-out', join(folder, 'key.der')]);
  const digest = createHash('sha256').update(readFileSync(join(folder, 'key.der'))).digest('hex');
  const id = [...digest.slice(0, 32)].map((digit) => 'abcdefghijklmnop'[Number.parseInt(digit, 16)]).join('');
  const chromium = ['--headless=new', '--no-sandbox', `--user-data-dir=${join(folder, 'packing')}`];
  await output('chromium', [...chromium, `--pack-extension=${unpacked}`, `--pack-extension-key=${key}`]);
  return { id, version: manifest.version, crx: readFileSync(join(folder, 'extension.crx')) };
}
