/**
 * Where the browser is connecting to. No browser says for which connection a TLS handshake wants a signature, so this
 * is read off its request events: a site that was asked and has not answered may be the one. A guess, and never more.
 */

/** A site that the browser has asked for something and that has not answered yet. */
export interface ConnectingSite {
  readonly origin: string;
  /** None of the others is more likely to be the one whose handshake waits. */
  readonly likely: boolean;
}

/** What this file needs of a browser's request event. */
export interface RequestEvent {
  readonly requestId: string;
  readonly url: string;
  readonly type: string;
  readonly method: string;
  /** -1 for requests of no tab. */
  readonly tabId: number;
}

export interface ConnectingRequest extends RequestEvent {
  readonly origin: string;
  readonly began: number;
}

/** A person may take that long over the browser's own choice of a certificate before the signature is asked for. */
export const PAGE_PATIENCE = 300_000;
/** Requests of pages that hang for longer wait for something else, such as news from a server. */
export const PART_PATIENCE = 10_000;
/** Within this time a site that wants no certificate has answered. */
export const ANSWER_COMES = 1_000;
/** Sites named in the window. */
export const NAMED_MAX = 5;
/** More than any browser keeps open; bounds what lost events could leave behind. */
const REQUESTS_MAX = 1_000;

const RANKS = { known: 4, activePage: 3, page: 2, frame: 1, part: 0 } as const;

export class ConnectingSites {
  readonly #requests = new Map<string, ConnectingRequest>();

  /**
   * @param activeTabs the tabs in front, one for each window
   * @param known whether a site has wanted the certificate before
   */
  constructor(
    private readonly activeTabs: () => Promise<ReadonlySet<number>>,
    private readonly known: (origin: string) => boolean,
  ) {}

  /** A request goes out, also one that follows a redirection under the same id. */
  began({ requestId, url, type, method, tabId }: RequestEvent): void {
    if (!url.startsWith('https:')) return;
    const oldest = this.#requests.keys().next();
    if (this.#requests.size >= REQUESTS_MAX && !oldest.done) this.#requests.delete(oldest.value);
    this.#requests.delete(requestId);
    this.#requests.set(requestId, { requestId, url, type, method, tabId, origin: new URL(url).origin, began: Date.now() });
  }

  /** It was answered or has failed: no handshake waits for it any more. */
  ended(requestId: string): ConnectingRequest | undefined {
    const request = this.#requests.get(requestId);
    this.#requests.delete(requestId);
    return request;
  }

  /** Everything that may wait for a handshake now, the oldest first. */
  requests(): ConnectingRequest[] {
    const now = Date.now();
    for (const [id, { type, began }] of this.#requests) {
      if (now - began > (type === 'main_frame' ? PAGE_PATIENCE : PART_PATIENCE)) this.#requests.delete(id);
    }
    return [...this.#requests.values()];
  }

  /**
   * Whether a request may wait for a handshake that was just told of. Chromium also connects to sites ahead, for requests
   * that may never come; the one at its next request that does is a new handshake.
   */
  async awaitHandshake(): Promise<boolean> {
    if (this.requests().some(({ origin }) => this.known(origin))) return true;
    await new Promise((resolve) => setTimeout(resolve, ANSWER_COMES));
    return this.requests().length > 0;
  }

  /** The sites of these requests, the most likely first. */
  async sites(): Promise<ConnectingSite[]> {
    const active = await this.activeTabs().catch(() => new Set<number>());
    const ranks = new Map<string, number>();
    for (const request of this.requests()) {
      ranks.set(request.origin, Math.max(ranks.get(request.origin) ?? 0, this.#rank(request, active)));
    }
    const highest = Math.max(...ranks.values());
    return [...ranks]
      .sort(([, one], [, other]) => other - one)
      .slice(0, NAMED_MAX)
      .map(([origin, rank]) => ({ origin, likely: rank === highest }));
  }

  #rank({ origin, type, tabId }: ConnectingRequest, active: ReadonlySet<number>): number {
    if (this.known(origin)) return RANKS.known;
    if (type === 'main_frame') return active.has(tabId) ? RANKS.activePage : RANKS.page;
    return type === 'sub_frame' ? RANKS.frame : RANKS.part;
  }
}

/** The site to name as the one, if only one is likely. */
export function likeliest(sites: readonly ConnectingSite[]): string | null {
  const [first, second] = sites.filter(({ likely }) => likely);
  return first && !second ? first.origin : null;
}
