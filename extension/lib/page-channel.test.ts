import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakePort } from '../tests/fake-port';
import { authenticated, NONCE, ORIGIN } from '../tests/samples';
import { ACK_WINDOW, ANSWER_TIMEOUT, PageChannel, REQUEST_MAX, STAND_BACK_WAIT, WORKER_GONE, type WorkerPort } from './page-channel';

const AUTHENTICATE = { action: 'web-eid:authenticate', libraryVersion: '2.0.2', challengeNonce: NONCE };

/** A page: what is posted on it comes back as events, as in a browser. */
class Page extends EventTarget {
  document = { hidden: false };
  posted: { message: Record<string, unknown>; target: string }[] = [];

  postMessage(message: Record<string, unknown>, target: string): void {
    this.posted.push({ message, target });
    this.hear(message);
  }

  hear(data: unknown, source: unknown = this, origin = ORIGIN): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data, source, origin }));
  }

  get actions(): unknown[] {
    return this.posted.map(({ message }) => message['action']);
  }
}

let page: Page;
let ports: FakePort[];
let standsBack: boolean;
let reloaded: boolean;
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  page = new Page();
  ports = [];
  standsBack = true;
  reloaded = false;
  const channel = new PageChannel(
    page as unknown as Window,
    () => {
      if (reloaded) throw new Error('Extension context invalidated.');
      ports.push(new FakePort());
      return ports.at(-1) as unknown as WorkerPort;
    },
    async () => standsBack,
  );
  stop = channel.listen();
});
afterEach(() => stop());

const wait = (milliseconds = STAND_BACK_WAIT) => vi.advanceTimersByTimeAsync(milliseconds);

describe('a request of the page', () => {
  it('is acked within a second, before its answer, and carried inward by schema', async () => {
    page.hear({ ...AUTHENTICATE, origin: 'https://evil.example', options: { lang: 'et' }, extra: 1 });
    await wait();
    expect(page.posted).toEqual([{ message: { action: 'web-eid:authenticate-ack' }, target: ORIGIN }]);
    expect(ports[0]?.sent).toEqual([
      { action: 'authenticate', fields: { libraryVersion: '2.0.2', challengeNonce: NONCE, options: { lang: 'et' } } },
    ]);

    ports[0]?.say({ success: authenticated });
    expect(page.posted[1]).toEqual({ message: { ...authenticated, action: 'web-eid:authenticate-success' }, target: ORIGIN });
    expect(ports[0]?.closedByUs).toBe(true);
    ports[0]?.say({ success: authenticated });
    ports[0]?.vanish();
    expect(page.posted).toHaveLength(2);
  });

  it('waits only once per page: the next is acked at once', async () => {
    page.hear({ action: 'web-eid:status', libraryVersion: '2.0.2' });
    await wait();
    page.hear(AUTHENTICATE);
    await wait(0);
    expect(page.actions).toEqual(['web-eid:status-ack', 'web-eid:authenticate-ack']);
  });

  it('of a hidden page, whose timers are slow, is acked at once', async () => {
    page.document.hidden = true;
    page.hear(AUTHENTICATE);
    await wait(0);
    expect(page.actions).toEqual(['web-eid:authenticate-ack']);
  });

  it('carries a failure outward', async () => {
    page.hear(AUTHENTICATE);
    await wait();
    const error = { code: 'ERR_WEBEID_USER_CANCELLED', name: 'UserCancelledError', message: 'Kagibashi 201: cancelled' };
    ports[0]?.say({ failure: error });
    expect(page.posted[1]?.message).toEqual({ action: 'web-eid:authenticate-failure', error });
  });

  it.each<[string, unknown, (() => unknown)?]>([
    ['from another window', AUTHENTICATE, () => ({})],
    ['from no window', AUTHENTICATE, () => null],
    ['that is our own ack', { action: 'web-eid:sign-success' }],
    ['that is a failure', { action: 'web-eid:authenticate-failure', error: {} }],
    ['that is a warning', { action: 'web-eid:warning', warnings: [] }],
    ['with an unknown action', { action: 'web-eid:quit' }],
    ['with the name of something inherited', { action: 'web-eid:constructor' }],
    ['with an action that is no text', { action: ['web-eid:status'] }],
    ['that is a text', 'web-eid:status'],
    ['that is nothing', null],
  ])('%s is not heard', async (_, data, source) => {
    page.hear(data, source ? source() : page);
    await wait(ACK_WINDOW);
    expect(page.posted).toEqual([]);
    expect(ports).toEqual([]);
  });

  it('in a flood is one per action: the rest is not acked and reaches nobody', async () => {
    for (let count = 0; count < 1_000; count += 1) page.hear(AUTHENTICATE);
    page.hear({ action: 'web-eid:status' });
    await wait();
    for (let count = 0; count < 1_000; count += 1) page.hear(AUTHENTICATE);
    await wait();
    expect(page.actions).toEqual(['web-eid:authenticate-ack', 'web-eid:status-ack']);
    expect(ports).toHaveLength(2);
    ports[0]?.say({ success: authenticated });
    page.hear(AUTHENTICATE);
    await wait(0);
    expect(ports).toHaveLength(3);
  });

  it.each([
    ['at the limit is carried', 0, 'fields'],
    ['one byte over it is refused', 1, 'refused'],
  ])('%s', async (_, over, member) => {
    const empty = JSON.stringify({ ...AUTHENTICATE, challengeNonce: '' }).length;
    page.hear({ ...AUTHENTICATE, challengeNonce: 'あ'.repeat(100) + 'n'.repeat(REQUEST_MAX - empty - 300 + over) });
    await wait();
    expect(page.actions).toEqual(['web-eid:authenticate-ack']);
    expect(ports[0]?.last).toHaveProperty(member);
  });

  it('that is not JSON is refused', async () => {
    const round: Record<string, unknown> = { ...AUTHENTICATE };
    round['self'] = round;
    page.hear(round);
    await wait();
    expect(ports[0]?.last).toEqual({ action: 'authenticate', refused: 'not-json' });
  });

  it('of a sandboxed page is answered without naming an origin', async () => {
    page.hear(AUTHENTICATE, page, 'null');
    await wait();
    expect(page.posted[0]?.target).toBe('*');
  });
});

