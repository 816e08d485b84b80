import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakePort } from '../tests/fake-port';
import { authenticated, NONCE, ORIGIN } from '../tests/samples';
import { fail } from './errors';
import { originOf, OWN_PAGE_TIMEOUT, type Rooms, type RoutedPort, Router } from './router';

const ID = 'cppfalocbhmilokicahpahegdhbkffmh';
const BASE = `chrome-extension://${ID}/`;
const FRAME = { id: ID, url: `${ORIGIN}/login?x=1`, origin: ORIGIN, frameId: 0, tab: { id: 7 } };

let attach: ReturnType<typeof vi.fn>;
let attachManage: ReturnType<typeof vi.fn>;
let run: ReturnType<typeof vi.fn>;
let request: ReturnType<typeof vi.fn>;
let router: Router;

beforeEach(() => {
  vi.useFakeTimers();
  attach = vi.fn();
  attachManage = vi.fn();
  run = vi.fn(async () => ({ ok: true, result: authenticated }));
  request = vi.fn(() => ({ outcome: Promise.resolve({ ok: true, result: { grants: [] } }) }));
  router = new Router({
    host: { request, open: async () => ({ ok: true, result: '0.1.0' }), version: '0.1.0' },
    operations: { run },
    window: { attach },
    managePages: { attach: attachManage },
    extension: { id: ID, version: '0.1.0', baseUrl: BASE },
  } as unknown as Rooms);
});

const settled = () => vi.advanceTimersByTimeAsync(0);
const AUTHENTICATE = { action: 'authenticate', fields: { libraryVersion: '2.0.2', challengeNonce: NONCE } };

function connect(name: string, sender: object): FakePort {
  const port = new FakePort(name, sender as Record<string, unknown>);
  router.connect(port as unknown as RoutedPort);
  return port;
}

async function asks(message: unknown, sender: object = FRAME): Promise<FakePort> {
  const port = connect('web-eid', sender);
  port.say(message);
  await settled();
  return port;
}

describe('a frame of the web', () => {
  it('is answered, with the origin that the browser gives', async () => {
    const port = await asks({ ...AUTHENTICATE, fields: { ...AUTHENTICATE.fields, origin: 'https://evil.example' } });
    expect(run).toHaveBeenCalledWith(expect.objectContaining({ command: 'authenticate', arguments: { origin: ORIGIN, challengeNonce: NONCE } }));
    expect(port.sent).toEqual([{ success: authenticated }]);
  });

  it('is told versions by status, without a window', async () => {
    const port = await asks({ action: 'status', fields: { libraryVersion: '2.0.2' } });
    expect(port.sent).toEqual([{ success: { library: '2.0.2', extension: '2.0.0+kagibashi.0.1.0', nativeApp: '2.0.0+kagibashi.0.1.0' } }]);
    expect(run).not.toHaveBeenCalled();
  });

  it.each([
    ['http://localhost:8080/', undefined, 'insecure-page'],
    ['http://127.0.0.1/', 'http://127.0.0.1', 'insecure-page'],
    ['ftp://portal.example.jp/', undefined, 'invalid-origin'],
    ['file:///home/x.html', 'null', 'invalid-origin'],
    [`${ORIGIN}/sandboxed`, 'null', 'invalid-origin'],
    [`${ORIGIN}/`, 'https://evil.example', 'invalid-origin'],
    ['', undefined, 'invalid-origin'],
  ])('at %j with origin %j is refused: %s', (url, origin, name) => {
    expect(originOf({ url, origin })).toMatchObject(fail(name as 'invalid-origin'));
  });

  it.each([
    ['https://xn--fiq228c5hs.example/a', 'https://xn--fiq228c5hs.example'],
    ['https://中文网.example/a', 'https://xn--fiq228c5hs.example'],
    ['https://portal.example.jp:443/', ORIGIN],
    ['https://portal.example.jp:8443/a?b#c', `${ORIGIN}:8443`],
  ])('at %s has the origin %s', (url, origin) => {
    expect(originOf({ url })).toEqual({ ok: true, result: origin });
  });

  it.each([
    ['too large', { action: 'sign', refused: 'too-large' }, 'Kagibashi 601'],
    ['not JSON', { action: 'sign', refused: 'not-json' }, 'Kagibashi 608'],
  ])('whose request is %s hears so', async (_, message, said) => {
    const port = await asks(message);
    expect(port.last).toMatchObject({ failure: { code: 'ERR_WEBEID_UNKNOWN_ERROR', message: expect.stringContaining(said) } });
  });

  it.each([null, 'status', { action: 'quit', fields: {} }, { action: 'authenticate' }, { action: 'authenticate', fields: 'x' }])(
    'that sends %j is disconnected',
    async (message) => {
      const port = await asks(message);
      expect(port.sent).toEqual([]);
      expect(port.closedByUs).toBe(true);
    },
  );

  it('has one request of each action at a time, and one per port', async () => {
    run.mockReturnValue(new Promise(() => {}));
    const first = await asks(AUTHENTICATE);
    first.say(AUTHENTICATE);
    const second = await asks(AUTHENTICATE);
    expect(second.closedByUs).toBe(true);
    await asks(AUTHENTICATE, { ...FRAME, frameId: 3 });
    await asks(AUTHENTICATE, { ...FRAME, tab: { id: 8 } });
    expect(run).toHaveBeenCalledTimes(3);
  });

  it('that goes away aborts its request and is not written to', async () => {
    let end = (_: unknown) => {};
    run.mockReturnValue(new Promise((resolve) => (end = resolve)));
    const port = await asks(AUTHENTICATE);
    const { gone } = run.mock.calls[0]?.[0] as { gone: AbortSignal };
    expect(gone.aborted).toBe(false);
    port.vanish();
    expect(gone.aborted).toBe(true);
    end(fail('page-gone'));
    await settled();
    expect(port.sent).toEqual([]);
  });
});

