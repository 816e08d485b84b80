import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import ManageApp from '../entrypoints/manage/App.svelte';
import Diagnostics from '../entrypoints/manage/Diagnostics.svelte';
import History from '../entrypoints/manage/History.svelte';
import Settings from '../entrypoints/manage/Settings.svelte';
import Tokens from '../entrypoints/manage/Tokens.svelte';
import { fail, makeError, type Outcome } from '../lib/errors';
import { readHistory, record } from '../lib/history';
import type { Certificate, Token } from '../lib/protocol';
import { publish } from '../lib/session-state';
import { FakePort } from './fake-port';
import { authority, certificate, details, expired, login, ORIGIN, token } from './samples';

let app: ReturnType<typeof mount>;
let port: FakePort;
/** What the host would answer, by command. */
let answers: Record<string, (args: Record<string, string>) => Outcome<unknown>>;
let asked: { command: string; arguments: unknown }[];

const ok = (result: unknown) => ({ ok: true, result }) as const;

function plugged(tokens: Token[], certificates: Certificate[]): void {
  answers['certificates'] = () => ok({ tokens, certificates });
}

beforeEach(() => {
  vi.useFakeTimers({ now: login.since * 1000 });
  document.body.innerHTML = '';
  asked = [];
  answers = {
    status: () => ok({ version: '0.1.0', service: 'running', readers: [] }),
    'trusted-authorities': () => ok({ authorities: [] }),
    'certificate-details': () => ok(details),
  };
  plugged([token], [certificate, expired, authority]);
  Object.assign(fakeBrowser.runtime, {
    sendMessage: async (message: { command: string; arguments: Record<string, string> }) => {
      asked.push(message);
      return (answers[message.command] ?? (() => fail('unknown-command')))(message.arguments);
    },
    connect: () => {
      port = new FakePort('manage');
      return port;
    },
  });
});
afterEach(async () => {
  port?.vanish();
  await unmount(app);
});

const all = (id: string) => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];
const get = <E extends HTMLElement = HTMLElement>(id: string) => {
  const [element] = all(id);
  if (!element) throw new Error(`nothing has the test id ${id}`);
  return element as E;
};
async function settled(time = 0): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await vi.advanceTimersByTimeAsync(turn === 0 ? time : 0);
  flushSync();
}
async function press(id: string): Promise<void> {
  get(id).click();
  await settled();
}
async function opened(): Promise<void> {
  app = mount(Tokens, { target: document.body });
  await settled();
}
/** The worker's answer to what the page asked last by its port. */
async function answerPerson(outcome: Outcome<unknown>): Promise<void> {
  port.say({ id: port.last?.['id'], outcome });
  await settled();
}

describe('the tokens', () => {
  it('are told with all that is known of them', async () => {
    await opened();
    expect(get('token').dataset['state']).toBe('plugged');
    const facts = Object.fromEntries(['serial', 'manufacturer', 'firmware', 'layout', 'pin', 'reader'].map((name) => [name, get(`fact-${name}`).textContent]));
    expect(facts).toEqual({
      serial: '0102030405060708',
      manufacturer: 'EnterSafe',
      firmware: '01.00.11',
      layout: 'PKCS#15',
      pin: 'あと 10 回(最大 10 回)',
      reader: 'Feitian ePass2003 00 00',
    });
  });

  it('are chosen on the left, each with its own certificates', async () => {
    const other = { ...token, id: 'token-2', label: 'ほか' };
    plugged([token, other], [certificate, { ...expired, token: other.id }]);
    await opened();
    expect(all('certificate-choice').map(({ dataset }) => dataset['certificate'])).toEqual([certificate.id]);
    all('token')[1]?.click();
    await settled();
    expect(all('certificate-choice').map(({ dataset }) => dataset['certificate'])).toEqual([expired.id]);
  });

  it('that come and go are seen without asking again', async () => {
    plugged([], []);
    await opened();
    expect(get('trouble').dataset['error']).toBe('no-token');
    plugged([token], [certificate]);
    await publish({ tokens: [token] });
    await settled();
    expect(all('token')).toHaveLength(1);
    plugged([], []);
    await publish({ tokens: [] });
    await settled();
    expect(all('token')).toEqual([]);
  });

  it.each([
    ['no host', 'host-missing', () => (answers['status'] = () => fail('host-missing'))],
    ['no service', 'no-smart-card-service', () => (answers['status'] = () => ok({ version: '', service: 'stopped', readers: [] }))],
  ])('with %s: says what to do', async (_, name, arrange) => {
    plugged([], []);
    arrange();
    await opened();
    expect(get('trouble').dataset['error']).toBe(name);
    expect(get('no-token').textContent).toContain(name === 'no-smart-card-service' ? 'systemctl enable --now pcscd.socket' : 'kagibashi install');
  });

  it('one whose label plays tricks is shown as it is written', async () => {
    plugged([{ ...token, label: '🔑\u202E安全\u0007' }], []);
    await opened();
    expect(get('token-label').textContent).toBe('🔑⟨202E⟩安全⟨0007⟩');
    expect(get('token-label').tagName).toBe('BDI');
  });
});

