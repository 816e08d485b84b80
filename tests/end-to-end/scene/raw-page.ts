/** A page that speaks the Web eID page protocol without any library, and hears everything that is said on its window. */
import type { Frame, Page } from 'playwright-core';
import { until } from './deadline.ts';

export type Message = Readonly<Record<string, unknown>> & { readonly action: string };

interface Heard {
  readonly message: Message;
  /** Milliseconds, on the clock of `performance.now()` in the page. */
  readonly at: number;
}

declare global {
  interface Window {
    heard: Heard[];
  }
}

/** 44 characters, as 32 random bytes have in base64. */
export const NONCE = 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';

export class RawPage {
  readonly #frame: Frame | Page;

  private constructor(frame: Frame | Page) {
    this.#frame = frame;
  }

  static async listen(frame: Frame | Page): Promise<RawPage> {
    await frame.evaluate(() => {
      window.heard = [];
      window.addEventListener('message', ({ data }) => {
        if (typeof data?.action === 'string') window.heard.push({ message: data, at: performance.now() });
      });
    });
    return new RawPage(frame);
  }

  /** Posts a message on the page's own window; the time at which. */
  async post(message: Record<string, unknown>): Promise<number> {
    return this.#frame.evaluate((posted) => {
      const at = performance.now();
      window.postMessage(posted, '*');
      return at;
    }, message);
  }

  authenticate(fields: Record<string, unknown> = {}): Promise<number> {
    return this.post({ action: 'web-eid:authenticate', libraryVersion: '2.0.0', challengeNonce: NONCE, ...fields });
  }

  /** All that was heard of one action, its own requests included. */
  async heard(action: string): Promise<Heard[]> {
    const heard = await this.#frame.evaluate(() => window.heard);
    return heard.filter(({ message }) => message.action === action);
  }

  /** Waits for the message of that name. */
  async hear(action: string, milliseconds?: number): Promise<Heard> {
    return until(action, async () => (await this.heard(action))[0], milliseconds);
  }

  /** Waits for the final reply, and forgets what was heard. */
  async answer(action: string): Promise<Message> {
    const { message } = await until(`an answer to ${action}`, async () => {
      return (await this.heard(`${action}-success`))[0] ?? (await this.heard(`${action}-failure`))[0];
    });
    await this.#frame.evaluate(() => {
      window.heard = [];
    });
    return message;
  }

  /** The code of the error that the request ends with. */
  async failure(action: string): Promise<unknown> {
    const answer = await this.answer(action);
    return (answer['error'] as Record<string, unknown> | undefined)?.['code'] ?? `no error, but ${answer.action}`;
  }
}
