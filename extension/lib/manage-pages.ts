/**
 * The management page as the worker sees it: a port for each open one. What a person began there ends with the page, and
 * so do the logins that it opened.
 */
import { fail, type Outcome } from './errors';
import type { HostConnection } from './native-port';
import type { Operations } from './operations';
import { type Arguments, COMMANDS, type Login, type Result } from './protocol';

/** What a person does from there by entering a PIN in our window. */
export const MANAGE_COMMANDS = ['log-in', 'change-pin', 'unblock-pin'] as const;
export type ManageCommand = (typeof MANAGE_COMMANDS)[number];

/** Milliseconds that a person may take. */
export const PATIENCE = 300_000;

export interface FromManage<C extends ManageCommand = ManageCommand> {
  readonly id: number;
  readonly command: C;
  readonly arguments: Arguments<C>;
}

export interface ToManage {
  readonly id: number;
  readonly outcome: Outcome<Result<ManageCommand>>;
}

export interface ManagePort {
  readonly onMessage: { addListener(listener: (message: unknown) => void): void };
  readonly onDisconnect: { addListener(listener: () => void): void };
  postMessage(message: ToManage): void;
}

export class ManagePages {
  /** The tokens that each page has logged in to, as long as that login lasts. */
  readonly #opened = new Map<ManagePort, Set<string>>();

  constructor(
    private readonly operations: Pick<Operations, 'run'>,
    private readonly host: Pick<HostConnection, 'request'>,
  ) {}

  attach(port: ManagePort): void {
    const gone = new AbortController();
    const opened = new Set<string>();
    this.#opened.set(port, opened);
    port.onMessage.addListener((message) => {
      if (!isFromManage(message)) return;
      void this.#run(message, gone.signal).then((outcome) => {
        const login = outcome.ok && 'login' in outcome.result ? outcome.result.login : null;
        // Opened for a page that has gone meanwhile: nobody is left to see it.
        if (login && gone.signal.aborted) this.host.request('log-out', { token: login.token });
        else if (login) opened.add(login.token);
        if (!gone.signal.aborted) port.postMessage({ id: message.id, outcome });
      });
    });
    port.onDisconnect.addListener(() => {
      gone.abort();
      this.#opened.delete(port);
      for (const token of opened) this.host.request('log-out', { token });
    });
  }

  /** A login that has ended belongs to no page any more, whoever opens the next one. */
  loginsAre(logins: readonly Login[]): void {
    for (const opened of this.#opened.values()) {
      for (const token of opened) if (!logins.some((login) => login.token === token)) opened.delete(token);
    }
  }

  async #run({ command, arguments: args }: FromManage, gone: AbortSignal): Promise<Outcome<Result<ManageCommand>>> {
    try {
      return await this.operations.run({ command, arguments: args, timeout: PATIENCE, gone });
    } catch {
      return fail('extension-restarted');
    }
  }
}

function isFromManage(message: unknown): message is FromManage {
  if (typeof message !== 'object' || message === null || !('id' in message && 'command' in message && 'arguments' in message)) return false;
  const { id, command, arguments: args } = message;
  if (!Number.isSafeInteger(id) || !(MANAGE_COMMANDS as readonly unknown[]).includes(command) || typeof args !== 'object' || args === null) return false;
  return Object.entries(COMMANDS[command as ManageCommand].arguments).every(([field, shape]) => shape.matches((args as Record<string, unknown>)[field]));
}
