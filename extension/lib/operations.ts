/**
 * The life of requests that need a person: one at a time is with the host and on the window, a few wait, and each ends
 * exactly once, by the host's word, the person, the page or the clock, whichever comes first.
 */
import type { ConnectingSite } from './connecting-sites';
import { type Answer, type Arguments, type CancelReason, type Certificate, type OperationName, type PersonCommand, type Prompt, type Result, type Site } from './protocol';
import { type ErrorName, fail, type Outcome, type ProtocolError } from './errors';
import type { HostConnection, HostRequest } from './native-port';
import type { PromptWindow, Shown } from './prompt-window';

/** Requests that may wait for the one at work, over all tabs. */
export const WAITING_REQUESTS_MAX = 4;
/** How long the host may take to end what was cancelled before it is let go. */
export const CANCEL_GRACE = 5_000;

export interface PersonRequest<C extends PersonCommand = PersonCommand> {
  readonly command: C;
  readonly arguments: Arguments<C>;
  /** Milliseconds until the request ends by itself, waiting included. */
  readonly timeout: number;
  /** Aborted when what it was for is gone: a page, its tab or frame, a handshake. */
  readonly gone: AbortSignal;
  /** For a log-in: where the browser is connecting to, so far as it tells. */
  readonly connecting?: readonly ConnectingSite[];
}

export type PersonOutcome = Outcome<Result<PersonCommand>>;

/** What a request came to that a person was asked for. */
export interface Ended {
  readonly name: OperationName;
  /** Whose page or connection it was for; null for what a person does by themselves, or when the browser did not tell. */
  readonly origin: string | null;
  /** The one that the person chose. */
  readonly certificate: Certificate | null;
  readonly outcome: PersonOutcome;
}

/** What is known of the person's habits, and who keeps track of them. */
export interface Habits {
  /** Id of the certificate that was used last time for the site. */
  remembered(origin: string): string | null;
  /** Whether the person wants no choice where there is only one. */
  readonly skipsChooser: boolean;
  ended(ended: Ended): void;
}

const NO_HABITS: Habits = { remembered: () => null, skipsChooser: false, ended: () => {} };

const OPERATION_NAMES: Readonly<Record<PersonCommand, OperationName>> = {
  authenticate: 'authenticate',
  'get-signing-certificate': 'select-certificate',
  sign: 'sign',
  'log-in': 'log-in',
  'change-pin': 'change-pin',
  'unblock-pin': 'unblock-pin',
};

/** Ends in which the host has not spoken of the request itself, beside those that are the extension's fault. */
const LOST: ReadonlySet<ErrorName> = new Set(['host-gone', 'host-incompatible', 'host-fault']);

/** Ends that the person either caused or need not hear of. */
const QUIET: ReadonlySet<ErrorName> = new Set(['cancelled', 'page-gone', 'signing-not-granted']);

class Operation {
  readonly id = crypto.randomUUID();
  readonly outcome: Promise<PersonOutcome>;
  ended = false;
  hostRequest: HostRequest<PersonCommand> | undefined;
  prompt: Prompt | undefined;
  certificate: Certificate | null = null;
  /** The token was told to change its PIN, and the host has not said yet which one is valid. */
  pinInDoubt = false;
  /** Set once; tells whoever asked and stops the clock. */
  end!: (outcome: PersonOutcome) => void;

  constructor(readonly request: PersonRequest) {
    this.outcome = new Promise((resolve) => {
      this.end = (outcome) => {
        this.ended = true;
        resolve(outcome);
      };
    });
  }

  hears(prompt: Prompt): void {
    this.prompt = prompt;
    if (this.changesPin) this.pinInDoubt = true;
    // Asked anew: the one before was refused.
    else if (prompt.view.kind === 'change-pin' || prompt.view.kind === 'unblock-pin') this.pinInDoubt = false;
  }

  get name(): OperationName {
    return OPERATION_NAMES[this.request.command];
  }

  get login(): Shown['login'] {
    const { arguments: args, connecting = [] } = this.request;
    if (!('idleSeconds' in args)) return null;
    // A handshake names its certificate, too.
    const management = args.certificate === null && args.token !== null;
    return { connecting, seconds: args.idleSeconds, management };
  }

  /** The token is being changed: it may be done already, so only the host can say what has come of it. */
  get changesPin(): boolean {
    const view = this.prompt?.view;
    return view?.kind === 'working' && view.stage === 'changing-pin';
  }

  /** What the person was told instead of being asked for a PIN: there is no way on but to leave. */
  get locked(): 'pin-locked' | 'puk-locked' | null {
    const view = this.prompt?.view;
    if (view?.kind === 'unblock-pin') return view.puk.locked ? 'puk-locked' : null;
    if (view?.kind === 'change-pin') return view.token.pin.locked ? 'pin-locked' : null;
    if (view?.kind !== 'enter-pin') return null;
    const usable = view.certificates.filter(({ state }) => state === 'usable');
    const places = view.chosen ? [view.chosen] : usable;
    const isLocked = (id: string) => view.tokens.some((token) => token.id === id && token.pin.locked);
    return places.length > 0 && places.every(({ token }) => isLocked(token)) ? 'pin-locked' : null;
  }

  /** Who asks: in the host's words once it has spoken. */
  get site(): Site | null {
    if (this.prompt) return this.prompt.site;
    const args = this.request.arguments;
    const origin = 'origin' in args ? args.origin : null;
    if (origin === null) return null;
    const { hostname, port } = new URL(origin);
    return { origin, host: hostname, unicodeHost: null, port: port ? Number(port) : null };
  }
}

