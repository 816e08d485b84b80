/**
 * The content script's half of the way between page and extension: carries requests inward by schema, answers outward by
 * origin, and stands back where another extension already answers. It decides nothing about a request.
 */
export const ACTIONS = ['status', 'authenticate', 'get-signing-certificate', 'sign'] as const;
export type Action = (typeof ACTIONS)[number];

const PREFIX = 'web-eid:';
/** The fields that travel inward, per action; anything else a page sends stays outside. */
const FIELDS: Readonly<Record<Action, readonly string[]>> = {
  status: ['libraryVersion'],
  authenticate: ['libraryVersion', 'challengeNonce', 'options'],
  'get-signing-certificate': ['libraryVersion', 'options'],
  sign: ['libraryVersion', 'certificate', 'hash', 'hashFunction', 'options'],
};

/** Bytes of a request as UTF-8 JSON: the page protocol's own limit. */
export const REQUEST_MAX = 8192;
/** How long the first request of a page waits for another extension's `-ack`. The page gives up after 1000 ms. */
export const STAND_BACK_WAIT = 200;
/** The page protocol's limit for an ack: one that another extension sends in this time still makes ours withdraw. */
export const ACK_WINDOW = 1_000;
/** Longer than the worker lets any request live: only a worker that forgot us is met here. */
export const ANSWER_TIMEOUT = 660_000;

/** From the content script to the worker, the one message of a port named `web-eid`. */
export type Inward =
  | { readonly action: Action; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly action: Action; readonly refused: 'too-large' | 'not-json' };

/** From the worker to the content script, once. */
export type Outward = { readonly success: Record<string, unknown> } | { readonly failure: Record<string, unknown> };

export interface WorkerPort {
  readonly onMessage: { addListener(listener: (message: Outward) => void): void };
  readonly onDisconnect: { addListener(listener: () => void): void };
  postMessage(message: Inward): void;
  disconnect(): void;
}

/** Told to the page when the worker went away; equal to the table in errors.ts by test. */
export const WORKER_GONE = {
  code: 'ERR_WEBEID_UNKNOWN_ERROR',
  name: 'UnknownError',
  message: 'Kagibashi 702: extension-restarted',
} as const;

interface Carried {
  readonly started: number;
  withdraw(): void;
}

export class PageChannel {
  readonly #outstanding = new Map<Action, Carried | 'waiting'>();
  /** Our own acks that have not come back to us as events yet. */
  readonly #ownAcks = new Map<Action, number>();
  #othersAnswer = false;
  #waited = false;

  /**
   * @param connect opens a port to the worker; throws when the extension was reloaded or removed under the page
   * @param standsBack the person's setting
   */
  constructor(
    private readonly page: Window,
    private readonly connect: () => WorkerPort,
    private readonly standsBack: () => Promise<boolean>,
  ) {}

  listen(): () => void {
    const receive = (event: MessageEvent) => this.receive(event);
    this.page.addEventListener('message', receive);
    return () => this.page.removeEventListener('message', receive);
  }

  receive(event: MessageEvent): void {
    if (event.source !== this.page) return;
    const data: unknown = event.data;
    if (typeof data !== 'object' || data === null) return;
    const name = (data as Record<string, unknown>)['action'];
    if (typeof name !== 'string' || !name.startsWith(PREFIX)) return;

    const acked = name.endsWith('-ack') ? toAction(name.slice(0, -'-ack'.length)) : null;
    if (acked) return this.#seeAck(acked);
    const action = toAction(name);
    // Answers carry no request's name: with one outstanding, an answer to a second one would end the first.
    if (action && !this.#outstanding.has(action)) void this.#carry(action, data as Record<string, unknown>, event.origin);
  }

  async #carry(action: Action, data: Record<string, unknown>, origin: string): Promise<void> {
    const started = Date.now();
    this.#outstanding.set(action, 'waiting');
    if (await this.#anotherAnswers()) {
      this.#outstanding.delete(action);
      return;
    }
    let port: WorkerPort;
    try {
      port = this.connect();
    } catch {
      // No ack: the page learns at once that no extension is there, instead of waiting minutes for an answer.
      this.#outstanding.delete(action);
      return;
    }

    let open = true;
    const end = () => {
      open = false;
      clearTimeout(timer);
      this.#outstanding.delete(action);
      port.disconnect();
    };
    const answer = (suffix: 'success' | 'failure', body: Record<string, unknown>) => {
      if (!open) return;
      end();
      this.#post({ ...body, action: `${PREFIX}${action}-${suffix}` }, origin);
    };
    const timer = setTimeout(() => answer('failure', { error: WORKER_GONE }), ANSWER_TIMEOUT);
    this.#outstanding.set(action, { started, withdraw: end });
    this.#ownAcks.set(action, (this.#ownAcks.get(action) ?? 0) + 1);
    this.#post({ action: `${PREFIX}${action}-ack` }, origin);

    port.onMessage.addListener((message) => {
      if ('success' in message) answer('success', message.success);
      else answer('failure', { error: message.failure });
    });
    port.onDisconnect.addListener(() => answer('failure', { error: WORKER_GONE }));
    port.postMessage(inward(action, data));
  }

  /** Whether to leave this page's requests to another extension. Waits, once per page, for that one's ack. */
  async #anotherAnswers(): Promise<boolean> {
    if (!this.#waited && !this.#othersAnswer) {
      // A hidden page's timers run by the second: waiting there would be longer than the page waits for us.
      const wait = this.page.document.hidden ? 0 : STAND_BACK_WAIT;
      if (wait > 0 && (await this.standsBack())) await new Promise((resolve) => setTimeout(resolve, wait));
      this.#waited = true;
    }
    return this.#othersAnswer && (await this.standsBack());
  }

  #seeAck(action: Action): void {
    const own = this.#ownAcks.get(action) ?? 0;
    if (own > 0) {
      this.#ownAcks.set(action, own - 1);
      return;
    }
    this.#othersAnswer = true;
    const carried = this.#outstanding.get(action);
    if (!carried || carried === 'waiting' || Date.now() - carried.started > ACK_WINDOW) return;
    void this.standsBack().then((standsBack) => {
      if (standsBack && this.#outstanding.get(action) === carried) carried.withdraw();
    });
  }

  #post(message: Record<string, unknown>, origin: string): void {
    // A sandboxed page has no origin that could be named; the worker answers it with refusals only.
    this.page.postMessage(message, origin === 'null' ? '*' : origin);
  }
}

function inward(action: Action, data: Record<string, unknown>): Inward {
  let json: string;
  try {
    json = JSON.stringify(data);
  } catch {
    return { action, refused: 'not-json' };
  }
  if (new TextEncoder().encode(json).length > REQUEST_MAX) return { action, refused: 'too-large' };
  const plain = JSON.parse(json) as Record<string, unknown>;
  return { action, fields: Object.fromEntries(FIELDS[action].filter((field) => field in plain).map((field) => [field, plain[field]])) };
}

function toAction(name: string): Action | null {
  return ACTIONS.find((action) => name === PREFIX + action) ?? null;
}