describe('logging in', () => {
  it('asks in our window, counts down, and ends by a press', async () => {
    await opened();
    await press('action-log-in');
    expect(port.last).toMatchObject({ command: 'log-in', arguments: { origin: null, certificate: null, token: token.id, idleSeconds: 600 } });
    expect(get('in-window').textContent).toContain('鍵橋の窓');
    expect(get<HTMLButtonElement>('action-change-pin').disabled).toBe(true);
    await publish({ logins: [login] });
    await answerPerson(ok({ login }));
    expect(get('login-clock').textContent).toContain('10:00');
    await settled(61_000);
    expect(get('login-clock').dataset['seconds']).toBe('539');
    expect(get('token').textContent).toContain('8:59');
    // What was done stands there as long as it is so.
    expect(get('said').textContent).toContain('ログインしました');
    answers['log-out'] = () => ok({ ended: 1 });
    await press('action-log-out');
    await publish({ tokens: [token], logins: [] });
    await settled();
    expect(get('said').textContent).toContain('ログアウトしました');
    expect(asked.find(({ command }) => command === 'log-out')?.arguments).toEqual({ token: token.id });
  });

  it('lasts a while also for somebody who is asked for every handshake', async () => {
    await fakeBrowser.storage.local.set({ loginSeconds: 0 });
    await opened();
    await press('action-log-in');
    expect(port.last).toMatchObject({ arguments: { idleSeconds: 600 } });
  });

  it('is not offered for a locked token; unblocking is, where it can be done', async () => {
    plugged([{ ...token, canUnblock: true, pin: { triesLeft: 0, maximum: 10, locked: true } }], [certificate]);
    await opened();
    expect([all('action-log-in').length, all('action-change-pin').length]).toEqual([0, 0]);
    await press('action-unblock-pin');
    expect(port.last).toMatchObject({ command: 'unblock-pin', arguments: { token: token.id } });
    await answerPerson(ok({}));
    expect(get('said').textContent).toContain('ロックを解除しました');
  });
});

it('leaving the page is asked about while something is unfinished, and then only', async () => {
  const leave = () => {
    const event = new Event('beforeunload', { cancelable: true });
    window.dispatchEvent(event);
    return event.defaultPrevented ? 'asked' : 'left';
  };
  app = mount(ManageApp, { target: document.body });
  await settled();
  expect(leave()).toBe('left');
  await press('action-change-pin');
  expect(leave()).toBe('asked');
  await answerPerson(ok({}));
  expect(leave()).toBe('left');
});

describe('changing the PIN', () => {
  it.each<[string, Outcome<unknown>, string | null, boolean]>([
    ['done', ok({}), null, false],
    ['cancelled', fail('cancelled'), null, false],
    ['failed, with the old PIN valid', fail('token-removed'), 'token-removed', true],
    ['uncertain, with nothing promised', fail('pin-change-uncertain'), 'pin-change-uncertain', false],
    ['forgotten by the worker, with nothing promised', fail('extension-restarted'), 'extension-restarted', false],
  ])('%s', async (_, outcome, trouble, oldPinValid) => {
    await opened();
    await press('action-change-pin');
    expect(port.last).toMatchObject({ command: 'change-pin', arguments: { token: token.id } });
    await answerPerson(outcome);
    expect(all('said').map((said) => said.textContent?.includes('成功'))).toEqual(outcome.ok ? [true] : []);
    expect(all('trouble').map(({ dataset }) => dataset['error'])).toEqual(trouble ? [trouble] : []);
    expect(all('old-pin-valid')).toHaveLength(oldPinValid ? 1 : 0);
  });

  it('with the PUK failed: nobody is sent back to a PIN that is locked', async () => {
    plugged([{ ...token, canUnblock: true, pin: { triesLeft: 0, maximum: 10, locked: true } }], []);
    await opened();
    await press('action-unblock-pin');
    await answerPerson(fail('token-removed'));
    expect(get('old-pin-valid').textContent).toBe('PIN は変わっていません。');
  });
});

