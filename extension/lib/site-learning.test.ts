import { beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import { ORIGIN, request } from '../tests/samples';
import { CertificateSites, forgetCertificateSite, learnCertificateSite, readCertificateSites, SITES_MAX } from './certificate-sites';
import { ConnectingSites } from './connecting-sites';
import { makeError } from './errors';
import { ANSWER_TIME, SiteLearning } from './site-learning';

let connecting: ConnectingSites;
let learn: ReturnType<typeof vi.fn>;
let learning: SiteLearning;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_795_395_600_000 });
  connecting = new ConnectingSites(async () => new Set(), () => false);
  learn = vi.fn(async () => {});
  learning = new SiteLearning(connecting, learn as never);
});

const page = () => connecting.began(request({ requestId: 'page', url: `${ORIGIN}/in` }));
const answered = (id = 'page') => {
  connecting.ended(id);
  learning.answered(id);
};

describe('a site is learnt', () => {
  it.each<[string, () => void]>([
    ['from a question, a signature and an answer', () => {
      page();
      learning.asked();
      learning.ended(null);
      answered();
    }],
    ['though the answer is heard of before the signature', () => {
      page();
      learning.asked();
      answered();
      learning.ended(null);
    }],
    ['from a signature that needed no question', () => {
      page();
      learning.ended(null);
      answered();
    }],
    ['from several handshakes of the same page', () => {
      page();
      connecting.began(request({ url: `${ORIGIN}/icon.png`, type: 'image' }));
      learning.asked();
      learning.ended(null);
      learning.ended(null);
      answered();
    }],
  ])('%s', (_, act) => {
    act();
    expect(learn.mock.calls).toEqual([[ORIGIN]]);
  });

  it.each<[string, () => void]>([
    ['another site was unanswered as well', () => {
      page();
      connecting.began(request({ url: 'https://cdn.example/x.js', type: 'script' }));
      learning.asked();
      learning.ended(null);
      answered();
    }],
    ['no page was, only a part of one', () => {
      connecting.began(request({ requestId: 'page', url: `${ORIGIN}/api`, type: 'xmlhttprequest' }));
      learning.asked();
      learning.ended(null);
      answered();
    }],
    ['the handshake was refused', () => {
      page();
      learning.asked();
      learning.ended(makeError('cancelled'));
      answered();
      learning.ended(null);
    }],
    ['the page failed after all', () => {
      page();
      learning.asked();
      learning.ended(null);
      learning.failed('page');
      answered();
    }],
    ['the answer came long after the signature', () => {
      page();
      learning.asked();
      learning.ended(null);
      vi.advanceTimersByTime(ANSWER_TIME + 1);
      answered();
    }],
    ['it was answered without any signature', () => {
      page();
      learning.asked();
      answered();
    }],
    ['it is another page that was answered', () => {
      page();
      learning.asked();
      learning.ended(null);
      answered('other');
    }],
  ])('never when %s', (_, act) => {
    act();
    expect(learn).not.toHaveBeenCalled();
  });
});

describe('the list of sites', () => {
  it('holds each once with its day, and is shown to the worker at once', async () => {
    const sites = new CertificateSites();
    await sites.ready;
    expect(sites.has(ORIGIN)).toBe(false);
    await learnCertificateSite(ORIGIN);
    vi.advanceTimersByTime(86_400_000);
    await learnCertificateSite(ORIGIN);
    await learnCertificateSite('https://b.example');
    expect(await readCertificateSites()).toEqual([
      { origin: ORIGIN, learned: 1_795_395_600 },
      { origin: 'https://b.example', learned: 1_795_482_000 },
    ]);
    await vi.advanceTimersByTimeAsync(0);
    expect(sites.has(ORIGIN)).toBe(true);
    await forgetCertificateSite(ORIGIN);
    await vi.advanceTimersByTimeAsync(0);
    expect(sites.has(ORIGIN)).toBe(false);
    expect(sites.has('https://b.example')).toBe(true);
  });

  it('is bounded: the oldest give way', async () => {
    for (let count = 0; count <= SITES_MAX; count += 1) await learnCertificateSite(`https://s${count}.example`);
    const sites = await readCertificateSites();
    expect(sites).toHaveLength(SITES_MAX);
    expect(sites[0]?.origin).toBe('https://s1.example');
  });

  it.each([null, 'x', [1, null, { origin: 'http://a.example', learned: 1 }, { origin: ORIGIN }]])('is empty when %j is stored', async (stored) => {
    await fakeBrowser.storage.local.set({ certificateSites: stored });
    expect(await readCertificateSites()).toEqual([]);
  });
});
