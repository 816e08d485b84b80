/** Sites known to want the certificate, so that the PIN can be asked before a handshake waits. Kept in this profile only. */
import { browser } from 'wxt/browser';
import { POLICY, readPolicy } from './policy';

export interface CertificateSite {
  readonly origin: string;
  /** Unix seconds of the sign-in that it was learnt from. */
  readonly learned: number;
}

/** The key of what was learnt, and of the list that an administrator may set: there, plain origins. */
const KEY = 'certificateSites';
/** The oldest give way. */
export const SITES_MAX = 200;

export async function readCertificateSites(): Promise<CertificateSite[]> {
  const stored = ((await browser.storage.local.get(KEY)) as Record<string, unknown>)[KEY];
  return Array.isArray(stored) ? stored.filter(isCertificateSite) : [];
}

/** The origins that an administrator has set; nobody needs to have signed in there before. */
export async function readManagedSites(): Promise<string[]> {
  const listed = (await readPolicy())[KEY];
  return Array.isArray(listed) ? [...new Set(listed.slice(0, SITES_MAX).filter(isOrigin))] : [];
}

export async function learnCertificateSite(origin: string): Promise<void> {
  const sites = await readCertificateSites();
  if (sites.some((site) => site.origin === origin)) return;
  const learned = Math.floor(Date.now() / 1000);
  await browser.storage.local.set({ [KEY]: [...sites, { origin, learned }].slice(-SITES_MAX) });
}

export async function forgetCertificateSite(origin: string): Promise<void> {
  const sites = await readCertificateSites();
  await browser.storage.local.set({ [KEY]: sites.filter((site) => site.origin !== origin) });
}

/** The worker's view of them: at hand without waiting once `ready`. */
export class CertificateSites {
  #origins: ReadonlySet<string> = new Set();
  readonly ready: Promise<void>;

  constructor() {
    this.ready = this.#read();
    browser.storage.local.onChanged.addListener((changes) => {
      if (KEY in changes || POLICY in changes) void this.#read();
    });
  }

  has(origin: string): boolean {
    return this.#origins.has(origin);
  }

  async #read(): Promise<void> {
    const [sites, managed] = await Promise.all([readCertificateSites().catch(() => []), readManagedSites()]);
    this.#origins = new Set([...sites.map(({ origin }) => origin), ...managed]);
  }
}

function isCertificateSite(value: unknown): value is CertificateSite {
  if (typeof value !== 'object' || value === null || !('origin' in value && 'learned' in value)) return false;
  return typeof value.origin === 'string' && value.origin.startsWith('https://') && Number.isSafeInteger(value.learned);
}

/** As browsers write it: https, no path, no default port. */
function isOrigin(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('https://') && URL.canParse(value) && new URL(value).origin === value;
}
