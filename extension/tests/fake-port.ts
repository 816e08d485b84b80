/** A port of which a test is the other end: a host's, or a page's. */
export class FakePort {
  readonly sent: Record<string, unknown>[] = [];
  closedByUs = false;
  private readonly messageListeners: ((message: never) => void)[] = [];
  private readonly disconnectListeners: (() => void)[] = [];

  constructor(
    readonly name = '',
    readonly sender?: Record<string, unknown>,
  ) {}

  readonly onMessage = { addListener: (listener: (message: never) => void) => void this.messageListeners.push(listener) };
  readonly onDisconnect = { addListener: (listener: () => void) => void this.disconnectListeners.push(listener) };

  postMessage(message: unknown): void {
    if (this.closedByUs) throw new Error('Attempting to use a disconnected port object');
    this.sent.push(structuredClone(message) as Record<string, unknown>);
  }

  disconnect(): void {
    this.closedByUs = true;
  }

  /** The other end says something. */
  say(message: unknown): void {
    for (const listener of this.messageListeners) listener(structuredClone(message) as never);
  }

  /** The other end goes away. */
  vanish(): void {
    for (const listener of this.disconnectListeners) listener();
  }

  get last(): Record<string, unknown> | undefined {
    return this.sent.at(-1);
  }
}