describe('a certificate', () => {
  it('is explained: ID on top, serial in hexadecimal, both times, extensions in words', async () => {
    await opened();
    await press('action-information');
    expect(get('information-id').textContent).toBe('FC12345678');
    expect(get('information-serial').textContent).toBe('3A 7F 09 C2 D4 1E 88 B0');
    expect(get('information-not-before').textContent).toContain('2023-11-14 22:13:20 UTC');
    expect(get('information-subject').textContent).toContain('㈱サンプル');
    expect(get('information-extensions').textContent).toMatch(/鍵の使用目的\s*重要\s*電子署名 \(digitalSignature\)/);
    expect(get('information-extensions').textContent).toContain('1.2.392.9999');
    expect([...get('information-chain').querySelectorAll('li')].map((link) => link.textContent)).toEqual(['デモ認証局', '山田 太郎']);
    const writeText = vi.fn(async () => {});
    vi.stubGlobal('navigator', { ...navigator, clipboard: { writeText } });
    await press('copy-id');
    expect(writeText).toHaveBeenCalledWith('FC12345678');
    expect(get('copied').textContent).toBe('コピーしました。');
    vi.unstubAllGlobals();
  });

  it('that is odd is explained all the same: no issuer, one extension twice', async () => {
    const odd = { ...certificate, issuer: '' };
    const [usage, ...others] = details.extensions;
    plugged([token], [odd]);
    answers['certificate-details'] = () => ok({ ...details, certificate: odd, extensions: [usage, usage, ...others] });
    await opened();
    expect(all('certificate-issuer')).toEqual([]);
    await press('action-information');
    expect(all('information-purpose')).toHaveLength(3);
    expect(get('information-details').textContent).toContain('電子署名');
    expect(get('information').textContent).toContain('(空)');
  });

  it('that cannot be read says so, and empties nothing', async () => {
    answers['certificate-details'] = () => fail('bad-token-data');
    await opened();
    await press('action-information');
    expect(get('trouble').dataset['error']).toBe('bad-token-data');
    expect(all('certificate-choice')).toHaveLength(3);
  });

  it.each([
    [59, 'amber', 60],
    [30, 'amber', 30],
    [7, 'red', 7],
    [0, 'red', 7],
  ])('that expires in %i days is warned of in %s', async (days, colour, within) => {
    plugged([token], [{ ...certificate, notAfter: login.since + days * 86_400 + 60 * (days < 7 ? 1 : 0) }]);
    await opened();
    expect(get('expiry').dataset['within']).toBe(String(within));
    expect(get('expiry').classList.contains(colour)).toBe(true);
    expect(get('expiry').textContent).toContain(days === 0 ? '24 時間以内' : `あと ${days} 日`);
  });

  it.each([61, -1])('that expires in %i days is not', async (days) => {
    plugged([token], [{ ...certificate, notAfter: login.since + days * 86_400 }]);
    await opened();
    expect(all('expiry')).toEqual([]);
  });

  it('is saved in the chosen form; it is said where, and recorded', async () => {
    answers['export-certificate'] = ({ format }) => ok({ path: `/home/yamada/ダウンロード/山田太郎.${format}` });
    await opened();
    await press('action-export');
    await press('format-p7b');
    document.querySelector('form')?.dispatchEvent(new SubmitEvent('submit', { bubbles: true, cancelable: true }));
    await settled();
    expect(asked.at(-1)?.arguments).toEqual({ certificate: certificate.id, format: 'p7b' });
    expect(get('said-detail').textContent).toBe('/home/yamada/ダウンロード/山田太郎.p7b');
    expect(document.activeElement).toBe(get('said'));
    expect(all('export-dialog')).toEqual([]);
    expect(await readHistory()).toMatchObject([{ operation: 'export-certificate', outcome: 'done', certificate: { serial: certificate.serial } }]);
  });
});

describe('a dialog is of its token', () => {
  const other = { ...token, id: 'token-2' };
  const others = [{ ...certificate, id: 'e'.repeat(64), token: other.id }, { ...authority, id: 'f'.repeat(64), token: other.id }];

  it.each([
    ['export', 0, 'export-dialog'],
    ['trust', 2, 'trust-dialog'],
  ])('%s: never of one that takes its place', async (action, number, dialog) => {
    await opened();
    all('certificate-choice')[number]?.click();
    await settled();
    await press(`action-${action}`);
    expect(all(dialog)).toHaveLength(1);
    plugged([other], others);
    await publish({ tokens: [other] });
    await settled();
    expect(all(dialog)).toEqual([]);
    expect(get('trouble').dataset['error']).toBe('other-token');
    expect(asked.map(({ command }) => command)).not.toContain('export-certificate');
  });

  it('and stays open while others come and go', async () => {
    answers['export-certificate'] = () => ok({ path: '/x.pem' });
    await opened();
    await press('action-export');
    plugged([other, token], [...others, certificate]);
    await publish({ tokens: [other, token] });
    await settled();
    document.querySelector('form')?.dispatchEvent(new SubmitEvent('submit', { bubbles: true, cancelable: true }));
    await settled();
    expect(asked.find(({ command }) => command === 'export-certificate')?.arguments).toEqual({ certificate: certificate.id, format: 'pem' });
  });
});

