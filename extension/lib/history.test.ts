import { expect, it, vi } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import { certificate, ORIGIN } from '../tests/samples';
import { fail } from './errors';
import { clearHistory, HISTORY_MAX, onHistory, readHistory, record, toCsv } from './history';
import { CHOICES_MAX, RememberedChoices } from './remembered-choices';

const done = { ok: true, result: {} } as const;

it('keeps when, site, operation, certificate and outcome, and not a word more', async () => {
  vi.useFakeTimers({ now: 1_795_395_600_000 });
  await Promise.all([record('sign', ORIGIN, { ...certificate, pin: '12345678' } as never, done), record('change-pin', null, null, fail('pin-locked'))]);
  expect(await readHistory()).toEqual([
    { when: 1_795_395_600, operation: 'change-pin', origin: null, certificate: null, outcome: 'pin-locked' },
    { when: 1_795_395_600, operation: 'sign', origin: ORIGIN, certificate: { holder: '山田 太郎', certificateId: 'FC12345678', serial: '3A7F09C2D41E88B0' }, outcome: 'done' },
  ]);
});

it('is bounded and can be cleared; what others put in its place is left out', async () => {
  await fakeBrowser.storage.local.set({ history: [7, null, { when: 'now' }, ...Array(HISTORY_MAX).fill({ when: 1, operation: 'sign', origin: null, certificate: null, outcome: 'done' })] });
  await record('log-in', null, certificate, done);
  const entries = await readHistory();
  expect([entries.length, entries[0]?.operation]).toEqual([HISTORY_MAX, 'log-in']);
  await clearHistory();
  expect(await readHistory()).toEqual([]);
});

it('tells an open page what comes to it and goes from it, and nothing of the rest', async () => {
  const seen: number[] = [];
  const end = onHistory(async () => seen.push((await readHistory()).length));
  await record('log-in', null, certificate, done);
  await fakeBrowser.storage.local.set({ settings: {} });
  await clearHistory();
  await vi.waitFor(() => expect(seen).toEqual([1, 0]));
  end();
  await record('log-in', null, certificate, done);
  expect(seen).toEqual([1, 0]);
});

it('goes into a spreadsheet without running there', () => {
  expect(toCsv([['a', 'say "x", y'], ['=HYPERLINK("http://evil")', '@b'], ['山田', 'line\nbreak']])).toBe(
    '\uFEFF"a","say ""x"", y"\r\n"\'=HYPERLINK(""http://evil"")","\'@b"\r\n"山田","line\nbreak"\r\n',
  );
});

it('the choice at a site is remembered, for the sites used last', async () => {
  const choices = new RememberedChoices();
  await choices.ready;
  for (let site = 0; site <= CHOICES_MAX; site += 1) await choices.remember(`https://${site}.example`, 'one');
  await choices.remember('https://7.example', 'two');
  const again = new RememberedChoices();
  await again.ready;
  expect(['https://7.example', 'https://0.example', `https://${CHOICES_MAX}.example`].map((origin) => again.get(origin))).toEqual(['two', null, 'one']);
});
