/** Who may ask what, ordered by trust: first what any frame of the web may ask, then what only our own pages may. */
import { fail, makeError, type Outcome, type ProtocolError } from './errors';
import type { ManagePages, ManagePort } from './manage-pages';
import type { HostConnection } from './native-port';
import type { Operations } from './operations';
import { ACTIONS, type Inward, type Outward } from './page-channel';
import type { PromptWindow, WindowPort } from './prompt-window';
import { type Arguments, type Command, COMMANDS, type Result } from './protocol';
import type { Fields } from './shape';
import { toCommand, toPageError, toStatus, toSuccess, userInteractionTimeout, type Versions } from './web-eid';

export const PORT_WEB_EID = 'web-eid';
export const PORT_PROMPT = 'prompt';
export const PORT_MANAGE = 'manage';

/** How long one of our own pages waits for the host. */
export const OWN_PAGE_TIMEOUT = 30_000;

/** What one of our own pages may ask; nothing here needs a PIN. */
export const OWN_PAGE_COMMANDS = [
  'status',
  'tokens',
  'certificates',
  'log-out',
  'grants',
  'revoke-grant',
  'certificate-details',
  'export-certificate',
  'trust-authority',
  'distrust-authority',
  'trusted-authorities',
  'diagnose',
  'modules',
  'add-module',
  'remove-module',
  'prefer-module',
] as const satisfies Command[];
export type OwnPageCommand = (typeof OWN_PAGE_COMMANDS)[number];
export type OwnPageMessage<C extends OwnPageCommand = OwnPageCommand> = {
  readonly command: C;
  readonly arguments: Arguments<C>;
};

export interface Sender {
  readonly id?: string | undefined;
  readonly url?: string | undefined;
  readonly origin?: string | undefined;
  readonly frameId?: number | undefined;
  readonly tab?: { readonly id?: number | undefined } | undefined;
}

export interface RoutedPort {
  readonly name: string;
  readonly sender?: Sender | undefined;
  readonly onMessage: { addListener(listener: (message: unknown) => void): void };
  readonly onDisconnect: { addListener(listener: () => void): void };
  postMessage(message: unknown): void;
  disconnect(): void;
}

export interface Rooms {
  readonly host: HostConnection;
  readonly operations: Operations;
  readonly window: PromptWindow;
  readonly managePages: Pick<ManagePages, 'attach'>;
  readonly extension: { readonly id: string; readonly version: string; readonly baseUrl: string };
}

export class Router {
  /** `tab:frame:action` of every request that a frame has open. */
  readonly #open = new Set<string>();

  constructor(private readonly rooms: Rooms) {}

  /** A page's request, or our own window. */
  connect(port: RoutedPort): void {
    const { sender } = port;
    if (sender?.id === this.rooms.extension.id) {
      if (port.name === PORT_WEB_EID && sender.tab && sender.frameId !== undefined) return this.#page(port, sender);
      if (port.name === PORT_PROMPT && this.#isOwnPage(sender, 'prompt.html')) return this.rooms.window.attach(port as WindowPort);
      if (port.name === PORT_MANAGE && this.#isOwnPage(sender, 'manage.html')) return this.rooms.managePages.attach(port as ManagePort);
    }
    port.disconnect();
  }

  /** A question of our own pages; null when the sender is not one of them or asks what it may not. */
  message(message: unknown, sender: Sender): Promise<Outcome<Result<OwnPageCommand>>> | null {
    if (sender.id !== this.rooms.extension.id) return null;
    if (!this.#isOwnPage(sender, 'popup.html') && !this.#isOwnPage(sender, 'manage.html')) return null;
    if (!isOwnPageMessage(message)) return null;
    const { outcome } = this.rooms.host.request(message.command, message.arguments);
    const late = new Promise<Outcome<never>>((resolve) => setTimeout(() => resolve(fail('host-gone')), OWN_PAGE_TIMEOUT));
    return Promise.race([outcome, late]);
  }

  #page(port: RoutedPort, sender: Sender): void {
    const gone = new AbortController();
    let asked = false;
    port.onDisconnect.addListener(() => gone.abort());
    port.onMessage.addListener((message) => {
      if (asked) return;
      asked = true;
      void this.#answer(message, sender, gone.signal).then((answer) => {
        if (answer && !gone.signal.aborted) port.postMessage(answer);
        else port.disconnect();
      });
    });
  }