describe('what was done', () => {
  const logIn = async () => {
    await press('action-log-in');
    await answerPerson(ok({ login }));
    await publish({ logins: [login] });
    await settled();
  };
  const changePin = async () => {
    await press('action-change-pin');
    await answerPerson(ok({}));
  };
  const logOut = async () => {
    answers['log-out'] = () => ok({ ended: 0 });
    await press('action-log-in');
    await publish({ logins: [login] });
    await answerPerson(ok({ login }));
    await press('action-log-out');
    await publish({ logins: [] });
    await settled();
  };
  const pull = async () => {
    plugged([], []);
    await publish({ tokens: [], logins: [] });
  };
  const endLogin = () => publish({ logins: [] });
  const logInElsewhere = () => publish({ logins: [login] });
  const waitToTheEnd = () => settled(600_000);

  it.each([
    ['a login, until the token is pulled out', logIn, pull],
    ['a login, until a site ends it', logIn, endLogin],
    ['a login, until its time is over', logIn, waitToTheEnd],
    ['a change of the PIN, until the token is pulled out', changePin, pull],
    ['a logout, until the next login', logOut, logInElsewhere],
  ])('is said: %s', async (_, act, undo) => {
    await publish({ tokens: [token], logins: [] });
    await opened();
    await act();
    expect(all('said')).toHaveLength(1);
    await undo();
    await settled();
    expect(all('said')).toEqual([]);
  });

  it('is said for good of a file', async () => {
    answers['export-certificate'] = () => ok({ path: '/home/yamada/Downloads/a.pem' });
    await publish({ tokens: [token], logins: [] });
    await opened();
    await press('action-export');
    document.querySelector('form')?.dispatchEvent(new SubmitEvent('submit', { bubbles: true, cancelable: true }));
    await settled();
    await pull();
    await settled();
    expect(get('said-detail').textContent).toBe('/home/yamada/Downloads/a.pem');
  });
});

describe('an authority', () => {
  beforeEach(async () => {
    answers['certificate-details'] = () => ok({ ...details, certificate: authority });
    answers['trust-authority'] = () => ok({ stores: ['/home/yamada/.pki/nssdb'] });
    await opened();
    all('certificate-choice').at(-1)?.click();
    await settled();
  });

  async function paste(value: string): Promise<void> {
    const field = get<HTMLInputElement>('trust-published');
    field.value = value;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    await settled();
  }

  it('is trusted only when its fingerprint was compared', async () => {
    await press('action-trust');
    const confirm = () => get<HTMLButtonElement>('trust-confirm');
    expect(confirm().disabled).toBe(true);
    for (const [published, compared, said] of [
      [details.fingerprints.sha256.replace(/..$/, '00'), 'different', '信頼しないでください'],
      [details.fingerprints.sha1.replaceAll(/../g, '$&:'), 'sha1', 'SHA-1 のフィンガープリントです'],
      [details.fingerprints.sha256.slice(0, 12), 'length', '64 桁です(いまは 12 桁)'],
    ] as const) {
      await paste(published);
      expect([get('trust-compared').dataset['compared'], confirm().disabled, all('trust-by-eye').length]).toEqual([compared, true, 0]);
      expect(get('trust-compared').textContent).toContain(said);
    }
    document.querySelector('form')?.dispatchEvent(new SubmitEvent('submit', { bubbles: true, cancelable: true }));
    await settled();
    expect(asked.map(({ command }) => command)).not.toContain('trust-authority');
    await paste(`SHA-256: ${(details.fingerprints.sha256.match(/../g) ?? []).join(':').toUpperCase()}`);
    expect([get('trust-compared').dataset['compared'], confirm().disabled]).toEqual(['same', false]);
    document.querySelector('form')?.dispatchEvent(new SubmitEvent('submit', { bubbles: true, cancelable: true }));
    await settled();
    expect(get('said-detail').textContent).toBe('/home/yamada/.pki/nssdb');
  });

  it('that is trusted can be distrusted', async () => {
    answers['trusted-authorities'] = () => ok({ authorities: [{ certificate: authority.id, holder: authority.holder, trusted: 1, stores: [] }] });
    answers['distrust-authority'] = () => ok({});
    await publish({ readers: [] });
    await settled();
    await press('action-distrust');
    expect(asked.find(({ command }) => command === 'distrust-authority')?.arguments).toEqual({ certificate: authority.id });
  });
});