describe('only our own pages', () => {
  const prompt = { id: ID, url: `${BASE}prompt.html?window=1`, tab: { id: 9 }, frameId: 0 };
  const manage = { id: ID, url: `${BASE}manage.html#sites`, tab: { id: 9 }, frameId: 0 };

  it('attach as the prompt window', () => {
    connect('prompt', prompt);
    expect(attach).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['a web page', FRAME],
    ['a web page with our file name', { ...FRAME, url: 'https://evil.example/prompt.html' }],
    ['a web page that begins like us', { ...FRAME, url: `https://${ID}/prompt.html` }],
    ['another extension', { ...prompt, id: 'a'.repeat(32) }],
    ['another page of ours', manage],
    ['nobody', undefined],
  ])('and not %s', (_, sender) => {
    const port = connect('prompt', sender as object);
    expect(attach).not.toHaveBeenCalled();
    expect(port.closedByUs).toBe(true);
  });

  it('attach as the management page, which no other page of ours is', () => {
    connect('manage', manage);
    expect(attachManage).toHaveBeenCalledTimes(1);
    for (const sender of [prompt, FRAME, { ...manage, id: 'b'.repeat(32) }]) expect(connect('manage', sender).closedByUs).toBe(true);
    expect(attachManage).toHaveBeenCalledTimes(1);
  });

  it('ask the host, within a bounded time', async () => {
    await expect(router.message({ command: 'grants', arguments: {} }, manage)).resolves.toEqual({ ok: true, result: { grants: [] } });
    request.mockReturnValue({ outcome: new Promise(() => {}) });
    const late = router.message({ command: 'status', arguments: {} }, { id: ID, url: `${BASE}popup.html` });
    await vi.advanceTimersByTimeAsync(OWN_PAGE_TIMEOUT);
    await expect(late).resolves.toMatchObject({ error: { name: 'host-gone' } });
  });

  it.each([
    ['a web page', { command: 'grants', arguments: {} }, FRAME],
    ['another extension', { command: 'grants', arguments: {} }, { ...manage, id: 'b'.repeat(32) }],
    ['the prompt window', { command: 'grants', arguments: {} }, prompt],
    ['a command that needs a PIN', { command: 'authenticate', arguments: { origin: ORIGIN, challengeNonce: NONCE } }, manage],
    ['an argument too many', { command: 'grants', arguments: { origin: ORIGIN } }, manage],
    ['an argument too few', { command: 'revoke-grant', arguments: {} }, manage],
    ['an argument of another type', { command: 'revoke-grant', arguments: { origin: 1 } }, manage],
    ['nothing', null, manage],
  ])('not %s', (_, message, sender) => {
    expect(router.message(message, sender)).toBeNull();
    expect(request).not.toHaveBeenCalled();
  });
});