  /** What the page is answered; null for something that our content script does not send. */
  async #answer(message: unknown, sender: Sender, gone: AbortSignal): Promise<Outward | null> {
    if (!isInward(message)) return null;
    const key = `${sender.tab?.id}:${sender.frameId}:${message.action}`;
    if (this.#open.has(key)) return null;
    this.#open.add(key);
    try {
      return await this.#ask(message, sender, gone);
    } finally {
      this.#open.delete(key);
    }
  }

  async #ask(message: Inward, sender: Sender, gone: AbortSignal): Promise<Outward> {
    const fields = 'fields' in message ? message.fields : {};
    const versions = (nativeApp: string | null): Versions => ({
      library: fields['libraryVersion'],
      extension: this.rooms.extension.version,
      nativeApp,
    });
    const failure = (error: ProtocolError): Outward => ({ failure: toPageError(error, versions(this.rooms.host.version)) });

    if ('refused' in message) {
      return failure(message.refused === 'too-large' ? makeError('message-too-large') : makeError('invalid-arguments', { field: 'message' }));
    }
    const origin = originOf(sender);
    if (!origin.ok) return failure(origin.error);

    if (message.action === 'status') {
      const opened = await this.rooms.host.open();
      if (!opened.ok) return failure(opened.error);
      return toStatus({ ...versions(opened.result), nativeApp: opened.result });
    }
    const command = toCommand(message.action, fields, origin.result);
    if (!command.ok) return failure(command.error);
    const outcome = await this.rooms.operations.run({ ...command.result, timeout: userInteractionTimeout(fields), gone });
    return outcome.ok ? { success: toSuccess(message.action, outcome.result) } : failure(outcome.error);
  }

  #isOwnPage(sender: Sender, file: string): boolean {
    const { baseUrl } = this.rooms.extension;
    return sender.url?.split(/[?#]/)[0] === new URL(file, baseUrl).href;
  }
}

/**
 * The origin of the frame that asked, as the browser gives it. A sandboxed frame has an address but no origin of its own:
 * where the browser says both, they have to agree.
 */
export function originOf(sender: Sender): Outcome<string> {
  let url: URL;
  try {
    url = new URL(sender.url ?? '');
  } catch {
    return fail('invalid-origin');
  }
  if (url.protocol === 'http:') return fail('insecure-page');
  if (url.protocol !== 'https:') return fail('invalid-origin');
  if (sender.origin !== undefined && sender.origin !== url.origin) return fail('invalid-origin');
  return { ok: true, result: url.origin };
}

function isInward(message: unknown): message is Inward {
  if (typeof message !== 'object' || message === null || !('action' in message)) return false;
  if (!(ACTIONS as readonly unknown[]).includes(message.action)) return false;
  return 'refused' in message || ('fields' in message && typeof message.fields === 'object' && message.fields !== null);
}

function isOwnPageMessage(message: unknown): message is OwnPageMessage {
  if (typeof message !== 'object' || message === null || !('command' in message && 'arguments' in message)) return false;
  const { command, arguments: args } = message;
  if (!(OWN_PAGE_COMMANDS as readonly unknown[]).includes(command) || typeof args !== 'object' || args === null) return false;
  const fields: Fields = COMMANDS[command as OwnPageCommand].arguments;
  return (
    Object.keys(args).length === Object.keys(fields).length &&
    Object.entries(fields).every(([field, shape]) => shape.matches((args as Record<string, unknown>)[field]))
  );
}
