/** The person's settings, kept by the browser for this profile only. */
import { browser } from 'wxt/browser';

export interface Settings {
  /** Leave pages to another extension that answers the Web eID protocol there. */
  readonly standBack: boolean;
}

const DEFAULTS: Settings = { standBack: true };

export async function readSettings(): Promise<Settings> {
  const stored = (await browser.storage.local.get('standBack')) as Record<string, unknown>;
  const { standBack } = stored;
  return { standBack: typeof standBack === 'boolean' ? standBack : DEFAULTS.standBack };
}

export async function writeSettings(settings: Settings): Promise<void> {
  await browser.storage.local.set(settings);
}
