import { beforeEach, describe, expect, it, vi } from 'vitest';
import { request } from '../tests/samples';
import { ANSWER_COMES, ConnectingSites, likeliest, NAMED_MAX, PAGE_PATIENCE, PART_PATIENCE } from './connecting-sites';

let active: Set<number>;
let known: Set<string>;
let sites: ConnectingSites;

beforeEach(() => {
  vi.useFakeTimers();
  active = new Set([1]);
  known = new Set();
  sites = new ConnectingSites(async () => active, (origin) => known.has(origin));
});

const named = async () => (await sites.sites()).map(({ origin, likely }) => `${new URL(origin).host}${likely ? '!' : ''}`);

describe('the likely site', () => {
  it.each<[string, () => void, string[]]>([
    ['nothing that is unanswered', () => {}, []],
    ['the page in front', () => sites.began(request({ url: 'https://a.example/x' })), ['a.example!']],
    ['the page in front before those behind and their parts', () => {
      sites.began(request({ url: 'https://part.example/', type: 'xmlhttprequest' }));
      sites.began(request({ url: 'https://frame.example/', type: 'sub_frame' }));
      sites.began(request({ url: 'https://behind.example/', tabId: 2 }));
      sites.began(request({ url: 'https://front.example/' }));
    }, ['front.example!', 'behind.example', 'frame.example', 'part.example']],
    ['all that are alike', () => {
      sites.began(request({ url: 'https://a.example/', tabId: 2 }));
      sites.began(request({ url: 'https://b.example/', tabId: 3 }));
    }, ['a.example!', 'b.example!']],
    ['one site for many requests', () => {
      sites.began(request({ url: 'https://a.example/' }));
      sites.began(request({ url: 'https://a.example/style.css', type: 'stylesheet' }));
    }, ['a.example!']],
    ['a known one before all others', () => {
      known.add('https://api.example');
      sites.began(request({ url: 'https://front.example/' }));
      sites.began(request({ url: 'https://api.example/token', type: 'xmlhttprequest', tabId: 7 }));
    }, ['api.example!', 'front.example']],
    ['an origin with its port', () => sites.began(request({ url: 'https://a.example:8443/' })), ['a.example:8443!']],
    ['nothing of http', () => sites.began(request({ url: 'http://a.example/' })), []],
  ])('is %s', async (_, act, expected) => {
    act();
    expect(await named()).toEqual(expected);
  });

  it('is no longer one that was answered, has failed, or was redirected elsewhere', async () => {
    sites.began(request({ requestId: '1', url: 'https://a.example/' }));
    expect(sites.ended('1')).toMatchObject({ origin: 'https://a.example' });
    expect(sites.ended('1')).toBeUndefined();
    sites.began(request({ requestId: '2', url: 'https://b.example/' }));
    sites.began(request({ requestId: '2', url: 'https://c.example/' }));
    expect(await named()).toEqual(['c.example!']);
  });

  it('may hang as long as a person takes over the browser’s own questions, a part of a page only shortly', async () => {
    sites.began(request({ url: 'https://page.example/' }));
    sites.began(request({ url: 'https://part.example/', type: 'xmlhttprequest' }));
    await vi.advanceTimersByTimeAsync(PART_PATIENCE + 1);
    expect(await named()).toEqual(['page.example!']);
    await vi.advanceTimersByTimeAsync(PAGE_PATIENCE);
    expect(await named()).toEqual([]);
  });

  it('is found though the browser does not tell its tabs', async () => {
    const blind = new ConnectingSites(async () => Promise.reject(new Error('no tabs')), () => false);
    blind.began(request({ url: 'https://a.example/' }));
    expect(await blind.sites()).toEqual([{ origin: 'https://a.example', likely: true }]);
  });

  it('is one of a bounded list', async () => {
    for (let count = 0; count < 2_000; count += 1) sites.began(request({ url: `https://s${count}.example/` }));
    expect(sites.requests()).toHaveLength(1_000);
    expect(await sites.sites()).toHaveLength(NAMED_MAX);
  });
});

describe('a handshake', () => {
  const awaited = async (meanwhile: () => void = () => {}): Promise<boolean> => {
    const told = sites.awaitHandshake();
    meanwhile();
    await vi.advanceTimersByTimeAsync(ANSWER_COMES);
    return told;
  };

  it('is waited for by a site that is known to want one', async () => {
    known.add('https://portal.example');
    sites.began(request({ requestId: '1', url: 'https://portal.example/' }));
    expect(await awaited(() => sites.ended('1'))).toBe(true);
  });

  it('is waited for by a site that does not answer for a while', async () => {
    sites.began(request({ url: 'https://new.example/' }));
    expect(await awaited()).toBe(true);
  });

  it('is waited for by a request that comes right after it', async () => {
    expect(await awaited(() => sites.began(request({ url: 'https://new.example/' })))).toBe(true);
  });

  it('is waited for by nothing while all others answer', async () => {
    expect(await awaited()).toBe(false);
    sites.began(request({ requestId: '1', url: 'https://other.example/' }));
    expect(await awaited(() => sites.ended('1'))).toBe(false);
  });
});

it.each([
  [[], null],
  [[{ origin: 'a', likely: true }, { origin: 'b', likely: false }], 'a'],
  [[{ origin: 'a', likely: true }, { origin: 'b', likely: true }], null],
])('of %j %j is named as the one', (list, origin) => {
  expect(likeliest(list)).toBe(origin);
});
