import { beforeEach, describe, expect, it, vi } from 'vitest';
import { certificate, login, ORIGIN } from '../tests/samples';
import type { ConnectingSite } from './connecting-sites';
import { fail, makeError, type Outcome } from './errors';
import { type HandshakeListener, Handshakes, type LogInOutcome, NO_LASTS } from './handshakes';
import type { PersonRequest } from './operations';
import type { Certificate, Result } from './protocol';

type LogIn = PersonRequest<'log-in'>;

let asked: { request: LogIn; answer(outcome: Outcome<Result<'log-in'>>): void }[];
let sites: ConnectingSite[];
let awaited: Promise<boolean>;
let listener: { [K in keyof Required<HandshakeListener>]: ReturnType<typeof vi.fn> };
let handshakes: Handshakes;
let declined: string[];

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  sites = [{ origin: ORIGIN, likely: true }];
  listener = { asked: vi.fn(), answered: vi.fn(), ended: vi.fn() };
  const run = (request: LogIn) =>
    new Promise<LogInOutcome>((answer) => {
      asked.push({ request, answer });
      request.gone.addEventListener('abort', () => answer(fail('page-gone')));
    });
  declined = [];
  awaited = Promise.resolve(true);
  handshakes = new Handshakes(
    {
      operations: { run } as never,
      awaited: () => awaited,
      connecting: async () => sites,
      idleSeconds: async () => 600,
      decline: (id) => void declined.push(id),
      patience: 60_000,
    },
    listener as HandshakeListener,
  );
});

const settled = () => vi.advanceTimersByTimeAsync(0);
const last = () => asked.at(-1) as (typeof asked)[0];
const opened: LogInOutcome = { ok: true, result: { login } };
const otherToken: Certificate = { ...certificate, id: 'd'.repeat(64), token: 'token-2' };

async function handshake(of: Certificate = certificate): Promise<void> {
  handshakes.receive({ type: 'handshake', certificate: of, waiting: 1 });
  await settled();
}
async function ended(name: 'cancelled' | 'timed-out' | null, of: Certificate = certificate): Promise<void> {
  handshakes.receive({ type: 'handshake-ended', certificate: of.id, error: name && makeError(name) });
  await settled();
}
async function answer(outcome: LogInOutcome): Promise<void> {
  last().answer(outcome);
  await settled();
}

