/** Says when a token is inserted or removed, once for each change that lasts: a loose plug does not flood the screen. */
import type { Token } from './protocol';

export type TokenNotice = { readonly kind: 'inserted' | 'removed'; readonly token: Token };

/** What the host tells in this time after it began was there already: nobody has just inserted it. */
export const BEGINNING = 3_000;
/** After a notice, changes of the same token wait until it has been still for so long. */
export const STILL = 3_000;

interface Rest {
  readonly told: TokenNotice['kind'];
  latest: TokenNotice;
  timer: ReturnType<typeof setTimeout>;
}

export class TokenNotices {
  #began = 0;
  /** Tokens that were removed since: those are inserted anew however early it is. */
  readonly #gone = new Set<string>();
  readonly #resting = new Map<string, Rest>();

  constructor(private readonly tell: (notice: TokenNotice) => void) {}

  /** The host has just begun to tell. */
  opened(): void {
    this.#began = Date.now();
    this.#gone.clear();
  }

  changed(kind: TokenNotice['kind'], token: Token): void {
    if (kind === 'removed') this.#gone.add(token.id);
    else if (Date.now() - this.#began < BEGINNING && !this.#gone.has(token.id)) return;
    const notice = { kind, token };
    const rest = this.#resting.get(token.id);
    if (!rest) return this.#tellAndRest(notice);
    rest.latest = notice;
    clearTimeout(rest.timer);
    rest.timer = this.#wait(token.id);
  }

  #tellAndRest(notice: TokenNotice): void {
    const { id } = notice.token;
    this.#resting.set(id, { told: notice.kind, latest: notice, timer: this.#wait(id) });
    this.tell(notice);
  }

  #wait(id: string): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      const rest = this.#resting.get(id);
      this.#resting.delete(id);
      if (rest && rest.latest.kind !== rest.told) this.#tellAndRest(rest.latest);
    }, STILL);
  }
}
