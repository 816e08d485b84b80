import { beforeEach, expect, it, vi } from 'vitest';
import { FakePort } from '../tests/fake-port';
import { login, token } from '../tests/samples';
import { fail } from './errors';
import { ManagePages, type ManagePort } from './manage-pages';

let run: ReturnType<typeof vi.fn>;
let request: ReturnType<typeof vi.fn>;
let pages: ManagePages;

const LOG_IN = { id: 1, command: 'log-in', arguments: { origin: null, certificate: null, token: token.id, idleSeconds: 600 } };

beforeEach(() => {
  run = vi.fn(async () => ({ ok: true, result: { login } }));
  request = vi.fn();
  pages = new ManagePages({ run } as never, { request } as never);
});

function open(): FakePort {
  const port = new FakePort('manage');
  pages.attach(port as unknown as ManagePort);
  return port;
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

it('what it asks is run, and answered by number', async () => {
  const port = open();
  port.say(LOG_IN);
  port.say({ id: 2, command: 'change-pin', arguments: { token: token.id } });
  await settled();
  expect(run.mock.calls.map(([{ command }]) => command as string)).toEqual(['log-in', 'change-pin']);
  expect(port.sent.map(({ id }) => id)).toEqual([1, 2]);
});

it.each([
  ['another command', { ...LOG_IN, command: 'authenticate' }],
  ['arguments that are missing', { ...LOG_IN, arguments: { token: token.id } }],
  ['no number', { ...LOG_IN, id: 'one' }],
  ['nothing', null],
])('%s is not run', async (_, message) => {
  open().say(message);
  await settled();
  expect(run).not.toHaveBeenCalled();
});

it('closing it logs out what it opened, and nothing else', async () => {
  const port = open();
  const idle = open();
  port.say(LOG_IN);
  await settled();
  idle.vanish();
  expect(request).not.toHaveBeenCalled();
  port.vanish();
  expect(request.mock.calls).toEqual([['log-out', { token: login.token }]]);
});

it('a login that had ended meanwhile is not its own any more', async () => {
  const port = open();
  port.say(LOG_IN);
  await settled();
  pages.loginsAre([]);
  port.vanish();
  expect(request).not.toHaveBeenCalled();
});

it('closing it while the person is asked aborts; a login that comes about all the same is ended', async () => {
  let end = (_: unknown) => {};
  run.mockReturnValue(new Promise((resolve) => (end = resolve)));
  const port = open();
  port.say(LOG_IN);
  port.vanish();
  const { gone } = run.mock.calls[0]?.[0] as { gone: AbortSignal };
  expect(gone.aborted).toBe(true);
  end({ ok: true, result: { login } });
  await settled();
  expect(request.mock.calls).toEqual([['log-out', { token: login.token }]]);
  expect(port.sent).toEqual([]);
});

it('a failure is told as it is', async () => {
  run.mockResolvedValue(fail('token-removed'));
  const port = open();
  port.say({ id: 7, command: 'unblock-pin', arguments: { token: token.id } });
  await settled();
  expect(port.sent).toMatchObject([{ id: 7, outcome: { ok: false, error: { name: 'token-removed' } } }]);
});
