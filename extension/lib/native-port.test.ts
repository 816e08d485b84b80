import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakePort } from '../tests/fake-port';
import { authenticated, certificate, enterPin, NONCE, ORIGIN, site } from '../tests/samples';
import { HELLO_TIMEOUT, HostConnection } from './native-port';

const HELLO = { type: 'hello', protocol: 1, version: '0.1.0' };
const AUTHENTICATE = { origin: ORIGIN, challengeNonce: NONCE };

let ports: FakePort[];
let reason: string;
let host: HostConnection;

beforeEach(() => {
  vi.useFakeTimers();
  ports = [];
  reason = '';
  host = new HostConnection(
    () => {
      ports.push(new FakePort());
      return ports.at(-1) as FakePort;
    },
    () => reason,
  );
});

const port = () => ports.at(-1) as FakePort;
const error = (name: string) => ({ ok: false, error: expect.objectContaining({ name }) });

async function opened(): Promise<FakePort> {
  const open = host.open();
  port().say(HELLO);
  await open;
  return port();
}

describe('a connection', () => {
  it('is opened once, by whoever asks first, and says nothing before the hello', async () => {
    const first = host.request('status', {});
    const second = host.open();
    await Promise.resolve();
    expect(host.state).toBe('waiting-for-hello');
    expect(ports).toHaveLength(1);
    expect(port().sent).toEqual([]);

    port().say(HELLO);
    await expect(second).resolves.toEqual({ ok: true, result: '0.1.0' });
    expect(port().sent).toEqual([{ type: 'request', request: 1, command: 'status', arguments: {} }]);
    expect(host.version).toBe('0.1.0');

    port().say({ type: 'response', request: 1, result: { version: '0.1.0', service: 'running', readers: [] } });
    await expect(first.outcome).resolves.toMatchObject({ ok: true, result: { service: 'running' } });
  });

  it.each([
    ['Specified native messaging host not found.', 'host-missing'],
    ['Access to the specified native messaging host is forbidden.', 'host-missing'],
    ['No such native application jp.kagibashi.host', 'host-missing'],
    ['Native host has exited.', 'host-gone'],
    ['An unexpected error occurred', 'host-gone'],
  ])('that ends before the hello with "%s" is %s', async (words, name) => {
    const { outcome } = host.request('authenticate', AUTHENTICATE);
    reason = words;
    port().vanish();
    await expect(outcome).resolves.toEqual(error(name));
    expect(host.state).toBe('closed');
  });

  it('that cannot even be tried is host-missing', async () => {
    const none = new HostConnection(
      () => {
        throw new Error('no native messaging');
      },
      () => '',
    );
    await expect(none.open()).resolves.toEqual(error('host-missing'));
  });

  it('without a hello in time is host-gone', async () => {
    const { outcome } = host.request('authenticate', AUTHENTICATE);
    await vi.advanceTimersByTimeAsync(HELLO_TIMEOUT);
    await expect(outcome).resolves.toEqual(error('host-gone'));
    expect(port().closedByUs).toBe(true);
  });

  it.each([
    ['another protocol', { ...HELLO, protocol: 2 }, { version: '0.1.0' }],
    ['something that is no hello', { version: '2.9.0' }, { version: '' }],
  ])('that begins with %s is host-incompatible', async (_, first, detail) => {
    const open = host.open();
    port().say(first);
    await expect(open).resolves.toMatchObject({ ok: false, error: { name: 'host-incompatible', detail } });
  });

  it('refused by the host carries the host’s own error', async () => {
    const open = host.open();
    port().say({ type: 'failure', request: null, error: { code: 610, name: 'caller-not-allowed', blame: 'extension', detail: {} } });
    await expect(open).resolves.toEqual(error('caller-not-allowed'));
  });

  it('that is lost ends every request with host-gone, and the next request opens a new one', async () => {
    const first = await opened();
    const one = host.request('tokens', {});
    const two = host.request('authenticate', AUTHENTICATE);
    await Promise.resolve();
    first.vanish();
    await expect(one.outcome).resolves.toEqual(error('host-gone'));
    await expect(two.outcome).resolves.toEqual(error('host-gone'));

    void host.request('tokens', {});
    expect(ports).toHaveLength(2);
    port().say(HELLO);
    expect(host.state).toBe('open');
    first.vanish();
    expect(host.state).toBe('open');
  });

  it('stays open though nothing is asked: logins live in the host', async () => {
    const first = await opened();
    await vi.advanceTimersByTimeAsync(8 * 3_600_000);
    expect(host.state).toBe('open');
    expect(first.closedByUs).toBe(false);
  });

  it('tells of every opening and every loss, and passes on what the host says by itself', async () => {
    const heard: string[] = [];
    host.onOpen = () => heard.push('open');
    host.onLost = ({ name }) => heard.push(name);
    host.onNotice = ({ type }) => heard.push(type);
    const first = await opened();
    first.say({ type: 'logins', logins: [] });
    first.say({ type: 'handshake', certificate, waiting: 1 });
    first.say({ type: 'handshake-ended', certificate: certificate.id, error: null });
    first.vanish();
    first.vanish();
    expect(heard).toEqual(['open', 'logins', 'handshake', 'handshake-ended', 'host-gone']);
    reason = 'Specified native messaging host not found.';
    void host.open();
    port().vanish();
    expect(heard.at(-1)).toBe('host-missing');
  });
});

