/**
 * WebDriver BiDi, as Firefox speaks it by itself: just enough to load an extension, open pages and read them. While a
 * TLS handshake waits in Firefox its whole network does, this connection included: commands then wait, too.
 */
import { PATIENCE, within } from './deadline.ts';

/** Longer than any handshake waits for a person. */
const OPENING = 10 * PATIENCE;

interface Answer {
  readonly id?: number;
  readonly type?: string;
  readonly result?: unknown;
  readonly error?: string;
  readonly message?: string;
}

export interface Context {
  readonly context: string;
  readonly url: string;
}

export class BiDi {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #last = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const answer = JSON.parse(String(data)) as Answer;
      if (answer.id !== undefined) this.#waiting.get(answer.id)?.(answer);
    });
  }

  /** @param address what the browser says it listens on */
  static async connect(address: string): Promise<BiDi> {
    const socket = new WebSocket(`${address}/session`);
    await within(PATIENCE, 'a connection to the browser', new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', reject);
    }));
    const bidi = new BiDi(socket);
    // It is answered once the first window is there.
    await bidi.send('session.new', { capabilities: {} }, 2 * PATIENCE);
    return bidi;
  }

  async send(method: string, params: unknown, milliseconds = PATIENCE): Promise<unknown> {
    const id = ++this.#last;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params }));
    try {
      const answer = await within(milliseconds, method, answered);
      if (answer.type === 'error') throw new Error(`${method}: ${answer.error}: ${answer.message}`);
      return answer.result;
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** Every tab and window, ours included. */
  async contexts(milliseconds = PATIENCE): Promise<Context[]> {
    const { contexts } = (await this.send('browsingContext.getTree', { maxDepth: 0 }, milliseconds)) as { contexts: Context[] };
    return contexts;
  }

  /** @param beside a tab in whose window it is opened: the one in front may be one without tabs, or just going away */
  async newTab(beside: string): Promise<string> {
    const { context } = (await this.send('browsingContext.create', { type: 'tab', referenceContext: beside })) as Context;
    return context;
  }

  /** Begins to open an address. The browser's answer may come only after the handshake. */
  navigate(context: string, url: string): void {
    void this.send('browsingContext.navigate', { context, url, wait: 'none' }, OPENING).catch(() => {});
  }

  /** The value of an expression in a page, by way of JSON; promises are awaited. */
  async evaluate<T>(context: string, expression: string, milliseconds = PATIENCE): Promise<T> {
    const params = { expression: `Promise.resolve(${expression}).then((value) => JSON.stringify(value ?? null))`, target: { context }, awaitPromise: true, userActivation: true };
    const outcome = (await this.send('script.evaluate', params, milliseconds)) as { type: string; result?: { value: string }; exceptionDetails?: { text: string } };
    if (outcome.type !== 'success' || !outcome.result) throw new Error(`${expression.slice(0, 400)}: ${outcome.exceptionDetails?.text}`);
    return JSON.parse(outcome.result.value) as T;
  }

  /** Runs in the browser itself, not in a page. */
  async evaluateInBrowser(expression: string): Promise<void> {
    const { contexts } = (await this.send('browsingContext.getTree', { maxDepth: 0, 'moz:scope': 'chrome' })) as { contexts: Context[] };
    const [browser] = contexts;
    if (!browser) throw new Error('the browser shows nothing');
    await this.evaluate(browser.context, expression);
  }

  async screenshot(context: string): Promise<Buffer> {
    const { data } = (await this.send('browsingContext.captureScreenshot', { context })) as { data: string };
    return Buffer.from(data, 'base64');
  }

  /** Whatever still waits for an answer fails: its time would keep the tests from ending. */
  close(): void {
    this.#socket.close();
    for (const [id, answered] of this.#waiting) answered({ id, type: 'error', error: 'closed', message: 'nobody listens any more' });
  }
}