export class Operations {
  #active: Operation | undefined;
  readonly #waiting: Operation[] = [];

  constructor(
    private readonly host: Pick<HostConnection, 'request' | 'close'>,
    private readonly window: PromptWindow,
    private readonly habits: Habits = NO_HABITS,
  ) {
    window.onAnswer = (operation, prompt, answer) => {
      if (this.#active?.id === operation) this.#answer(this.#active, prompt, answer);
    };
    window.onCancel = (operation) => {
      if (this.#active?.id === operation) this.#stop(this.#active, 'cancelled');
    };
  }

  /** Runs a request to its end. Never rejects, and never outlives the request's timeout. */
  async run<C extends PersonCommand>(request: PersonRequest<C>): Promise<Outcome<Result<C>>> {
    if (request.gone.aborted) return fail('page-gone');
    if (this.#active && this.#waiting.length >= WAITING_REQUESTS_MAX) {
      this.window.focus();
      return fail('busy');
    }
    const operation = new Operation(request as PersonRequest);
    const timer = setTimeout(() => this.#stop(operation, 'timed-out'), request.timeout);
    const leave = () => this.#stop(operation, 'page-gone');
    request.gone.addEventListener('abort', leave, { once: true });

    if (this.#active) {
      this.#waiting.push(operation);
      this.window.waiting = this.#waiting.length;
      this.window.focus();
    } else {
      this.#start(operation);
    }
    try {
      return (await operation.outcome) as Outcome<Result<C>>;
    } finally {
      clearTimeout(timer);
      request.gone.removeEventListener('abort', leave);
    }
  }

  #start(operation: Operation): void {
    this.#active = operation;
    const { command, arguments: args } = operation.request;
    operation.hostRequest = this.host.request<PersonCommand>(command, args, (prompt) => {
      operation.hears(prompt);
      if (operation.ended) return;
      const { operation: name, site, prompt: number, view } = prompt;
      const only = this.habits.skipsChooser && view.kind === 'choose-certificate' ? onlyUsable(view.certificates) : null;
      if (only) return this.#answer(operation, number, { certificate: only.id });
      const remembered = site && this.habits.remembered(site.origin);
      this.window.show({ kind: 'prompt', operation: operation.id, name, site, remembered, login: operation.login, prompt: number, view });
    });
    void operation.hostRequest.outcome.then((outcome) => this.#finish(operation, outcome));
  }

  #answer(operation: Operation, prompt: number, answer: Answer): void {
    const view = operation.prompt?.view;
    if (view && 'certificates' in view && 'certificate' in answer) {
      operation.certificate = view.certificates.find(({ id }) => id === answer.certificate) ?? null;
    }
    operation.hostRequest?.answer(prompt, answer);
  }

  #end(operation: Operation, outcome: PersonOutcome): void {
    operation.end(outcome);
    const { name, prompt, site, certificate } = operation;
    // What nobody was asked for, and did not come about, never happened.
    if (prompt || outcome.ok) this.habits.ended({ name, origin: site?.origin ?? null, certificate, outcome });
  }

  /** The host has ended it, or is no more. */
  #finish(operation: Operation, told: PersonOutcome): void {
    if (!operation.ended) {
      const isLost = !told.ok && (LOST.has(told.error.name) || told.error.blame === 'extension');
      const outcome = isLost && operation.pinInDoubt ? fail('pin-change-uncertain') : told;
      this.#end(operation, outcome);
      if (outcome.ok || QUIET.has(outcome.error.name) || outcome.error.blame === 'page') this.window.close(operation.id);
      else this.#showFailure(operation, outcome.error);
    }
    this.#next(operation);
  }

  /** Person, page or clock have ended it: whoever asked hears at once, the host is told and given a moment. */
  #stop(operation: Operation, reason: CancelReason): void {
    if (operation.ended || operation.changesPin) return;
    const locked = reason === 'cancelled' ? operation.locked : null;
    const failure = fail(operation.pinInDoubt ? 'pin-change-uncertain' : (locked ?? reason));
    this.#end(operation, failure);
    if (operation !== this.#active) {
      this.#waiting.splice(this.#waiting.indexOf(operation), 1);
      this.window.waiting = this.#waiting.length;
      return;
    }
    // Whoever leaves a locked token has just read that it is.
    if (locked !== null || QUIET.has(failure.error.name)) this.window.close(operation.id);
    else this.#showFailure(operation, failure.error);
    operation.hostRequest?.cancel(reason);
    setTimeout(() => {
      // A host that does not end a cancelled request may still hold the card: its end of stdin lets go of that.
      if (this.#active === operation) this.host.close();
    }, CANCEL_GRACE);
  }

  #showFailure(operation: Operation, error: ProtocolError): void {
    const { id, name, site, login } = operation;
    this.window.show({ kind: 'failure', operation: id, name, site, login, error });
  }

  #next(ended: Operation): void {
    if (this.#active !== ended) return;
    this.#active = undefined;
    const next = this.#waiting.shift();
    this.window.waiting = this.#waiting.length;
    if (next) this.#start(next);
  }
}

/** The one certificate that can be chosen, if there is one only. */
function onlyUsable(certificates: readonly Certificate[]): Certificate | null {
  const [first, second] = certificates.filter(({ state }) => state === 'usable');
  return first && !second ? first : null;
}
