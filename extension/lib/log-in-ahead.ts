/**
 * Asks for the login before the request of a known site goes out, so that no handshake waits for a person. Firefox lets
 * an extension hold the request meanwhile, which matters there: during a handshake all its other traffic stands still.
 */
import type { CertificateSites } from './certificate-sites';
import type { ConnectingRequest, RequestEvent } from './connecting-sites';
import type { Outcome, ProtocolError } from './errors';
import type { Handshakes } from './handshakes';
import type { OpenLogins } from './open-logins';

/** A site that answered so recently most likely still has its connection open: no new handshake. */
export const CONNECTION_LIVES = 60_000;

export type Verdict = { readonly cancel?: true };

export interface AheadRooms {
  readonly sites: Pick<CertificateSites, 'has' | 'ready'>;
  readonly logins: Pick<OpenLogins, 'any'>;
  readonly handshakes: Pick<Handshakes, 'askAhead'>;
  readonly host: { open(): Promise<Outcome<string>> };
  /** Puts our page into the tab of a request that was not let go. */
  readonly refuse: (request: RequestEvent, error: ProtocolError) => void;
}

export class LogInAhead {
  /** When each known site last answered, in milliseconds. */
  readonly #answered = new Map<string, number>();
  /** Requests for whose sake a person is being asked. */
  readonly #asking = new Map<string, AbortController>();

  constructor(private readonly rooms: AheadRooms) {}

  /** Holds the request until a login is open or the person has said no. Trouble with the host holds nothing. */
  async hold(request: RequestEvent): Promise<Verdict> {
    const outcome = await this.#ask(request);
    if (outcome === null || outcome.ok || !stops(outcome.error)) return {};
    this.rooms.refuse(request, outcome.error);
    return { cancel: true };
  }

  /** Asks while the request is already on its way. */
  began(request: RequestEvent): void {
    void this.#ask(request);
  }

  /** The request was answered or has failed: what was asked for it needs no answer any more. */
  ended({ requestId, origin }: ConnectingRequest, answered: boolean): void {
    this.#asking.get(requestId)?.abort();
    this.#asking.delete(requestId);
    if (answered && this.rooms.sites.has(origin)) this.#answered.set(origin, Date.now());
  }

  /** After a logout every site is asked for anew. */
  loggedOut(): void {
    this.#answered.clear();
  }

  async #ask(request: RequestEvent): Promise<Awaited<ReturnType<Handshakes['askAhead']>> | null> {
    const { sites, logins, host, handshakes } = this.rooms;
    if (request.type !== 'main_frame') return null;
    await sites.ready;
    const { origin } = new URL(request.url);
    const lately = Date.now() - (this.#answered.get(origin) ?? 0) < CONNECTION_LIVES;
    if (!sites.has(origin) || lately) return null;
    const opened = await host.open();
    if (!opened.ok || logins.any) return null;
    const gone = new AbortController();
    this.#asking.set(request.requestId, gone);
    try {
      return await handshakes.askAhead(origin, gone.signal);
    } finally {
      this.#asking.delete(request.requestId);
    }
  }
}

/** Whether going on would only meet the same trouble in the handshake, where it holds up everything else. */
function stops({ blame }: ProtocolError): boolean {
  return blame === 'user' || blame === 'card';
}
