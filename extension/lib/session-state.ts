/** What the worker lets our own pages see at any time. Ends with the browser, and is set anew whenever the worker starts. */
import { browser } from 'wxt/browser';
import type { ErrorName } from './errors';
import type { Login, Reader, Token } from './protocol';

export interface SessionState {
  /** The open logins for TLS. */
  readonly logins: readonly Login[];
  /** Whether the browser has our PKCS#11 module; null where that is not for us to know. */
  readonly module: 'installed' | 'missing' | null;
  /** The tokens that the host has read, and what its readers hold; null while it has not told. */
  readonly tokens: readonly Token[] | null;
  readonly readers: readonly Reader[] | null;
  /** Why there is no host; null while there is one, or one is on its way. */
  readonly hostTrouble: ErrorName | null;
}

const NOTHING: SessionState = { logins: [], module: null, tokens: null, readers: null, hostTrouble: null };

export async function publish(state: Partial<SessionState>): Promise<void> {
  await browser.storage.session.set(state);
}

/** Tells the state now and after every change. */
export function watchSession(tell: (state: SessionState) => void): () => void {
  let watching = true;
  const read = async () => {
    const state = await browser.storage.session.get<Partial<SessionState>>(null);
    if (watching) tell({ ...NOTHING, ...state });
  };
  const changed = () => void read();
  browser.storage.session.onChanged.addListener(changed);
  void read();
  return () => {
    watching = false;
    browser.storage.session.onChanged.removeListener(changed);
  };
}
