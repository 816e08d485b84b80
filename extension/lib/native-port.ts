import { type ErrorName, fail, makeError, type Outcome, type ProtocolError } from './errors';
import {
  type Answer,
  type Arguments,
  type CancelReason,
  type Command,
  COMMANDS,
  type HostNotice,
  type MessageToHost,
  PROTOCOL_VERSION,
  type Prompt,
  readMessage,
  type Result,
} from './protocol';

/** What this file needs of a browser's native messaging port. */
export interface Port {
  readonly onMessage: { addListener(listener: (message: unknown) => void): void };
  readonly onDisconnect: { addListener(listener: () => void): void };
  postMessage(message: unknown): void;
  disconnect(): void;
}

export const HELLO_TIMEOUT = 5_000;

const REQUEST_MAX = 4_294_967_295;

/** One request to the host, from asking to its one outcome. Every call is safe at any time. */
export interface HostRequest<C extends Command> {
  readonly outcome: Promise<Outcome<Result<C>>>;
  answer(prompt: number, answer: Answer): void;
  cancel(reason: CancelReason): void;
}

interface Pending {
  readonly message: Extract<MessageToHost, { type: 'request' }>;
  onPrompt(prompt: Prompt): void;
  settle(outcome: Outcome<Record<string, unknown>>): void;
}

type State =
  | { readonly name: 'closed' }
  | { readonly name: 'waiting-for-hello'; readonly port: Port; readonly timer: Timer; readonly hello: Deferred<Outcome<string>> }
  | { readonly name: 'open'; readonly port: Port; readonly version: string };

type Timer = ReturnType<typeof setTimeout>;

/**
 * The connection to the host: closed, waiting for its hello, or open. It is opened by whoever first needs it, again by the
 * next request after it was lost, and stays: logins live in the host, and handshakes begin there.
 */
export class HostConnection {
  #state: State = { name: 'closed' };
  readonly #requests = new Map<number, Pending>();
  #lastRequest = 0;

  /** What the host says of its own accord. */
  onNotice: (notice: HostNotice) => void = () => {};
  /** The host has said hello. */
  onOpen: () => void = () => {};
  /** The connection is no more, or none came about. */
  onLost: (error: ProtocolError) => void = () => {};

  /**
   * @param connect starts the host; may throw
   * @param disconnectReason the browser's words on why a port was closed, read inside its disconnect event
   */
  constructor(
    private readonly connect: () => Port,
    private readonly disconnectReason: (port: Port) => string,
  ) {}

  get state(): State['name'] {
    return this.#state.name;
  }

  /** The host's version, null while it is not known. */
  get version(): string | null {
    return this.#state.name === 'open' ? this.#state.version : null;
  }

