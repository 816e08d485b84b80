import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import HandshakeEnded from '../entrypoints/handshake-ended/App.svelte';
import CertificateSites from '../entrypoints/manage/CertificateSites.svelte';
import Settings from '../entrypoints/manage/Settings.svelte';
import OpenLogins from '../entrypoints/popup/OpenLogins.svelte';
import { learnCertificateSite, readCertificateSites } from '../lib/certificate-sites';
import { makeError } from '../lib/errors';
import { publish } from '../lib/session-state';
import { readSettings } from '../lib/settings';
import { login, ORIGIN } from './samples';

let app: ReturnType<typeof mount>;
let sendMessage: ReturnType<typeof vi.fn>;

beforeEach(() => {
  vi.useFakeTimers({ now: login.since * 1000 });
  document.body.innerHTML = '';
  sendMessage = vi.fn(async () => ({ ok: true, result: { ended: 1, modules: [], suggestions: [] } }));
  Object.assign(fakeBrowser.runtime, { sendMessage });
});
afterEach(() => unmount(app));

const all = (id: string) => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];
const get = (id: string) => {
  const [element] = all(id);
  if (!element) throw new Error(`nothing has the test id ${id}`);
  return element;
};
async function settled(time = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(time);
  flushSync();
}

describe('the popup', () => {
  beforeEach(() => {
    app = mount(OpenLogins, { target: document.body });
  });

  it('counts an open login down and drops it at its end', async () => {
    await settled();
    expect(all('popup-logins')).toEqual([]);
    await publish({ logins: [login] });
    await settled();
    expect(get('popup-login').textContent).toMatch(/デモトークン\s*あと 10 分/);
    await settled(61_000);
    expect(get('popup-login').dataset['minutes']).toBe('9');
    await settled(600_000);
    expect(all('popup-logins')).toEqual([]);
    expect(all('logged-out')).toEqual([]);
  });

  it('shows a label that plays tricks as it is written', async () => {
    await publish({ logins: [{ ...login, label: '🔑\u202E<img src=x>\u0007' }] });
    await settled();
    expect(get('popup-login').textContent).toContain('🔑⟨202E⟩<img src=x>⟨0007⟩');
    expect(document.querySelector('img')).toBeNull();
  });

  it('logs out with one press and says what may stay behind', async () => {
    await publish({ logins: [login] });
    await settled();
    get('log-out').click();
    await settled();
    expect(sendMessage).toHaveBeenCalledExactlyOnceWith({ command: 'log-out', arguments: { token: null } });
    await publish({ logins: [] });
    await settled();
    expect(all('popup-login')).toEqual([]);
    expect(get('logged-out').textContent).toContain('すでに開いている接続');
    expect(document.activeElement).toBe(get('logged-out'));
  });

  it('says why it could not, and that the login is still open', async () => {
    sendMessage.mockResolvedValue({ ok: false, error: makeError('host-gone') });
    await publish({ logins: [login] });
    await settled();
    get('log-out').click();
    await settled();
    expect(get('trouble').dataset['error']).toBe('host-gone');
    expect(all('popup-login')).toHaveLength(1);
    expect(all('logged-out')).toEqual([]);
  });

  it.each([
    ['missing', 1],
    ['installed', 0],
    [null, 0],
  ] as const)('speaks of the module only when that is missing: %s', async (module, notes) => {
    await publish({ module });
    await settled();
    expect(all('module-missing')).toHaveLength(notes);
  });
});

describe('the list of certificate sites', () => {
  it('shows each with its day and forgets one', async () => {
    await learnCertificateSite(ORIGIN);
    await learnCertificateSite('https://b.example');
    app = mount(CertificateSites, { target: document.body });
    await settled();
    expect(all('certificate-site').map(({ dataset }) => dataset['origin'])).toEqual([ORIGIN, 'https://b.example']);
    expect(get('certificate-site').querySelector('time')?.textContent).toBe('2026/11/23');
    get('certificate-site-forget').click();
    await settled();
    expect((await readCertificateSites()).map(({ origin }) => origin)).toEqual(['https://b.example']);
    expect(all('certificate-site')).toHaveLength(1);
    expect(get('certificate-site-forgotten').textContent).toContain(ORIGIN);
    expect(document.activeElement?.tagName).toBe('H2');
  });

  it('says when it is empty', async () => {
    app = mount(CertificateSites, { target: document.body });
    await settled();
    expect(all('certificate-sites-empty')).toHaveLength(1);
  });
});

describe('the settings', () => {
  it('keep how long a login lasts: ten minutes unless said otherwise, eight hours at most', async () => {
    app = mount(Settings, { target: document.body });
    await settled();
    const select = get('login-length') as HTMLSelectElement;
    expect(select.value).toBe('600');
    expect([...select.options].map(({ value }) => Number(value))).toEqual([0, 300, 600, 1800, 3600, 7200, 14_400, 28_800]);
    select.value = '0';
    select.dispatchEvent(new Event('change', { bubbles: true }));
    await settled();
    expect(await readSettings()).toMatchObject({ standBack: true, loginSeconds: 0 });
    expect(get('settings-saved').textContent).not.toBe('');
  });

  it.each([-1, 28_801, 1.5, '600', null])('are ten minutes when %j is stored', async (loginSeconds) => {
    await fakeBrowser.storage.local.set({ loginSeconds });
    expect((await readSettings()).loginSeconds).toBe(600);
    app = mount(Settings, { target: document.body });
  });
});

describe('the page after a failed handshake', () => {
  it('says site, situation and advice, and opens the page again only when pressed', async () => {
    const open = vi.fn<(url: string) => void>();
    app = mount(HandshakeEnded, { target: document.body, props: { ended: { error: makeError('cancelled'), url: new URL(`${ORIGIN}/in?a=1`) }, open } });
    await settled(60_000);
    expect(get('site-host').textContent).toBe('portal.example.jp');
    expect(get('trouble').dataset['error']).toBe('cancelled');
    expect(open).not.toHaveBeenCalled();
    expect(document.activeElement).toBe(get('try-again'));
    get('try-again').click();
    expect(open.mock.calls).toEqual([[`${ORIGIN}/in?a=1`]]);
  });

  it('offers nothing for an address that is not ours', async () => {
    app = mount(HandshakeEnded, { target: document.body, props: { ended: null, open: () => {} } });
    await settled();
    expect(all('try-again')).toEqual([]);
  });
});
