/**
 * Notes for the history which sites were given the certificate in TLS handshakes: a page makes many connections, so each
 * site is noted once for each login.
 */
import { type ConnectingSite, likeliest } from './connecting-sites';
import type { Certificate, HostNotice, Login } from './protocol';

export interface HandshakeHistoryRooms {
  /** Where the browser is connecting to. */
  readonly connecting: () => Promise<readonly ConnectingSite[]>;
  /** The logins that are open. */
  readonly logins: () => readonly Login[];
  /** What is on the tokens, as the host has read them. */
  readonly certificates: () => Promise<readonly Certificate[]>;
  readonly note: (origin: string | null, certificate: Certificate) => void;
}

/** Certificates and logins that are kept in mind; more come in no life of a worker that people would see. */
const KEPT_MAX = 200;

export class HandshakeHistory {
  /** Those that the host has spoken of, by id. */
  readonly #certificates = new Map<string, Certificate>();
  /** The sites that are noted, for each certificate and login; null stands for one that the browser did not tell. */
  readonly #noted = new Map<string, Set<string | null>>();

  constructor(private readonly rooms: HandshakeHistoryRooms) {}

  receive(notice: Extract<HostNotice, { type: 'handshake' | 'handshake-ended' }>): void {
    if (notice.type === 'handshake') this.#certificates.set(notice.certificate.id, notice.certificate);
    else if (notice.error === null) void this.#signed(notice.certificate).catch(() => {});
  }

  async #signed(id: string): Promise<void> {
    // First of all: sites and logins change with what comes next.
    const logins = this.rooms.logins();
    const origin = likeliest(await this.rooms.connecting());
    const certificate = this.#certificates.get(id) ?? (await this.#ask(id));
    if (!certificate) return;
    const since = logins.find(({ token }) => token === certificate.token)?.since ?? null;
    const login = `${id} ${since}`;
    const sites = this.#noted.get(login) ?? new Set();
    // One more that nobody can name tells nothing.
    if (sites.has(origin) || (origin === null && sites.size > 0)) return;
    this.#noted.set(login, sites.add(origin));
    forgetOldest(this.#noted);
    this.rooms.note(origin, certificate);
  }

  async #ask(id: string): Promise<Certificate | undefined> {
    for (const one of await this.rooms.certificates()) this.#certificates.set(one.id, one);
    forgetOldest(this.#certificates);
    return this.#certificates.get(id);
  }
}

function forgetOldest(kept: Map<string, unknown>): void {
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT_MAX) return;
    kept.delete(oldest);
  }
}
