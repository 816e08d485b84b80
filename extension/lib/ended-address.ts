/** What the address of our page for a failed handshake says. */
import { type ErrorName, isErrorName, makeError, type ProtocolError } from './errors';

export interface Ended {
  readonly error: ProtocolError;
  /** The page that was to be opened. */
  readonly url: URL;
}

/** Path of the page and what it tells, behind the extension's own address. */
export function endedAddress(url: string, { name, detail }: ProtocolError): string {
  const told = new URLSearchParams({ error: name, url });
  if (typeof detail['triesLeft'] === 'number') told.set('tries', String(detail['triesLeft']));
  return `handshake-ended.html#${told}`;
}

/** Null for an address that we did not write; only https pages are ever opened again. */
export function readEndedAddress(hash: string): Ended | null {
  const told = new URLSearchParams(hash.replace(/^#/, ''));
  const name = told.get('error') ?? '';
  const tries = told.get('tries');
  if (!isErrorName(name)) return null;
  try {
    const url = new URL(told.get('url') ?? '');
    if (url.protocol !== 'https:') return null;
    return { error: makeError(name satisfies ErrorName, tries !== null && /^\d{1,3}$/.test(tries) ? { triesLeft: Number(tries) } : {}), url };
  } catch {
    return null;
  }
}