describe('a request', () => {
  const prompt = (number: number) => ({ type: 'prompt', request: 1, prompt: number, operation: 'authenticate', site, view: enterPin() });

  it('hears its prompts, answers them by number and ends once', async () => {
    const wire = await opened();
    const prompts: number[] = [];
    const request = host.request('authenticate', AUTHENTICATE, ({ prompt: number }) => prompts.push(number));
    await Promise.resolve();
    wire.say(prompt(1));
    wire.say({ ...prompt(2), request: 99 });
    wire.say(prompt(2));
    expect(prompts).toEqual([1, 2]);

    request.answer(2, { certificate: 'a', token: 't', pin: '1234', lastTryConfirmed: false });
    expect(wire.last).toEqual({ type: 'answer', request: 1, prompt: 2, answer: { certificate: 'a', token: 't', pin: '1234', lastTryConfirmed: false } });

    wire.say({ type: 'response', request: 1, result: authenticated });
    wire.say({ type: 'failure', request: 1, error: { code: 301, name: 'no-token', blame: 'card', detail: {} } });
    await expect(request.outcome).resolves.toEqual({ ok: true, result: authenticated });
    const before = wire.sent.length;
    request.answer(2, { grant: true });
    request.cancel('cancelled');
    expect(wire.sent).toHaveLength(before);
  });

  it('declined is sent and cancelled at once', async () => {
    const wire = await opened();
    await host.decline('log-in', { origin: null, certificate: 'a', token: null, idleSeconds: 0 });
    expect(wire.sent).toEqual([
      { type: 'request', request: 1, command: 'log-in', arguments: { origin: null, certificate: 'a', token: null, idleSeconds: 0 } },
      { type: 'cancel', request: 1, reason: 'cancelled' },
    ]);
  });

  it('cancelled before the hello is never sent', async () => {
    const request = host.request('authenticate', AUTHENTICATE);
    request.cancel('page-gone');
    port().say(HELLO);
    await expect(request.outcome).resolves.toEqual(error('page-gone'));
    expect(port().sent).toEqual([]);
  });

  it.each([
    ['a result without its fields', { type: 'response', request: 1, result: { algorithm: 'RS256' } }],
    ['a message of no known kind', { type: 'novelty' }],
    ['a prompt with an unknown view', { ...prompt(1), view: { kind: 'enter-puk' } }],
  ])('answered with %s ends with host-incompatible', async (_, message) => {
    const wire = await opened();
    const { outcome } = host.request('authenticate', AUTHENTICATE);
    await Promise.resolve();
    wire.say(message);
    await expect(outcome).resolves.toEqual(error('host-incompatible'));
  });

  it('ends when the host reports trouble that belongs to no request', async () => {
    const wire = await opened();
    const { outcome } = host.request('authenticate', AUTHENTICATE);
    await Promise.resolve();
    wire.say({ type: 'failure', request: null, error: { code: 601, name: 'message-too-large', blame: 'extension', detail: {} } });
    await expect(outcome).resolves.toEqual(error('message-too-large'));
    expect(host.state).toBe('closed');
  });
});