  /** Starts the host if need be; its version, or why there is none. */
  async open(): Promise<Outcome<string>> {
    const state = this.#state;
    if (state.name === 'open') return { ok: true, result: state.version };
    if (state.name === 'waiting-for-hello') return state.hello.promise;

    let port: Port;
    try {
      port = this.connect();
    } catch {
      const missing = makeError('host-missing');
      this.onLost(missing);
      return { ok: false, error: missing };
    }
    const hello = deferred<Outcome<string>>();
    const timer = setTimeout(() => this.#lose(port, makeError('host-gone')), HELLO_TIMEOUT);
    this.#state = { name: 'waiting-for-hello', port, timer, hello };
    port.onMessage.addListener((message) => this.#receive(port, message));
    port.onDisconnect.addListener(() => {
      const known = this.#state.name === 'open';
      this.#lose(port, makeError(known ? 'host-gone' : missingOrGone(this.disconnectReason(port))));
    });
    return hello.promise;
  }

  request<C extends Command>(command: C, args: Arguments<C>, onPrompt: (prompt: Prompt) => void = () => {}): HostRequest<C> {
    const request = this.#nextRequest();
    const outcome = deferred<Outcome<Result<C>>>();
    let unsent: CancelReason | 'no' = 'no';
    this.#requests.set(request, {
      message: { type: 'request', request, command, arguments: args },
      onPrompt,
      settle: (result) => {
        if (!result.ok) outcome.resolve(result);
        else if (COMMANDS[command].result.matches(result.result)) outcome.resolve({ ok: true, result: result.result as Result<C> });
        else outcome.resolve(fail('host-incompatible', { version: this.version ?? '' }));
      },
    });
    void this.open().then((opened) => {
      if (!opened.ok) this.#settle(request, opened);
      else if (unsent !== 'no') this.#settle(request, fail(unsent));
      else this.#send(this.#requests.get(request)?.message);
    });
    return {
      outcome: outcome.promise,
      answer: (prompt, answer) => {
        if (this.#requests.has(request)) this.#send({ type: 'answer', request, prompt, answer: { ...answer } });
      },
      cancel: (reason) => {
        if (!this.#requests.has(request)) return;
        if (this.#state.name === 'open') this.#send({ type: 'cancel', request, reason });
        else unsent = reason;
      },
    };
  }

  /** Says no in a person's stead: a request that is cancelled before anybody is asked. */
  async decline<C extends Command>(command: C, args: Arguments<C>): Promise<void> {
    const opened = await this.open();
    if (!opened.ok) return;
    const { cancel } = this.request(command, args);
    // It goes out in the next turn, and a cancel has to follow it.
    await this.open();
    cancel('cancelled');
  }

  /** Lets go of the host, which then cancels everything; what is still open ends with `reason`. */
  close(reason: ErrorName = 'host-gone'): void {
    if (this.#state.name !== 'closed') this.#lose(this.#state.port, makeError(reason));
  }

  #receive(port: Port, value: unknown): void {
    const state = this.#state;
    if (state.name === 'closed' || state.port !== port) return;
    const message = readMessage(value);
    if (message?.type === 'failure' && message.request === null) return this.#lose(port, message.error);

    if (state.name === 'waiting-for-hello') {
      const version = message?.type === 'hello' ? message.version : '';
      if (message?.type !== 'hello' || message.protocol !== PROTOCOL_VERSION) {
        return this.#lose(port, makeError('host-incompatible', { version }));
      }
      clearTimeout(state.timer);
      this.#state = { name: 'open', port, version };
      state.hello.resolve({ ok: true, result: version });
      this.onOpen();
      return;
    }
    switch (message?.type) {
      case 'response':
        return this.#settle(message.request, { ok: true, result: message.result });
      case 'failure':
        return this.#settle(message.request ?? 0, { ok: false, error: message.error });
      case 'prompt':
        return this.#requests.get(message.request)?.onPrompt(message);
      case 'logins':
      case 'handshake':
      case 'handshake-ended':
      case 'readers':
      case 'token-inserted':
      case 'token-removed':
        return this.onNotice(message);
      default:
        // Not a message of this version: without knowing what it meant, a request could wait for ever.
        return this.#lose(port, makeError('host-incompatible', { version: state.version }));
    }
  }

  #send(message: MessageToHost | undefined): void {
    const state = this.#state;
    if (state.name !== 'open' || message === undefined) return;
    try {
      state.port.postMessage(message);
    } catch {
      this.#lose(state.port, makeError('host-gone'));
    }
  }

  #settle(request: number, outcome: Outcome<Record<string, unknown>>): void {
    const pending = this.#requests.get(request);
    if (!pending) return;
    this.#requests.delete(request);
    pending.settle(outcome);
  }

  #lose(port: Port, error: ProtocolError): void {
    const state = this.#state;
    if (state.name === 'closed' || state.port !== port) return;
    this.#state = { name: 'closed' };
    port.disconnect();
    if (state.name === 'waiting-for-hello') {
      clearTimeout(state.timer);
      state.hello.resolve({ ok: false, error });
    }
    for (const request of [...this.#requests.keys()]) this.#settle(request, { ok: false, error });
    this.onLost(error);
  }

  #nextRequest(): number {
    do this.#lastRequest = (this.#lastRequest % REQUEST_MAX) + 1;
    while (this.#requests.has(this.#lastRequest));
    return this.#lastRequest;
  }
}

/** Browsers say in English prose whether there is a host at all; only these words are stable enough to read. */
function missingOrGone(reason: string): ErrorName {
  return /not found|forbidden|no such native application|invalid native messaging host/i.test(reason) ? 'host-missing' : 'host-gone';
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
}

function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}
