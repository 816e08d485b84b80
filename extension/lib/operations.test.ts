import { beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import { FakePort } from '../tests/fake-port';
import { authenticated, certificate, changePin, enterPin, NONCE, ORIGIN, site, token } from '../tests/samples';
import { HELLO_TIMEOUT, HostConnection } from './native-port';
import { CANCEL_GRACE, type Ended, Operations, type PersonOutcome, type PersonRequest, WAITING_REQUESTS_MAX } from './operations';
import { PromptWindow, RELOAD_GRACE, type WindowPort } from './prompt-window';

const HELLO = { type: 'hello', protocol: 1, version: '0.1.0' };
const LOCKED = { triesLeft: 0, maximum: 10, locked: true };
const ANSWER = { certificate: certificate.id, token: certificate.token, pin: '12345678', lastTryConfirmed: false };

/** The browser's windows: address by id. */
let windows: Map<number, string>;
let hosts: FakePort[];
let promptWindow: PromptWindow;
let operations: Operations;
let focus: ReturnType<typeof vi.fn>;
let skipsChooser: boolean;
let ended: Ended[];

beforeEach(() => {
  vi.useFakeTimers();
  windows = new Map();
  hosts = [];
  skipsChooser = false;
  ended = [];
  let lastId = 0;
  focus = vi.fn(async () => ({}));
  Object.assign(fakeBrowser.windows, {
    create: vi.fn(async ({ url }: { url: string }) => {
      windows.set((lastId += 1), url);
      return { id: lastId };
    }),
    remove: vi.fn(async (id: number) => void windows.delete(id)),
    update: focus,
  });
  promptWindow = new PromptWindow();
  operations = new Operations(
    new HostConnection(
      () => {
        hosts.push(new FakePort());
        return hosts.at(-1) as FakePort;
      },
      () => 'Specified native messaging host not found.',
    ),
    promptWindow,
    {
      remembered: (origin) => (origin === ORIGIN ? 'b'.repeat(64) : null),
      get skipsChooser() {
        return skipsChooser;
      },
      ended: (one) => void ended.push(one),
    },
  );
});

const host = () => hosts.at(-1) as FakePort;
const settled = () => vi.advanceTimersByTimeAsync(0);
const failed = (name: string) => ({ ok: false, error: expect.objectContaining({ name }) });
const cancels = () => host().sent.filter(({ type }) => type === 'cancel').map(({ reason }) => reason);

interface Running {
  readonly outcome: Promise<PersonOutcome>;
  readonly page: AbortController;
}

function run(over: { timeout?: number } = {}): Running {
  const page = new AbortController();
  const request: PersonRequest<'authenticate'> = {
    command: 'authenticate',
    arguments: { origin: ORIGIN, challengeNonce: NONCE },
    timeout: 120_000,
    gone: page.signal,
    ...over,
  };
  return { outcome: operations.run(request), page };
}

async function prompted(number = 1, request = 1, view: object = enterPin()): Promise<void> {
  host().say({ type: 'prompt', request, prompt: number, operation: 'authenticate', site, view });
  await settled();
}

/** The window's page loads. */
function windowPage(): FakePort {
  const url = [...windows.values()].at(-1);
  const port = new FakePort('prompt', { url });
  promptWindow.attach(port as unknown as WindowPort);
  return port;
}

/** A request that is on the window and waits for the PIN. */
async function atThePin(over = {}, seen: object = enterPin()): Promise<Running & { page: AbortController; view: FakePort; operation: string }> {
  const running = run(over);
  host().say(HELLO);
  await settled();
  await prompted(1, 1, seen);
  const view = windowPage();
  const operation = (view.last?.['shown'] as { operation: string }).operation;
  return { ...running, view, operation };
}

it.each([
  ['a handshake', certificate.id, certificate.token, false],
  ['a site that is known', null, null, false],
  ['the management page', null, certificate.token, true],
])('a login for %s: the window knows what it is for', async (_, id, token, management) => {
  void operations.run({
    command: 'log-in',
    arguments: { origin: null, certificate: id, token, idleSeconds: 600 },
    timeout: 120_000,
    gone: new AbortController().signal,
    connecting: [],
  });
  host().say(HELLO);
  await settled();
  host().say({ type: 'prompt', request: 1, prompt: 1, operation: 'log-in', site: null, view: enterPin() });
  await settled();
  expect(windowPage().last).toMatchObject({ shown: { kind: 'prompt', name: 'log-in', login: { management } } });
});

describe('a request ends', () => {
  it('with the host’s result: the window closes by itself', async () => {
    const { outcome, view, operation } = await atThePin();
    view.say({ type: 'answer', operation, prompt: 1, answer: ANSWER });
    expect(host().last).toEqual({ type: 'answer', request: 1, prompt: 1, answer: ANSWER });
    host().say({ type: 'response', request: 1, result: authenticated });
    await expect(outcome).resolves.toEqual({ ok: true, result: authenticated });
    expect(windows.size).toBe(0);
  });

  it('with the host’s failure: the page hears at once, the window stays and says it', async () => {
    const { outcome, view } = await atThePin();
    host().say({ type: 'failure', request: 1, error: { code: 307, name: 'pin-locked', blame: 'card', detail: {} } });
    await expect(outcome).resolves.toEqual(failed('pin-locked'));
    expect(view.last).toMatchObject({ shown: { kind: 'failure', site, error: { code: 307 } } });
    expect(windows.size).toBe(1);
    promptWindow.removed(1);
    expect(cancels()).toEqual([]);
  });

  it('with the host’s word alone once the token changes its PIN', async () => {
    const outcome = operations.run({ command: 'change-pin', arguments: { token: 'ePass2003:00' }, timeout: 120_000, gone: new AbortController().signal });
    host().say(HELLO);
    await settled();
    host().say({ type: 'prompt', request: 1, prompt: 1, operation: 'change-pin', site: null, view: { kind: 'working', stage: 'changing-pin' } });
    await settled();
    const view = windowPage();
    view.say({ type: 'cancel', operation: (view.last?.['shown'] as { operation: string }).operation });
    promptWindow.removed(1);
    expect(cancels()).toEqual([]);
    host().say({ type: 'response', request: 1, result: {} });
    await expect(outcome).resolves.toEqual({ ok: true, result: {} });
  });

  describe('with the valid PIN in doubt', () => {
    const prompt = (number: number, view: object) => host().say({ type: 'prompt', request: 1, prompt: number, operation: 'change-pin', site: null, view });
    const changes = { kind: 'working', stage: 'changing-pin' };
    const waits = { kind: 'waiting-for-token', reason: 'token-removed', readers: [], certificates: [], tokens: [] };

    async function changing(...views: object[]): Promise<Running & { view: FakePort; operation: string }> {
      const page = new AbortController();
      const outcome = operations.run({ command: 'change-pin', arguments: { token: 'ePass2003:00' }, timeout: 30_000, gone: page.signal });
      host().say(HELLO);
      await settled();
      for (const [index, view] of views.entries()) prompt(index + 1, view);
      await settled();
      const view = windowPage();
      return { outcome, page, view, operation: (view.last?.['shown'] as { operation: string }).operation };
    }

    it.each<[string, object[], (running: Running & { view: FakePort; operation: string }) => unknown]>([
      ['the host dies while the card works', [changes], () => host().vanish()],
      ['the host fails while the card works', [changes], () => host().say({ type: 'failure', request: 1, error: { code: 403, name: 'host-fault', blame: 'host', detail: {} } })],
      ['the host dies while it waits for the token', [changes, waits], () => host().vanish()],
      ['the person gives up waiting for the token', [changes, waits], ({ view, operation }) => view.say({ type: 'cancel', operation })],
      ['the page leaves while it waits for the token', [changes, waits], ({ page }) => page.abort()],
      ['the token stays away', [changes, waits], () => vi.advanceTimersByTimeAsync(30_000)],
    ])('if %s', async (_, views, act) => {
      const running = await changing(...views);
      await act(running);
      await expect(running.outcome).resolves.toEqual(failed('pin-change-uncertain'));
      expect(running.view.last).toMatchObject({ shown: { kind: 'failure', error: { name: 'pin-change-uncertain' } } });
      expect(ended).toMatchObject([{ outcome: failed('pin-change-uncertain') }]);
    });

    it('but not if the host says which it is', async () => {
      const told = await changing(changes, waits);
      host().say({ type: 'failure', request: 1, error: { code: 303, name: 'token-removed', blame: 'card', detail: {} } });
      await expect(told.outcome).resolves.toEqual(failed('token-removed'));
    });

    it('but not once the host has asked anew', async () => {
      const { outcome } = await changing(changes, changePin({ notice: 'wrong-pin' }));
      host().vanish();
      await expect(outcome).resolves.toEqual(failed('host-gone'));
    });
  });

  it.each([
    ['presses cancel', (view: FakePort, operation: string) => view.say({ type: 'cancel', operation })],
    ['closes the window', () => promptWindow.removed(1)],
    ['loses the window’s page', async (view: FakePort) => {
      view.vanish();
      await vi.advanceTimersByTimeAsync(RELOAD_GRACE);
    }],
  ])('with cancelled when the person %s', async (_, act) => {
    const { outcome, view, operation } = await atThePin();
    await act(view, operation);
    await expect(outcome).resolves.toEqual(failed('cancelled'));
    expect(cancels()).toEqual(['cancelled']);
  });

  it.each([
    ['the one token there is', enterPin({}, { locked: true, triesLeft: 0 }), 'pin-locked'],
    ['the chosen one of two', enterPin({ tokens: [{ ...token, pin: LOCKED }, { ...token, id: 'token-2' }], certificates: [certificate, { ...certificate, token: 'token-2' }], chosen: { certificate: certificate.id, token: token.id } }), 'pin-locked'],
    ['one of two, and none is chosen', enterPin({ tokens: [{ ...token, pin: LOCKED }, { ...token, id: 'token-2' }], certificates: [certificate, { ...certificate, token: 'token-2' }] }), 'cancelled'],
    ['the token whose PIN was to be changed', changePin({}, LOCKED), 'pin-locked'],
    ['the PUK', { ...changePin({}, LOCKED), kind: 'unblock-pin', puk: LOCKED }, 'puk-locked'],
    ['not yet the PUK', { ...changePin({}, LOCKED), kind: 'unblock-pin', puk: token.pin }, 'cancelled'],
  ])('with what the person was told when they leave, if locked is %s', async (_, view, name) => {
    const asked = await atThePin({}, view);
    asked.view.say({ type: 'cancel', operation: asked.operation });
    await expect(asked.outcome).resolves.toEqual(failed(name));
    expect(ended).toMatchObject([{ outcome: failed(name) }]);
    expect(cancels()).toEqual(['cancelled']);
    await settled();
    expect(windows.size).toBe(0);
  });

  it('with timed-out after the page’s time; the window says so', async () => {
    const { outcome, view } = await atThePin({ timeout: 30_000 });
    await vi.advanceTimersByTimeAsync(30_000);
    await expect(outcome).resolves.toEqual(failed('timed-out'));
    expect(cancels()).toEqual(['timed-out']);
    expect(view.last).toMatchObject({ shown: { kind: 'failure', error: { name: 'timed-out' } } });
  });

  it('with page-gone when the page leaves; the window closes', async () => {
    const { outcome, page } = await atThePin();
    page.abort();
    await expect(outcome).resolves.toEqual(failed('page-gone'));
    expect(cancels()).toEqual(['page-gone']);
    await settled();
    expect(windows.size).toBe(0);
  });

  it('with host-gone when the host dies', async () => {
    const { outcome, view } = await atThePin();
    host().vanish();
    await expect(outcome).resolves.toEqual(failed('host-gone'));
    expect(view.last).toMatchObject({ shown: { kind: 'failure', error: { code: 412 } } });
  });

  it('with host-missing when there is none, in a window that says how to get it', async () => {
    const { outcome } = run();
    host().vanish();
    await expect(outcome).resolves.toEqual(failed('host-missing'));
    expect(windowPage().last).toMatchObject({ shown: { kind: 'failure', site, error: { code: 411 } } });
  });

  it('with host-gone when the host starts but says nothing', async () => {
    const { outcome } = run();
    await vi.advanceTimersByTimeAsync(HELLO_TIMEOUT);
    await expect(outcome).resolves.toEqual(failed('host-gone'));
  });

  it.each([
    ['the page’s fault', { code: 102, name: 'invalid-nonce', blame: 'page', detail: {} }],
    ['the person’s no', { code: 501, name: 'signing-not-granted', blame: 'policy', detail: {} }],
  ])('without any window left for %s', async (_, error) => {
    const { outcome } = await atThePin();
    host().say({ type: 'failure', request: 1, error });
    await expect(outcome).resolves.toEqual(failed(error.name));
    await settled();
    expect(windows.size).toBe(0);
  });

  it('though the page was gone before it began', async () => {
    const page = new AbortController();
    page.abort();
    const outcome = operations.run({ command: 'get-signing-certificate', arguments: { origin: ORIGIN }, timeout: 1000, gone: page.signal });
    await expect(outcome).resolves.toEqual(failed('page-gone'));
    expect(hosts).toHaveLength(0);
  });

  it('though no window can be made', async () => {
    Object.assign(fakeBrowser.windows, { create: async () => Promise.reject(new Error('no windows')) });
    const { outcome } = run();
    host().say(HELLO);
    await settled();
    await prompted();
    await expect(outcome).resolves.toEqual(failed('cancelled'));
  });
});

describe('a second request', () => {
  it('waits for the first, which says so and comes to the front; then it is asked', async () => {
    const first = await atThePin();
    const second = run();
    expect(first.view.last).toMatchObject({ waiting: 1, shown: { operation: first.operation } });
    expect(focus).toHaveBeenCalledWith(1, { focused: true });
    expect(host().sent.filter(({ type }) => type === 'request')).toHaveLength(1);

    host().say({ type: 'response', request: 1, result: authenticated });
    await first.outcome;
    await settled();
    expect(host().last).toMatchObject({ type: 'request', request: 2 });
    await prompted(1, 2);
    expect(windowPage().last).toMatchObject({ waiting: 0, shown: { kind: 'prompt' } });
    host().say({ type: 'response', request: 2, result: authenticated });
    await expect(second.outcome).resolves.toMatchObject({ ok: true });
  });

  it('is busy when too many wait already', async () => {
    await atThePin();
    const waiting = Array.from({ length: WAITING_REQUESTS_MAX }, () => run());
    await expect(run().outcome).resolves.toEqual(failed('busy'));
    waiting[0]?.page.abort();
    await expect(waiting[0]?.outcome).resolves.toEqual(failed('page-gone'));
    const again = run({ timeout: 2_000 });
    await vi.advanceTimersByTimeAsync(2_000);
    await expect(again.outcome).resolves.toEqual(failed('timed-out'));
    expect(cancels()).toEqual([]);
  });

  it('is not held up by a host that does not end what was cancelled', async () => {
    const first = await atThePin();
    const second = run();
    first.view.say({ type: 'cancel', operation: first.operation });
    await first.outcome;
    await vi.advanceTimersByTimeAsync(CANCEL_GRACE);
    expect(hosts).toHaveLength(2);
    expect(hosts[0]?.closedByUs).toBe(true);
    host().say(HELLO);
    await settled();
    host().say({ type: 'response', request: 2, result: authenticated });
    await expect(second.outcome).resolves.toMatchObject({ ok: true });
  });
});

describe('the window', () => {
  it('gets the newest prompt, however late it loads and after it is reloaded', async () => {
    const running = run();
    host().say(HELLO);
    await settled();
    await prompted(1);
    await prompted(2);
    const first = windowPage();
    expect(first.sent).toHaveLength(1);
    expect(first.last).toMatchObject({ shown: { prompt: 2 } });
    first.vanish();
    const second = windowPage();
    await vi.advanceTimersByTimeAsync(RELOAD_GRACE);
    expect(second.last).toMatchObject({ shown: { prompt: 2 } });
    expect(cancels()).toEqual([]);
    running.page.abort();
  });

  it('left over from a worker that was restarted learns that it is', async () => {
    const port = new FakePort('prompt', { url: 'chrome-extension://id/prompt.html?window=before' });
    promptWindow.attach(port as unknown as WindowPort);
    expect(port.sent).toEqual([{ gone: true }]);
    await atThePin();
    const other = new FakePort('prompt', { url: 'chrome-extension://id/prompt.html?window=before' });
    promptWindow.attach(other as unknown as WindowPort);
    expect(other.sent).toEqual([{ gone: true }]);
  });

  it.each([
    ['an older prompt', (operation: string) => ({ type: 'answer', operation, prompt: 0, answer: ANSWER })],
    ['another request', () => ({ type: 'answer', operation: 'other', prompt: 1, answer: ANSWER })],
    ['another view', (operation: string) => ({ type: 'answer', operation, prompt: 1, answer: { grant: true } })],
    ['nothing', () => null],
  ])('cannot answer for %s', async (_, message) => {
    const { view, operation } = await atThePin();
    view.say(message(operation));
    expect(host().sent.filter(({ type }) => type === 'answer')).toEqual([]);
  });
});

describe('habits', () => {
  const choose = (certificates: readonly unknown[]) => ({
    type: 'prompt',
    request: 1,
    prompt: 1,
    operation: 'select-certificate',
    site,
    view: { kind: 'choose-certificate', tokens: [], certificates },
  });
  const begin = async () => {
    run();
    host().say(HELLO);
    await settled();
  };

  it.each([
    ['wanted, with one that can be used', true, [certificate, { ...certificate, id: 'x', state: 'expired' }], true],
    ['wanted, with two', true, [certificate, { ...certificate, id: 'x' }], false],
    ['wanted, with none', true, [{ ...certificate, state: 'expired' }], false],
    ['not wanted', false, [certificate], false],
  ])('no choice: %s', async (_, wanted, certificates, skipped) => {
    skipsChooser = wanted;
    await begin();
    host().say(choose(certificates));
    await settled();
    expect(host().sent.filter(({ type }) => type === 'answer').map(({ answer }) => answer)).toEqual(skipped ? [{ certificate: certificate.id }] : []);
    expect(windows.size).toBe(skipped ? 0 : 1);
  });

  it('the PIN is asked for whatever the habits are', async () => {
    skipsChooser = true;
    await begin();
    await prompted();
    expect([windows.size, host().sent.filter(({ type }) => type === 'answer').length]).toEqual([1, 0]);
  });

  it('the window hears of the certificate of last time, and others hear of how it ended', async () => {
    await begin();
    await prompted();
    const page = windowPage();
    expect(page.last).toMatchObject({ shown: { remembered: 'b'.repeat(64) } });
    page.say({ type: 'answer', operation: (page.last as { shown: { operation: string } }).shown.operation, prompt: 1, answer: ANSWER });
    host().say({ type: 'response', request: 1, result: authenticated });
    await settled();
    expect(ended).toEqual([{ name: 'authenticate', origin: ORIGIN, certificate, outcome: { ok: true, result: authenticated } }]);
    expect(JSON.stringify(ended)).not.toContain('"pin"');
  });

  it('what failed before anybody was asked never happened', async () => {
    await begin();
    host().say({ type: 'failure', request: 1, error: { code: 102, name: 'invalid-nonce', blame: 'page', detail: {} } });
    await settled();
    expect(ended).toEqual([]);
  });
});