describe('a handshake that waits', () => {
  it('is one question, with its certificate, the likely site and the person’s setting', async () => {
    await handshake();
    expect(asked).toHaveLength(1);
    expect(last().request).toMatchObject({
      command: 'log-in',
      arguments: { origin: ORIGIN, certificate: certificate.id, idleSeconds: 600 },
      timeout: 60_000,
      connecting: sites,
    });
  });

  it.each<[string, ConnectingSite[], string | null]>([
    ['none', [], null],
    ['one likely among others', [{ origin: ORIGIN, likely: true }, { origin: 'https://cdn.example', likely: false }], ORIGIN],
    ['two likely', [{ origin: ORIGIN, likely: true }, { origin: 'https://b.example', likely: true }], null],
  ])('names a site only when one is likely: %s', async (_, list, origin) => {
    sites = list;
    await handshake();
    expect(last().request.arguments.origin).toBe(origin);
    expect(last().request.connecting).toEqual(list);
  });

  it('joins the open question', async () => {
    await handshake();
    await handshake();
    await handshake();
    await answer(opened);
    await ended(null);
    expect(asked).toHaveLength(1);
    await handshake();
    expect(asked).toHaveLength(2);
  });

  it('of another token is asked after the first was answered, for its own certificate', async () => {
    await handshake();
    await handshake(otherToken);
    expect(asked).toHaveLength(1);
    await answer(opened);
    expect(asked).toHaveLength(2);
    expect(last().request.arguments.certificate).toBe(otherToken.id);
  });

  it.each<[string, LogInOutcome]>([
    ['a failure, which ends all that wait', fail('cancelled')],
    ['a login that does not stay', { ok: true, result: { login: null } }],
  ])('is not asked again after %s', async (_, outcome) => {
    await handshake();
    await handshake(otherToken);
    await answer(outcome);
    expect(asked).toHaveLength(1);
    expect(listener.answered).toHaveBeenCalledExactlyOnceWith(outcome);
  });

  it('that the host gave up takes its question away; one that was signed does not', async () => {
    await handshake();
    await ended(null);
    expect(last().request.gone.aborted).toBe(false);
    await handshake();
    await ended('timed-out');
    expect(last().request.gone.aborted).toBe(true);
  });

  it('keeps the question while another still waits', async () => {
    await handshake();
    await handshake(otherToken);
    await ended('timed-out');
    expect(last().request.gone.aborted).toBe(false);
  });

  it('soon after a no gets the same no, unless a page was opened since', async () => {
    await handshake();
    await answer(fail('cancelled'));
    await handshake();
    await handshake(otherToken);
    expect(asked).toHaveLength(1);
    expect(declined).toEqual([certificate.id, otherToken.id]);
    handshakes.pageOpened();
    await handshake();
    expect(asked).toHaveLength(2);
    await answer(fail('timed-out'));
    await vi.advanceTimersByTimeAsync(NO_LASTS);
    await handshake();
    expect(asked).toHaveLength(3);
  });

  it.each(['page-gone', 'host-gone'] as const)('after %s is asked: that was nobody’s no', async (name) => {
    await handshake();
    await answer(fail(name));
    await handshake();
    expect([asked.length, declined.length]).toEqual([2, 0]);
  });

  it('that nothing waits for ends without a question, and the next one is asked', async () => {
    awaited = Promise.resolve(false);
    await handshake();
    expect([asked.length, declined]).toEqual([0, [certificate.id]]);
    await ended('cancelled');
    awaited = Promise.resolve(true);
    await handshake();
    expect([asked.length, declined.length]).toEqual([1, 1]);
  });

  it('joins a question without looking who waits', async () => {
    await handshake();
    awaited = Promise.resolve(false);
    await handshake();
    expect([asked.length, declined.length]).toEqual([1, 0]);
  });

  it('that has ended meanwhile is neither asked nor declined', async () => {
    let tell: (is: boolean) => void = () => {};
    awaited = new Promise((resolve) => (tell = resolve));
    await handshake();
    await ended('timed-out');
    tell(false);
    await settled();
    expect([asked.length, declined.length]).toEqual([0, 0]);
  });

  it('is forgotten with its host', async () => {
    await handshake();
    await handshake(otherToken);
    handshakes.lost();
    await answer(opened);
    expect(asked).toHaveLength(1);
  });
});

describe('a question before the handshake', () => {
  it('names the site as asked, for any certificate, and is joined by what comes meanwhile', async () => {
    sites = [];
    const ahead = handshakes.askAhead(ORIGIN, new AbortController().signal);
    const joined = handshakes.askAhead('https://b.example', new AbortController().signal);
    await settled();
    expect(last().request.arguments).toEqual({ origin: ORIGIN, certificate: null, token: null, idleSeconds: 600 });
    await handshake();
    await answer(opened);
    await expect(ahead).resolves.toEqual(opened);
    await expect(joined).resolves.toEqual(opened);
    expect(asked).toHaveLength(1);
    expect(listener.answered).toHaveBeenCalledWith(opened);
  });

  it('that no handshake joined says nothing to those who mind handshakes', async () => {
    void handshakes.askAhead(ORIGIN, new AbortController().signal);
    await settled();
    await answer(fail('cancelled'));
    expect(listener.answered).not.toHaveBeenCalled();
  });

  it('goes away with its page, unless a handshake waits for it by then', async () => {
    const page = new AbortController();
    const ahead = handshakes.askAhead(ORIGIN, page.signal);
    await settled();
    page.abort();
    await expect(ahead).resolves.toEqual(fail('page-gone'));

    const second = new AbortController();
    void handshakes.askAhead(ORIGIN, second.signal);
    await handshake();
    second.abort();
    expect(last().request.gone.aborted).toBe(false);
  });

  it('is joined to the one that a handshake has asked', async () => {
    await handshake();
    void handshakes.askAhead(ORIGIN, new AbortController().signal);
    await settled();
    expect(asked).toHaveLength(1);
  });
});