describe('the history', () => {
  it('tells what was done, is saved as a table, and is cleared after a question', async () => {
    await record('authenticate', ORIGIN, certificate, ok({}));
    await record('change-pin', null, null, { ok: false, error: makeError('token-removed') });
    app = mount(History, { target: document.body });
    await settled();
    expect(all('history-entry').map(({ textContent }) => textContent?.replace(/\s+/g, ' '))).toEqual([
      expect.stringContaining('失敗(303)') as string,
      expect.stringMatching(/ログイン.*成功.*https:\/\/portal\.example\.jp.*FC12345678/) as string,
    ]);
    await record('sign', ORIGIN, certificate, ok({}));
    await settled();
    expect(all('history-entry').map(({ dataset }) => dataset['operation'])).toEqual(['sign', 'change-pin', 'authenticate']);
    let file: HTMLAnchorElement | undefined;
    vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
      file = this;
    });
    await press('history-export');
    vi.mocked(HTMLAnchorElement.prototype.click).mockRestore();
    expect(file?.download).toMatch(/^kagibashi-history-2026-11-23-[0-9]{6}\.csv$/);
    expect(get('history-file').textContent).toBe(file?.download);
    expect(get('history-saved').textContent).toContain('ダウンロードのフォルダー');

    await press('history-clear');
    expect(await readHistory()).toHaveLength(3);
    const reads = vi.spyOn(fakeBrowser.storage.local, 'get');
    await press('history-clear-yes');
    expect(reads).toHaveBeenCalledTimes(1);
    reads.mockRestore();
    expect(await readHistory()).toEqual([]);
    expect([all('history-empty').length, all('history-cleared').length]).toEqual([1, 1]);
    await record('sign', ORIGIN, certificate, ok({}));
    await settled();
    expect([all('history-entry').length, all('history-cleared').length]).toEqual([1, 0]);
  });
});

describe('the diagnosis', () => {
  const checks = [
    { id: 'service-ok', name: 'スマートカードのサービス', at: null, state: 'ok', situation: '動いています。', advice: null, detail: null },
    { id: 'browser-unregistered', name: 'ブラウザ', at: 'Chromium', state: 'trouble', situation: '登録がありません。', advice: '登録してください。', detail: '/home/yamada/x' },
  ];

  it('puts first what has to be mended, and is copied as a whole', async () => {
    answers['diagnose'] = () => ok({ checks });
    app = mount(Diagnostics, { target: document.body });
    await settled();
    expect(asked.at(-1)?.arguments).toEqual({ language: 'ja' });
    expect(get('diagnostics-summary').textContent).toContain('1 件');
    expect(all('check').map(({ dataset }) => dataset['check'])).toEqual(['browser-unregistered', 'service-ok']);
    const writeText = vi.fn(async () => {});
    vi.stubGlobal('navigator', { ...navigator, clipboard: { writeText } });
    await press('diagnostics-copy');
    expect(writeText).toHaveBeenCalledWith(
      '[正常] スマートカードのサービス: 動いています。\n    service-ok\n[要対応] ブラウザ (Chromium): 登録がありません。\n    → 登録してください。\n    browser-unregistered /home/yamada/x\n',
    );
    expect(get('diagnostics-copied').textContent).not.toBe('');
    vi.unstubAllGlobals();
  });

  it('says why it cannot look, and looks again', async () => {
    answers['diagnose'] = () => fail('host-missing');
    app = mount(Diagnostics, { target: document.body });
    await settled();
    expect(get('trouble').dataset['error']).toBe('host-missing');
    answers['diagnose'] = () => ok({ checks: checks.slice(0, 1) });
    await press('diagnostics-again');
    expect(get('diagnostics-summary').dataset['troubles']).toBe('0');
  });
});

it('settings of an administrator are shown, said to be theirs, and cannot be changed', async () => {
  await fakeBrowser.storage.local.set({ policy: { language: 'ja', loginSeconds: 1200, notices: false } });
  app = mount(Settings, { target: document.body });
  await settled();
  expect(['language', 'login-length', 'notices', 'stand-back'].map((id) => get<HTMLInputElement>(id).disabled)).toEqual([true, true, true, false]);
  expect(get<HTMLSelectElement>('login-length').value).toBe('1200');
  expect(get('locked-loginSeconds').textContent).toContain('管理者が設定');
});

