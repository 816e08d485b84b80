/** Whoever locks the screen leaves the desk: no handshake is signed without asking after that. */
import type { HostConnection } from './native-port';
import type { OpenLogins } from './open-logins';

/** What this file needs of a browser's `idle`. Chromium tells `locked`; Firefox only who is away. */
export interface Idle {
  readonly onStateChanged: { addListener(listener: (state: string) => void): void };
}

export function logOutWhenLocked(idle: Idle, logins: Pick<OpenLogins, 'any'>, host: Pick<HostConnection, 'request'>): void {
  idle.onStateChanged.addListener((state) => {
    if (state === 'locked' && logins.any) host.request('log-out', { token: null });
  });
}
