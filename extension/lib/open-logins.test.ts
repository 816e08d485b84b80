import { beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import { login } from '../tests/samples';
import { minutesLeft, OpenLogins } from './open-logins';
import { ensureModule } from './pkcs11-module';
import { ToolbarIcon } from './toolbar-icon';

const START = login.since * 1000;
let badge: string[];
let titles: string[];

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  badge = [];
  titles = [];
  Object.assign(fakeBrowser.action, {
    setBadgeBackgroundColor: async () => {},
    setBadgeTextColor: async () => {},
    setBadgeText: async ({ text }: { text: string }) => void badge.push(text),
    setTitle: async ({ title }: { title: string }) => void titles.push(title),
  });
});

const after = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);

describe('the toolbar icon', () => {
  it('counts the minutes of an open login down to its end, and is bare then', async () => {
    new ToolbarIcon().show([login]);
    await after(0);
    expect([badge.at(-1), titles.at(-1)]).toEqual(['10', '鍵橋\nトークンなし\nログイン中: \u2068デモトークン\u2069(あと 10 分)']);
    await after(59);
    expect(badge.at(-1)).toBe('10');
    await after(1);
    expect(badge.at(-1)).toBe('9');
    await after(8 * 60 + 59);
    expect(badge.at(-1)).toBe('1');
    await after(1);
    expect([badge.at(-1), titles.at(-1)]).toEqual(['', '鍵橋\nトークンなし']);
    const draws = badge.length;
    expect(draws).toBeLessThanOrEqual(12);
    await after(3_600);
    expect(badge).toHaveLength(draws);
  });

  it('is bare at once after a logout', async () => {
    const icon = new ToolbarIcon();
    icon.show([login]);
    icon.show([]);
    await after(60);
    expect(badge.at(-1)).toBe('');
  });

  it('shows the longest of several and tells each, with nothing hidden in their labels', async () => {
    new ToolbarIcon().show([login, { ...login, token: 'two', label: 'B\u202E', ends: login.since + 8 * 3600 }]);
    await after(0);
    expect(badge.at(-1)).toBe('8h');
    expect(titles.at(-1)).toContain('\u2068デモトークン\u2069(あと 10 分)\nログイン中: \u2068B⟨202E⟩\u2069(あと 480 分)');
  });

  it('does without a toolbar', async () => {
    Object.assign(fakeBrowser.action, { setBadgeText: async () => Promise.reject(new Error('no toolbar')) });
    expect(() => new ToolbarIcon().show([login])).not.toThrow();
    await after(0);
  });
});

it('a login counts as open until its time is over', () => {
  const logins = new OpenLogins();
  expect(logins.any).toBe(false);
  logins.set([login]);
  vi.setSystemTime(login.ends * 1000 - 1);
  expect([logins.any, minutesLeft(login)]).toEqual([true, 1]);
  vi.setSystemTime(login.ends * 1000);
  expect([logins.any, minutesLeft(login)]).toEqual([false, 0]);
});

describe('Firefox’s module', () => {
  it.each<[string, { is: boolean | Error; install?: Error }, 'installed' | 'missing', number]>([
    ['is registered', { is: false }, 'installed', 1],
    ['is left alone once it is', { is: true }, 'installed', 0],
    ['is missing without a manifest', { is: new Error('No such PKCS#11 module kagibashi') }, 'missing', 0],
    ['is missing when it cannot be loaded', { is: false, install: new Error('An unexpected error occurred') }, 'missing', 1],
  ])('%s', async (_, { is, install }, state, installs) => {
    const installModule = vi.fn(async () => {
      if (install) throw install;
    });
    const isModuleInstalled = async () => {
      if (is instanceof Error) throw is;
      return is;
    };
    expect(await ensureModule({ isModuleInstalled, installModule })).toBe(state);
    expect(installModule.mock.calls).toEqual(Array(installs).fill(['kagibashi']));
  });

  it('is nobody’s business in other browsers', async () => {
    expect(await ensureModule(undefined)).toBeNull();
  });
});
