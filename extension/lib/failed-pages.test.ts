import { beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import { login, ORIGIN, request } from '../tests/samples';
import { ConnectingSites, type RequestEvent } from './connecting-sites';
import { endedAddress, readEndedAddress } from './ended-address';
import { fail, makeError } from './errors';
import { CONSEQUENCE, FailedPages, FORESTALLED, STUCK } from './failed-pages';

const BROKEN = 'net::ERR_SSL_CLIENT_AUTH_SIGNATURE_FAILED';
const URL_ASKED = `${ORIGIN}/in?next=%2Fa#b`;
const CANCELLED = fail('cancelled');

let update: ReturnType<typeof vi.fn>;
let connecting: ConnectingSites;
let pages: FailedPages;

beforeEach(() => {
  vi.useFakeTimers();
  update = vi.fn(async () => ({}));
  Object.assign(fakeBrowser.tabs, { update });
  connecting = new ConnectingSites(async () => new Set([1]), () => false);
  pages = new FailedPages(connecting);
});

function began(over: Partial<RequestEvent> = {}): void {
  const event = request({ requestId: 'page', url: URL_ASKED, ...over });
  connecting.began(event);
  pages.began(event);
}
function failed(words: string = BROKEN, id = 'page'): void {
  const ended = connecting.ended(id);
  if (ended) pages.failed(ended, words);
}
const after = (time: number) => vi.advanceTimersByTimeAsync(time);
const shown = () => update.mock.calls.map(([tab, { url }]) => [tab, readEndedAddress(new URL(url).hash)?.error.name ?? url]);

describe('our page takes the place of the browser’s', () => {
  it.each<[string, () => void | Promise<void>, string]>([
    ['after a cancel', () => {
      pages.asked();
      pages.answered(CANCELLED);
      pages.ended(makeError('cancelled'));
      failed();
    }, 'cancelled'],
    ['after a time-out', () => {
      pages.asked();
      pages.answered(fail('timed-out'));
      failed('net::ERR_CONNECTION_CLOSED');
    }, 'timed-out'],
    ['though the browser’s word is faster than the host’s', () => {
      failed('NS_ERROR_GENERATE_FAILURE(NS_ERROR_MODULE_SECURITY, SSL_ERROR_HANDSHAKE_FAILED)');
      pages.ended(makeError('token-removed'));
    }, 'token-removed'],
    ['though the browser gave up while the person was asked', async () => {
      pages.asked();
      failed('net::ERR_TIMED_OUT');
      await after(40_000);
      pages.answered(CANCELLED);
    }, 'cancelled'],
    ['though the browser never gives up, as Firefox with TLS 1.2', async () => {
      pages.asked();
      pages.answered(CANCELLED);
      await after(STUCK);
    }, 'cancelled'],
  ])('%s', async (_, act, name) => {
    began();
    await act();
    await after(60_000);
    expect(shown()).toEqual([[1, name]]);
    expect(readEndedAddress(new URL(update.mock.calls[0]?.[1].url).hash)?.url.href).toBe(URL_ASKED);
  });

  it.each<[string, () => void | Promise<void>]>([
    ['the handshake was signed', () => {
      pages.asked();
      pages.ended(null);
      pages.answered({ ok: true, result: { login } });
      failed();
    }],
    ['nothing was asked and nothing refused', () => failed()],
    ['it failed for other reasons', () => {
      pages.answered(CANCELLED);
      failed('net::ERR_NAME_NOT_RESOLVED');
    }],
    ['the server’s certificate is at fault', () => {
      pages.answered(CANCELLED);
      failed('net::ERR_CERT_AUTHORITY_INVALID');
    }],
    ['the person left the page', () => {
      pages.answered(CANCELLED);
      failed('net::ERR_ABORTED');
    }],
    ['the question went away with the page', () => {
      pages.answered(fail('page-gone'));
      failed();
    }],
    ['it failed long after the cancel', async () => {
      began({ requestId: 'other', url: 'https://b.example/', tabId: 2 });
      pages.answered(CANCELLED);
      await after(CONSEQUENCE + 1);
      failed();
    }],
    ['it failed long before', async () => {
      failed();
      await after(FORESTALLED + 1);
      pages.asked();
      pages.answered(CANCELLED);
    }],
    ['the tab is on its way elsewhere', () => {
      failed();
      began({ requestId: 'next', url: 'https://elsewhere.example/' });
      connecting.ended('next');
      pages.answered(CANCELLED);
    }],
    ['it was answered', () => {
      pages.answered(CANCELLED);
      connecting.ended('page');
    }],
  ])('never when %s', async (_, act) => {
    began();
    await act();
    await after(1_000);
    expect(shown()).toEqual([]);
  });

  it('only for pages, not for their parts', async () => {
    began({ type: 'xmlhttprequest' });
    pages.answered(CANCELLED);
    failed();
    await after(60_000);
    expect(shown()).toEqual([]);
  });

  it('for none of several that only hang: any of them may still be answered', async () => {
    began();
    began({ requestId: 'other', url: 'https://b.example/', tabId: 2 });
    active(1, 2);
    pages.answered(CANCELLED);
    await after(60_000);
    expect(shown()).toEqual([]);
  });

  it('once for each failure', async () => {
    began();
    pages.answered(CANCELLED);
    failed();
    failed();
    pages.ended(makeError('cancelled'));
    await after(60_000);
    expect(shown()).toHaveLength(1);
  });

  function active(...tabs: number[]): void {
    connecting = new ConnectingSites(async () => new Set(tabs), () => false);
    pages = new FailedPages(connecting);
    began();
    began({ requestId: 'other', url: 'https://b.example/', tabId: 2 });
  }
});

describe('a page that the browser gave up while the person was asked', () => {
  it('is opened again, once, when the login is there', async () => {
    began();
    pages.asked();
    failed('net::ERR_TIMED_OUT');
    await after(20_000);
    pages.answered({ ok: true, result: { login } });
    pages.answered({ ok: true, result: { login } });
    expect(update.mock.calls).toEqual([[1, { url: URL_ASKED }]]);
  });

  it.each<[string, Partial<RequestEvent>, string]>([
    ['sent something that must not be sent twice', { method: 'POST' }, BROKEN],
    ['failed for other reasons', {}, 'net::ERR_NAME_NOT_RESOLVED'],
  ])('is not when it %s', (_, over, words) => {
    began(over);
    pages.asked();
    failed(words);
    pages.answered({ ok: true, result: { login } });
    expect(update).not.toHaveBeenCalled();
  });
});

describe('the address of our page', () => {
  it('tells error, tries and page, and nothing else of the token', () => {
    const address = endedAddress(URL_ASKED, makeError('wrong-pin', { triesLeft: 3, path: '/home/taro' }));
    expect(address).not.toContain('taro');
    expect(readEndedAddress(new URL(address, 'https://x.example').hash)).toEqual({
      error: makeError('wrong-pin', { triesLeft: 3 }),
      url: new URL(URL_ASKED),
    });
  });

  it.each([
    '',
    '#error=no-coffee&url=https%3A%2F%2Fa.example',
    '#error=cancelled',
    '#error=cancelled&url=nowhere',
    '#error=cancelled&url=javascript%3Aalert(1)',
    '#error=cancelled&url=http%3A%2F%2Fa.example',
    '#error=cancelled&url=file%3A%2F%2F%2Fetc%2Fpasswd',
  ])('is not taken as %j', (hash) => {
    expect(readEndedAddress(hash)).toBeNull();
  });
});
