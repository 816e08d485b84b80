/** The person's settings, kept by the browser for this profile only, below what an administrator has set by policy. */
import { browser } from 'wxt/browser';
import { POLICY, readPolicy } from './policy';
import { LIMITS } from './protocol';

export interface Settings {
  /** Of all our texts; `auto` is the browser's. */
  readonly language: 'auto' | 'ja' | 'en';
  /** Tell when a token is inserted or removed. */
  readonly notices: boolean;
  /** PINs are entered with the soft keyboard unless the person switches it off. */
  readonly softKeyboard: boolean;
  /** Choose for the person where exactly one certificate can be used. */
  readonly skipChooser: boolean;
  /** How long a login lasts without a signature, in seconds; 0 asks for every handshake. */
  readonly loginSeconds: number;
  /** Leave pages to another extension that answers the Web eID protocol there. */
  readonly standBack: boolean;
}

export type SettingName = keyof Settings;

const DEFAULTS: Settings = { language: 'auto', notices: true, softKeyboard: false, skipChooser: false, loginSeconds: 600, standBack: true };

/** The names that are kept are those of the policy, too: public/managed-schema.json lists them. */
export const SETTING_NAMES = Object.keys(DEFAULTS) as SettingName[];

const isBoolean = (value: unknown) => typeof value === 'boolean';

const IS_VALID: Readonly<Record<SettingName, (value: unknown) => boolean>> = {
  language: (value) => value === 'auto' || value === 'ja' || value === 'en',
  notices: isBoolean,
  softKeyboard: isBoolean,
  skipChooser: isBoolean,
  loginSeconds: (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= LIMITS.LOGIN_IDLE_MAX,
  standBack: isBoolean,
};

export async function readSettings(): Promise<Settings> {
  return (await readSettingsAndPolicy()).settings;
}

/** The settings as they hold, and which of them only an administrator can change. */
export async function readSettingsAndPolicy(): Promise<{ settings: Settings; locked: ReadonlySet<SettingName> }> {
  const [own, policy] = await Promise.all([browser.storage.local.get(SETTING_NAMES), readPolicy()]);
  const managed = valid(policy);
  return { settings: { ...DEFAULTS, ...valid(own), ...managed }, locked: new Set(Object.keys(managed) as SettingName[]) };
}

export async function writeSettings(settings: Partial<Settings>): Promise<void> {
  await browser.storage.local.set(settings);
}

/** Tells the settings now and after every change. */
export function watchSettings(tell: (settings: Settings) => void): () => void {
  let watching = true;
  const read = () =>
    void readSettings().then((settings) => {
      if (watching) tell(settings);
    });
  const changed = (changes: Record<string, unknown>) => {
    if ([POLICY, ...SETTING_NAMES].some((name) => name in changes)) read();
  };
  browser.storage.local.onChanged.addListener(changed);
  read();
  return () => {
    watching = false;
    browser.storage.local.onChanged.removeListener(changed);
  };
}

function valid(stored: Readonly<Record<string, unknown>>): Partial<Settings> {
  return Object.fromEntries(SETTING_NAMES.filter((name) => IS_VALID[name](stored[name])).map((name) => [name, stored[name]]));
}
