/** The person's settings, kept by the browser for this profile only. */
import { browser } from 'wxt/browser';
import { LIMITS } from './protocol';

export interface Settings {
  /** Leave pages to another extension that answers the Web eID protocol there. */
  readonly standBack: boolean;
  /** How long a login for TLS lasts without a signature, in seconds; 0 asks for every handshake. */
  readonly loginSeconds: number;
}

const DEFAULTS: Settings = { standBack: true, loginSeconds: 600 };

export async function readSettings(): Promise<Settings> {
  const { standBack, loginSeconds } = (await browser.storage.local.get(Object.keys(DEFAULTS))) as Record<string, unknown>;
  return {
    standBack: typeof standBack === 'boolean' ? standBack : DEFAULTS.standBack,
    loginSeconds: isLoginSeconds(loginSeconds) ? loginSeconds : DEFAULTS.loginSeconds,
  };
}

export async function writeSettings(settings: Partial<Settings>): Promise<void> {
  await browser.storage.local.set(settings);
}

function isLoginSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= LIMITS.LOGIN_IDLE_MAX;
}
