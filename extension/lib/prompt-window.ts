/** The one window that no page can draw, as the worker sees it: opened when there is something to show, told every change. */
import { browser } from 'wxt/browser';
import type { ConnectingSite } from './connecting-sites';
import type { ProtocolError } from './errors';
import { type Answer, ANSWERS, type OperationName, type Site, type View } from './protocol';

export const WINDOW_SIZE = { width: 420, height: 560 } as const;
/** Three PINs need more room than one. */
export const NEW_PIN_HEIGHT = 700;
/** A page that reloads itself comes back within this time; else the window counts as closed. */
export const RELOAD_GRACE = 1_000;

export interface ShownLogin {
  /** Where the browser is connecting to. */
  readonly connecting: readonly ConnectingSite[];
  /** For how long the PIN opens the way. */
  readonly seconds: number;
  /** Whether a person asked, on the management page, and no site has to do with it. */
  readonly management?: boolean;
}

export type Shown = {
  readonly operation: string;
  readonly name: OperationName;
  /** Null when no page asks and the browser does not tell which one site it connects to. */
  readonly site: Site | null;
  /** Id of the certificate that was used for this site last time, where the site is known. */
  readonly remembered?: string | null;
  /** What only a log-in has. */
  readonly login: ShownLogin | null;
} & (
  | { readonly kind: 'prompt'; readonly prompt: number; readonly view: View }
  | { readonly kind: 'failure'; readonly error: ProtocolError }
);

/** From the worker to the window. `gone`: nothing is known of what the window was opened for. */
export type ToWindow = { readonly waiting: number; readonly shown: Shown } | { readonly gone: true };

/** From the window to the worker. `alive` only keeps the worker awake while a person thinks. */
export type FromWindow =
  | { readonly type: 'answer'; readonly operation: string; readonly prompt: number; readonly answer: Answer }
  | { readonly type: 'cancel'; readonly operation: string }
  | { readonly type: 'alive' };

export interface WindowPort {
  readonly sender?: { readonly url?: string | undefined } | undefined;
  readonly onMessage: { addListener(listener: (message: unknown) => void): void };
  readonly onDisconnect: { addListener(listener: () => void): void };
  postMessage(message: ToWindow): void;
  disconnect(): void;
}

interface OpenWindow {
  /** Names this window in its address, so that one left over from an earlier worker is not taken for it. */
  readonly ticket: string;
  /** Unknown until the browser has made it. */
  id: number | undefined;
  port: WindowPort | undefined;
}

export class PromptWindow {
  onAnswer: (operation: string, prompt: number, answer: Answer) => void = () => {};
  onCancel: (operation: string) => void = () => {};
  #open: OpenWindow | undefined;
  #shown: Shown | undefined;
  #waiting = 0;

  show(shown: Shown): void {
    this.#shown = shown;
    if (this.#open) this.#tell();
    else void this.#create(shown.name === 'change-pin' || shown.name === 'unblock-pin' ? NEW_PIN_HEIGHT : WINDOW_SIZE.height);
  }

  /** How many requests wait behind the shown one. */
  set waiting(count: number) {
    if (this.#waiting === count) return;
    this.#waiting = count;
    this.#tell();
  }

  focus(): void {
    const id = this.#open?.id;
    if (id !== undefined) browser.windows.update(id, { focused: true }).catch(() => {});
  }

  /** Closes the window, unless it shows something else by now. */
  close(operation: string): void {
    if (this.#shown?.operation !== operation) return;
    const window = this.#open;
    this.#open = undefined;
    this.#shown = undefined;
    window?.port?.disconnect();
    if (window?.id !== undefined) browser.windows.remove(window.id).catch(() => {});
  }

  /** The window's page has loaded and asks what to show. */
  attach(port: WindowPort): void {
    const window = this.#open;
    const ticket = new URL(port.sender?.url ?? 'about:blank').searchParams.get('window');
    if (!window || window.ticket !== ticket) {
      port.postMessage({ gone: true });
      return;
    }
    window.port = port;
    port.onMessage.addListener((message) => {
      if (this.#open === window) this.#receive(message);
    });
    port.onDisconnect.addListener(() => {
      if (window.port !== port) return;
      window.port = undefined;
      setTimeout(() => {
        if (window.port === undefined) this.#closed(window);
      }, RELOAD_GRACE);
    });
    this.#tell();
  }

  /** The browser says that a window, any window, is no more. */
  removed(id: number): void {
    if (this.#open?.id === id) this.#closed(this.#open);
  }

  async #create(height: number): Promise<void> {
    const window: OpenWindow = { ticket: crypto.randomUUID(), id: undefined, port: undefined };
    this.#open = window;
    try {
      const url = `${browser.runtime.getURL('/')}prompt.html?window=${window.ticket}`;
      const made = await browser.windows.create({ type: 'popup', url, width: WINDOW_SIZE.width, height });
      window.id = made?.id;
      // Closed again while the browser was still making it.
      if (this.#open !== window && window.id !== undefined) await browser.windows.remove(window.id);
    } catch {
      this.#closed(window);
    }
  }

  #receive(message: unknown): void {
    const shown = this.#shown;
    if (!isFromWindow(message) || message.type === 'alive' || shown?.kind !== 'prompt' || message.operation !== shown.operation) return;
    if (message.type === 'cancel') {
      this.onCancel(message.operation);
    } else if (message.prompt === shown.prompt && answers(shown.view, message.answer)) {
      this.onAnswer(message.operation, message.prompt, message.answer);
    }
  }

  #closed(window: OpenWindow): void {
    if (this.#open !== window) return;
    const shown = this.#shown;
    this.#open = undefined;
    this.#shown = undefined;
    if (shown?.kind === 'prompt') this.onCancel(shown.operation);
  }

  #tell(): void {
    if (this.#shown) this.#open?.port?.postMessage({ waiting: this.#waiting, shown: this.#shown });
  }
}

function isFromWindow(message: unknown): message is FromWindow {
  return typeof message === 'object' && message !== null && 'type' in message;
}

function answers(view: View, answer: unknown): boolean {
  const shape = ANSWERS[view.kind as keyof typeof ANSWERS];
  return shape !== undefined && shape.matches(answer);
}
