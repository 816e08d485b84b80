/**
 * Keeps the host running. Handshakes begin in the browser and reach us through the host, so it has to be there before
 * anybody asks for anything; the open port also keeps the worker alive.
 */
import type { HostConnection } from './native-port';
import type { ErrorName } from './errors';

/** Milliseconds before each new start of a host that has gone; the last one for all that follow. */
export const RESTART_DELAYS = [1_000, 5_000, 30_000] as const;
/** A host that ran for this long has not died of starting. */
export const STEADY = 60_000;

/** Trouble that no new start mends: whoever asks next tries again. */
const LASTING: ReadonlySet<ErrorName> = new Set(['host-missing', 'host-incompatible', 'caller-not-allowed']);

export class HostKeeper {
  #failures = 0;
  #opened = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly host: Pick<HostConnection, 'open'>) {}

  start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    void this.host.open();
  }

  opened(): void {
    this.#opened = Date.now();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  lost(name: ErrorName): void {
    if (this.#opened > 0 && Date.now() - this.#opened >= STEADY) this.#failures = 0;
    this.#opened = 0;
    if (LASTING.has(name) || this.#timer !== undefined) return;
    const delay = RESTART_DELAYS[Math.min(this.#failures, RESTART_DELAYS.length - 1)];
    this.#failures += 1;
    this.#timer = setTimeout(() => this.start(), delay);
  }
}
