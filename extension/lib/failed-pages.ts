/**
 * Pages that failed because a handshake got no signature. Instead of the browser's error, which knows nothing of tokens,
 * the tab gets a page of ours; one whose browser lost patience before the person was ready is opened again.
 */
import { browser } from 'wxt/browser';
import { type ConnectingRequest, type ConnectingSites, likeliest } from './connecting-sites';
import { endedAddress } from './ended-address';
import type { ErrorName, ProtocolError } from './errors';
import type { LogInOutcome } from './handshakes';

/** How long after a handshake was refused a page's failure counts as its consequence. */
export const CONSEQUENCE = 15_000;
/** The same the other way round: the browser's word may be faster than the host's. */
export const FORESTALLED = 3_000;
/** Firefox goes on waiting after a refused TLS 1.2 handshake: after this time the tab need not wait with it. */
export const STUCK = 1_500;

/** The browsers' words for a handshake that broke off. Anything else that fails then has other reasons. */
const BROKEN_HANDSHAKE =
  /^net::ERR_(SSL_|BAD_SSL_CLIENT_AUTH_CERT|SOCKET_NOT_CONNECTED|CONNECTION_(CLOSED|RESET|ABORTED|TIMED_OUT)|TIMED_OUT)|^NS_ERROR_GENERATE_FAILURE\(NS_ERROR_MODULE_SECURITY, SSL_ERROR_(?!BAD_CERT_DOMAIN)|^NS_ERROR_NET_(RESET|INTERRUPT|TIMEOUT)/;

/** Ends that say nothing to the person: nobody was asked, or the page is gone anyway. */
const SILENT: ReadonlySet<ErrorName> = new Set(['page-gone']);

interface Refused {
  readonly error: ProtocolError;
  readonly at: number;
}

interface Failed {
  readonly request: ConnectingRequest;
  readonly at: number;
}

export class FailedPages {
  /** Pages that were unanswered when a handshake was refused, by request. */
  readonly #refused = new Map<string, Refused>();
  /** Pages whose handshake broke off and that nobody has explained yet, by tab. */
  readonly #failed = new Map<number, Failed>();
  #asking = false;

  constructor(private readonly connecting: Pick<ConnectingSites, 'requests' | 'sites'>) {}

  /** A person is asked for the sake of handshakes. */
  asked(): void {
    this.#forget();
    this.#asking = true;
  }

  /** What came of it. */
  answered(outcome: LogInOutcome): void {
    this.#asking = false;
    if (!outcome.ok) return this.#refuse(outcome.error);
    for (const [tab, { request }] of this.#failed) {
      this.#failed.delete(tab);
      if (request.method === 'GET' && !this.#elsewhere(request)) void update(tab, request.url);
    }
  }

  /** A handshake was refused, or signed. */
  ended(error: ProtocolError | null): void {
    this.#forget();
    if (error !== null) this.#refuse(error);
  }

  #refuse(error: ProtocolError): void {
    if (SILENT.has(error.name)) return;
    for (const [tab, { request }] of this.#failed) {
      this.#failed.delete(tab);
      if (!this.#elsewhere(request)) void this.show(tab, request.url, error);
    }
    const at = Date.now();
    for (const request of this.#pages()) {
      if (!this.#refused.has(request.requestId)) this.#refused.set(request.requestId, { error, at });
    }
    setTimeout(() => void this.#freeTheStuck(at), STUCK);
  }

  began({ type, tabId }: Pick<ConnectingRequest, 'type' | 'tabId'>): void {
    if (type === 'main_frame') this.#failed.delete(tabId);
  }

  /** @param words the browser's own */
  failed(request: ConnectingRequest, words: string): void {
    const refused = this.#refused.get(request.requestId);
    this.#refused.delete(request.requestId);
    if (request.type !== 'main_frame' || request.tabId < 0 || !BROKEN_HANDSHAKE.test(words)) return;
    if (refused && Date.now() - refused.at <= CONSEQUENCE) void this.show(request.tabId, request.url, refused.error);
    else this.#failed.set(request.tabId, { request, at: Date.now() });
  }

  /** Puts our page into the tab; only a person's press leads from there to the site again. */
  async show(tab: number, url: string, error: ProtocolError): Promise<void> {
    await update(tab, browser.runtime.getURL('/') + endedAddress(url, error));
  }

  async #freeTheStuck(at: number): Promise<void> {
    const origin = likeliest(await this.connecting.sites());
    const pages = this.#pages().filter(({ requestId }) => this.#refused.get(requestId)?.at === at);
    const [page, second] = pages;
    const refused = page && this.#refused.get(page.requestId);
    if (!page || second || !refused || page.origin !== origin) return;
    this.#refused.delete(page.requestId);
    await this.show(page.tabId, page.url, refused.error);
  }

  #pages(): ConnectingRequest[] {
    return this.connecting.requests().filter(({ type, tabId }) => type === 'main_frame' && tabId >= 0);
  }

  /** The tab is on its way to something else by now. */
  #elsewhere({ tabId, requestId }: ConnectingRequest): boolean {
    return this.#pages().some((page) => page.tabId === tabId && page.requestId !== requestId);
  }

  #forget(): void {
    const now = Date.now();
    for (const [id, { at }] of this.#refused) if (now - at > CONSEQUENCE) this.#refused.delete(id);
    // While a person is asked, a page that the browser gave up may wait as long as the question.
    if (this.#asking) return;
    for (const [tab, { at }] of this.#failed) if (now - at > FORESTALLED) this.#failed.delete(tab);
  }
}

/** Gone tabs are nobody's concern. */
async function update(tab: number, url: string): Promise<void> {
  await browser.tabs.update(tab, { url }).catch(() => {});
}
