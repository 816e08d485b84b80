import { beforeEach, describe, expect, it, vi } from 'vitest';
import { login, ORIGIN, request } from '../tests/samples';
import type { ConnectingRequest } from './connecting-sites';
import { fail, type ErrorName } from './errors';
import type { LogInOutcome } from './handshakes';
import { CONNECTION_LIVES, LogInAhead } from './log-in-ahead';

const OPENED: LogInOutcome = { ok: true, result: { login } };
const PAGE = request({ requestId: 'page', url: `${ORIGIN}/in` });

let outcome: LogInOutcome | Promise<LogInOutcome>;
let askAhead: ReturnType<typeof vi.fn>;
let refuse: ReturnType<typeof vi.fn<() => void>>;
let logins: { any: boolean };
let opened: ReturnType<typeof fail> | { ok: true; result: string };
let ahead: LogInAhead;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_795_395_600_000 });
  outcome = OPENED;
  askAhead = vi.fn(async () => outcome);
  refuse = vi.fn<() => void>();
  logins = { any: false };
  opened = { ok: true, result: '0.1.0' };
  ahead = new LogInAhead({
    sites: { has: (origin) => origin === ORIGIN, ready: Promise.resolve() },
    logins,
    handshakes: { askAhead } as never,
    host: { open: async () => opened },
    refuse,
  });
});

const connected = { ...PAGE, origin: ORIGIN, began: 0 } satisfies ConnectingRequest;
const settled = () => vi.advanceTimersByTimeAsync(0);

describe('the page of a known site', () => {
  it('waits for the login, then goes out', async () => {
    let answer = (_: LogInOutcome) => {};
    outcome = new Promise((resolve) => (answer = resolve));
    const verdict = ahead.hold(PAGE);
    let gone = false;
    void verdict.then(() => (gone = true));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(gone).toBe(false);
    expect(askAhead).toHaveBeenCalledWith(ORIGIN, expect.any(AbortSignal));
    answer(OPENED);
    await expect(verdict).resolves.toEqual({});
  });

  it.each<ErrorName>(['cancelled', 'timed-out', 'pin-locked', 'token-removed'])('does not go out after %s; our page says why', async (name) => {
    outcome = fail(name);
    await expect(ahead.hold(PAGE)).resolves.toEqual({ cancel: true });
    expect(refuse).toHaveBeenCalledWith(PAGE, expect.objectContaining({ name }));
  });

  it.each<ErrorName>(['host-gone', 'busy', 'page-gone', 'no-smart-card-service'])('is let go after %s', async (name) => {
    outcome = fail(name);
    await expect(ahead.hold(PAGE)).resolves.toEqual({});
    expect(refuse).not.toHaveBeenCalled();
  });

  it.each<[string, () => void, Partial<typeof PAGE>]>([
    ['while a login is open', () => (logins.any = true), {}],
    ['without a host', () => (opened = fail('host-missing')), {}],
    ['for another site', () => {}, { url: 'https://b.example/' }],
    ['for another port', () => {}, { url: `${ORIGIN}:8443/` }],
    ['for a part of a page', () => {}, { type: 'image' }],
    ['while its connection most likely lives', () => ahead.ended(connected, true), {}],
  ])('is not held %s', async (_, act, over) => {
    act();
    await expect(ahead.hold({ ...PAGE, ...over })).resolves.toEqual({});
    expect(askAhead).not.toHaveBeenCalled();
  });

  it.each<[string, () => void]>([
    ['after a logout', () => ahead.loggedOut()],
    ['once its connection has most likely ended', () => void vi.advanceTimersByTime(CONNECTION_LIVES)],
  ])('is asked for anew %s', async (_, act) => {
    ahead.ended(connected, true);
    act();
    await ahead.hold(PAGE);
    expect(askAhead).toHaveBeenCalledTimes(1);
  });

  it.each([true, false])('that is over takes its question with it (answered: %s)', async (answered) => {
    outcome = new Promise(() => {});
    ahead.began(PAGE);
    await settled();
    const [, gone] = askAhead.mock.calls[0] as [string, AbortSignal];
    ahead.ended({ ...connected, requestId: 'other' }, answered);
    expect(gone.aborted).toBe(false);
    ahead.ended(connected, answered);
    expect(gone.aborted).toBe(true);
  });
});
