/** What was done with the token, kept by the browser for this profile only. Never a PIN, a hash or a document. */
import { browser } from 'wxt/browser';
import type { ErrorName, Outcome } from './errors';
import type { Certificate, OperationName } from './protocol';

export type HistoryOperation = OperationName | 'handshake' | 'export-certificate' | 'trust-authority' | 'distrust-authority';

export interface HistoryEntry {
  /** Unix seconds. */
  readonly when: number;
  readonly operation: HistoryOperation;
  /** The site it was for; null for what a person does on the management page. */
  readonly origin: string | null;
  readonly certificate: Pick<Certificate, 'holder' | 'certificateId' | 'serial'> | null;
  readonly outcome: 'done' | ErrorName;
}

const KEY = 'history';
/** The oldest give way. */
export const HISTORY_MAX = 500;

/** The newest first. */
export async function readHistory(): Promise<HistoryEntry[]> {
  const stored = ((await browser.storage.local.get(KEY)) as Record<string, unknown>)[KEY];
  return Array.isArray(stored) ? stored.filter(isEntry) : [];
}

/** Calls back whenever something came to it or went from it; returns what ends that. */
export function onHistory(changed: () => void): () => void {
  const listen = (changes: object) => {
    if (KEY in changes) changed();
  };
  browser.storage.local.onChanged.addListener(listen);
  return () => browser.storage.local.onChanged.removeListener(listen);
}

/** One after the other: each reads what the one before wrote. */
let writing: Promise<unknown> = Promise.resolve();

export function record(operation: HistoryOperation, origin: string | null, certificate: Certificate | null, outcome: Outcome<unknown>): Promise<void> {
  const entry: HistoryEntry = {
    when: Math.floor(Date.now() / 1000),
    operation,
    origin,
    certificate: certificate && { holder: certificate.holder, certificateId: certificate.certificateId, serial: certificate.serial },
    outcome: outcome.ok ? 'done' : outcome.error.name,
  };
  const written = writing.then(async () => {
    await browser.storage.local.set({ [KEY]: [entry, ...(await readHistory())].slice(0, HISTORY_MAX) });
  });
  writing = written.catch(() => {});
  return written;
}

export function clearHistory(): Promise<void> {
  const cleared = writing.then(() => browser.storage.local.remove(KEY));
  writing = cleared.catch(() => {});
  return cleared;
}

/** A table that spreadsheets take: UTF-8 with a mark that says so, and no cell that one of them would run as a formula. */
export function toCsv(rows: readonly (readonly string[])[]): string {
  const cell = (text: string) => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  return `\uFEFF${rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('')}`;
}

function isEntry(value: unknown): value is HistoryEntry {
  if (typeof value !== 'object' || value === null) return false;
  const { when, operation, outcome } = value as Partial<HistoryEntry>;
  return Number.isSafeInteger(when) && typeof operation === 'string' && typeof outcome === 'string';
}
