/**
 * TLS handshakes that wait for a signature: the host says that one does, the person is asked once for all that wait, and
 * what comes of it is told to those who mind the pages.
 */
import { type ConnectingSite, likeliest } from './connecting-sites';
import type { Outcome, ProtocolError } from './errors';
import type { Operations } from './operations';
import type { Certificate, HostNotice, Result } from './protocol';

export type LogInOutcome = Outcome<Result<'log-in'>>;

/** Those who mind what becomes of handshakes. */
export interface HandshakeListener {
  /** A person is asked because handshakes wait. */
  asked?(): void;
  /** The question that was asked for handshakes is answered, in whatever way. */
  answered?(outcome: LogInOutcome): void;
  /** A handshake was signed, or was not. */
  ended?(error: ProtocolError | null): void;
}

export interface HandshakeRooms {
  readonly operations: Pick<Operations, 'run'>;
  /** Whether anything waits for a handshake that was just told of. */
  readonly awaited: () => Promise<boolean>;
  /** Where the browser is connecting to. */
  readonly connecting: () => Promise<readonly ConnectingSite[]>;
  /** The person's setting of how long a login lasts. */
  readonly idleSeconds: () => Promise<number>;
  /** Has the host end the handshakes that wait, without asking anybody. */
  readonly decline: (certificate: string) => void;
  /** Milliseconds that a person may take. */
  readonly patience: number;
}

/**
 * Browsers try again by themselves, and pages go on asking for their parts: for this long after a no, and until a page is
 * opened, handshakes end with the same no.
 */
export const NO_LASTS = 30_000;

interface Question {
  readonly outcome: Promise<LogInOutcome>;
  readonly gone: AbortController;
  /** Whether handshakes wait for its answer. */
  forHandshakes: boolean;
}

export class Handshakes {
  /** The certificates that handshakes wait for, by id. */
  readonly #waiting = new Map<string, Certificate>();
  #question: Question | undefined;

  /** When a person last said no, in milliseconds; null once they have opened another page. */
  #refused: number | null = null;

  constructor(
    private readonly rooms: HandshakeRooms,
    private readonly listener: HandshakeListener = {},
  ) {}

  receive(notice: Extract<HostNotice, { type: 'handshake' | 'handshake-ended' }>): void {
    if (notice.type === 'handshake') {
      if (this.#refused !== null && Date.now() - this.#refused < NO_LASTS) return this.rooms.decline(notice.certificate.id);
      this.#waiting.set(notice.certificate.id, notice.certificate);
      void this.#askOnceAwaited(notice.certificate);
    } else {
      this.#waiting.delete(notice.certificate);
      this.listener.ended?.(notice.error);
      // The host has given up waiting: nobody needs to answer any more.
      if (notice.error !== null && this.#waiting.size === 0 && this.#question?.forHandshakes) this.#question.gone.abort();
    }
  }

  /** A page is being opened: its handshake is asked for again. */
  pageOpened(): void {
    this.#refused = null;
  }

  /** The person has left what the handshakes were for. */
  abandon(): void {
    if (this.#question?.forHandshakes) this.#question.gone.abort();
  }

  /** The host is gone, and with it every handshake that waited. */
  lost(): void {
    this.#waiting.clear();
  }

  /**
   * Asks for a login before a handshake needs one, or joins the question that is open.
   *
   * @param origin the site that is about to be opened
   * @param gone aborted when it no longer is
   */
  askAhead(origin: string, gone: AbortSignal): Promise<LogInOutcome> {
    if (this.#question) return this.#question.outcome;
    const question = this.#ask([{ origin, likely: true }], null);
    gone.addEventListener('abort', () => {
      if (!question.forHandshakes) question.gone.abort();
    });
    return question.outcome;
  }

  /** Nobody is asked for what no page wants. */
  async #askOnceAwaited({ id }: Certificate): Promise<void> {
    const awaited = this.#question !== undefined || (await this.rooms.awaited());
    if (awaited) this.#askForWaiting();
    else if (this.#waiting.delete(id)) this.rooms.decline(id);
  }

  #askForWaiting(): void {
    const [certificate] = this.#waiting.values();
    if (!certificate) return;
    if (this.#question) {
      this.#question.forHandshakes = true;
      return;
    }
    const question = this.#ask(null, certificate);
    question.forHandshakes = true;
    this.listener.asked?.();
  }

  #ask(sites: readonly ConnectingSite[] | null, certificate: Certificate | null): Question {
    const gone = new AbortController();
    const question: Question = { outcome: this.#run(sites, certificate, gone.signal), gone, forHandshakes: false };
    this.#question = question;
    void question.outcome.then((outcome) => {
      this.#question = undefined;
      if (!outcome.ok && (outcome.error.blame === 'user' || outcome.error.blame === 'card')) this.#refused = Date.now();
      if (question.forHandshakes) this.listener.answered?.(outcome);
      // The host ends all that wait when a question fails. After an answer those of another token are still without login.
      for (const [id, { token }] of this.#waiting) {
        const served = !outcome.ok || outcome.result.login === null || outcome.result.login.token === token;
        if (served) this.#waiting.delete(id);
      }
      this.#askForWaiting();
    });
    return question;
  }

  async #run(sites: readonly ConnectingSite[] | null, certificate: Certificate | null, gone: AbortSignal): Promise<LogInOutcome> {
    const [connecting, idleSeconds] = await Promise.all([sites ?? this.rooms.connecting(), this.rooms.idleSeconds()]);
    return this.rooms.operations.run({
      command: 'log-in',
      arguments: { origin: likeliest(connecting), certificate: certificate?.id ?? null, token: certificate?.token ?? null, idleSeconds },
      timeout: this.rooms.patience,
      gone,
      connecting,
    });
  }
}