describe('an extension that went away', () => {
  it('before the request is silent, so that the page knows at once', async () => {
    reloaded = true;
    page.hear(AUTHENTICATE);
    await wait(ACK_WINDOW);
    expect(page.posted).toEqual([]);
  });

  it('during the request ends it', async () => {
    page.hear(AUTHENTICATE);
    await wait();
    ports[0]?.vanish();
    expect(page.posted[1]?.message).toEqual({ action: 'web-eid:authenticate-failure', error: WORKER_GONE });
  });

  it('and was not even noticed ends it in bounded time', async () => {
    page.hear(AUTHENTICATE);
    await wait(STAND_BACK_WAIT + ANSWER_TIMEOUT);
    expect(page.posted[1]?.message).toEqual({ action: 'web-eid:authenticate-failure', error: WORKER_GONE });
  });
});

describe('another extension on the page', () => {
  it('that acks first has the page, for good', async () => {
    page.hear(AUTHENTICATE);
    await wait(STAND_BACK_WAIT / 2);
    page.hear({ action: 'web-eid:authenticate-ack' });
    await wait();
    page.hear({ action: 'web-eid:sign', certificate: 'Yw==', hash: 'aA==', hashFunction: 'SHA-256' });
    await wait(ACK_WINDOW);
    expect(page.posted).toEqual([]);
    expect(ports).toEqual([]);
  });

  it('that acks late in its second makes ours withdraw without a word', async () => {
    page.hear(AUTHENTICATE);
    await wait();
    page.hear({ action: 'web-eid:authenticate-ack' });
    await wait(0);
    expect(ports[0]?.closedByUs).toBe(true);
    ports[0]?.vanish();
    expect(page.actions).toEqual(['web-eid:authenticate-ack']);
  });

  it('does not disturb a request that was long under way', async () => {
    page.hear(AUTHENTICATE);
    await wait(ACK_WINDOW + STAND_BACK_WAIT);
    page.hear({ action: 'web-eid:authenticate-ack' });
    await wait(0);
    expect(ports[0]?.closedByUs).toBe(false);
  });

  it('is not waited for when the person does not want it', async () => {
    standsBack = false;
    page.hear(AUTHENTICATE);
    await wait(0);
    page.hear({ action: 'web-eid:authenticate-ack' });
    await wait(0);
    expect(page.actions).toEqual(['web-eid:authenticate-ack']);
    expect(ports[0]?.closedByUs).toBe(false);
  });
});
