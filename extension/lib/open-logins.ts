/** The logins that sign TLS handshakes without asking, as the host last told them. */
import type { Login } from './protocol';

export class OpenLogins {
  #logins: readonly Login[] = [];
  onChange: (logins: readonly Login[]) => void = () => {};

  set(logins: readonly Login[]): void {
    this.#logins = logins;
    this.onChange(logins);
  }

  get all(): readonly Login[] {
    return this.#logins;
  }

  /** Whether a handshake now would be signed without asking. */
  get any(): boolean {
    return this.#logins.some((login) => secondsLeft(login) > 0);
  }
}

export function secondsLeft({ ends }: Login, now = Date.now()): number {
  return Math.max(0, ends - Math.floor(now / 1000));
}

/** Whole minutes, begun ones counted: the last minute is one minute. */
export function minutesLeft(login: Login, now = Date.now()): number {
  return Math.ceil(secondsLeft(login, now) / 60);
}
