/**
 * What an administrator has set for this extension. Browsers read it slowly, seconds long while they start: the worker
 * keeps a copy beside the person's own settings, and everybody else reads that.
 */
import { browser } from 'wxt/browser';

export const POLICY = 'policy';

/** Copies it now and after every change. */
export function keepPolicyAtHand(): void {
  browser.storage.managed?.onChanged?.addListener(() => void copyPolicy());
  void copyPolicy();
}

export async function copyPolicy(): Promise<void> {
  const policy = await browser.storage.managed.get(null).catch(
    // Firefox has no such storage unless a policy made it.
    () => ({}),
  );
  if (JSON.stringify(policy) !== JSON.stringify(await readPolicy())) await browser.storage.local.set({ [POLICY]: policy });
}

/** Nothing where there is none. */
export async function readPolicy(): Promise<Readonly<Record<string, unknown>>> {
  const { [POLICY]: policy } = (await browser.storage.local.get(POLICY)) as Record<string, unknown>;
  return typeof policy === 'object' && policy !== null ? (policy as Record<string, unknown>) : {};
}
