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

/** No handshake waits longer than that, in milliseconds. */
const HANDSHAKE_MAX = 120_000;

/** Certificates and logins that are kept in mind; more come in no life of a worker that people would see. */
const KEPT_MAX = 200;

export class HandshakeHistory {
  /** Those that the host has spoken of, by id. */
  readonly #certificates = new Map<string, Certificate>();
  /** The sites that are noted, for each certificate and login; null stands for one that the browser did not tell. */
  readonly #noted = new Map<string, Set<string | null>>();

  /** Where the browser was connecting to when a handshake began to wait for that certificate, by its id. */
  readonly #waited = new Map<string, { readonly at: number; readonly sites: Promise<readonly ConnectingSite[]> }>();

  constructor(private readonly rooms: HandshakeHistoryRooms) {}

  receive(notice: Extract<HostNotice, { type: 'handshake' | 'handshake-ended' }>): void {
    if (notice.type === 'handshake') {
      const { certificate } = notice;
      this.#certificates.set(certificate.id, certificate);
      this.#waited.set(certificate.id, { at: Date.now(), sites: this.rooms.connecting() });
      forgetOldest(this.#waited);
    } else if (notice.error === null) void this.#signed(notice.certificate).catch(() => {});
  }

  async #signed(id: string): Promise<void> {
    // First of all: sites and logins change with what comes next.
    const logins = this.rooms.logins();
    const origin = likeliest(await this.rooms.connecting()) ?? (await this.#waitedFor(id));
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

  /** The site whose handshake waited for the person: it may have answered before the host's word came. */
  async #waitedFor(id: string): Promise<string | null> {
    const waited = this.#waited.get(id);
    return waited && Date.now() - waited.at < HANDSHAKE_MAX ? likeliest(await waited.sites) : null;
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
