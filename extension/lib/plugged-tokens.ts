/** The tokens that are plugged in, as the host tells them one by one. */
import type { Token } from './protocol';

export class PluggedTokens {
  #tokens: readonly Token[] = [];

  constructor(private readonly onChange: (tokens: readonly Token[]) => void) {}

  inserted(token: Token): void {
    this.#set([...this.#without(token), token]);
  }

  removed(token: Token): void {
    this.#set(this.#without(token));
  }

  /** The host is gone, and nobody knows. */
  clear(): void {
    this.#set([]);
  }

  #without({ id }: Token): Token[] {
    return this.#tokens.filter((token) => token.id !== id);
  }

  #set(tokens: readonly Token[]): void {
    this.#tokens = tokens;
    this.onChange(tokens);
  }
}
