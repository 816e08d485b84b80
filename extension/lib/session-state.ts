/** What the worker lets our own pages see at any time. Ends with the browser, and is set anew whenever the worker starts. */
import { browser } from 'wxt/browser';
import type { Login } from './protocol';

export interface SessionState {
  /** The open logins for TLS. */
  readonly logins: readonly Login[];
  /** Whether the browser has our PKCS#11 module; null where that is not for us to know. */
  readonly module: 'installed' | 'missing' | null;
}

export async function publish(state: Partial<SessionState>): Promise<void> {
  await browser.storage.session.set(state);
}

/** Tells the state now and after every change. */
export function watchSession(tell: (state: SessionState) => void): () => void {
  let watching = true;
  const read = async () => {
    const { logins, module } = await browser.storage.session.get<Partial<SessionState>>(['logins', 'module']);
    if (watching) tell({ logins: logins ?? [], module: module ?? null });
  };
  const changed = () => void read();
  browser.storage.session.onChanged.addListener(changed);
  void read();
  return () => {
    watching = false;
    browser.storage.session.onChanged.removeListener(changed);
  };
}
