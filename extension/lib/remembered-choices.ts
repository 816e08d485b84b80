/** Which certificate was used at each site last time, so that it is chosen there already. Kept in this profile only. */
import { browser } from 'wxt/browser';

const KEY = 'certificateChoices';
/** The sites that were used longest ago give way. */
export const CHOICES_MAX = 200;

export class RememberedChoices {
  /** Ids of certificates by origin, the site used last at the end. */
  #choices = new Map<string, string>();
  readonly ready: Promise<void>;

  constructor() {
    this.ready = this.#read();
  }

  get(origin: string): string | null {
    return this.#choices.get(origin) ?? null;
  }

  async remember(origin: string, certificate: string): Promise<void> {
    await this.ready;
    this.#choices.delete(origin);
    this.#choices.set(origin, certificate);
    this.#choices = new Map([...this.#choices].slice(-CHOICES_MAX));
    await browser.storage.local.set({ [KEY]: [...this.#choices] });
  }

  async #read(): Promise<void> {
    const stored = ((await browser.storage.local.get(KEY)) as Record<string, unknown>)[KEY];
    if (Array.isArray(stored)) this.#choices = new Map(stored.filter(isChoice));
  }
}

function isChoice(value: unknown): value is [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string');
}
