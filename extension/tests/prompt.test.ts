import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import App from '../entrypoints/prompt/App.svelte';
import type { FromWindow, ToWindow } from '../lib/prompt-window';
import type { OperationName, View } from '../lib/protocol';
import { madeVisible } from '../lib/card-text';
import { makeError } from '../lib/errors';
import { certificate, changePin, enterPin, expired, site, token } from './samples';

let app: ReturnType<typeof mount> & { receive(message: ToWindow): void };
let sent: FromWindow[];
let close: ReturnType<typeof vi.fn<() => void>>;

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  close = vi.fn<() => void>();
  document.body.innerHTML = '';
  app = mount(App, { target: document.body, props: { send: (message: FromWindow) => sent.push(message), close } }) as typeof app;
});
afterEach(() => unmount(app));

async function show(view: View, prompt = 1, name: OperationName = 'authenticate'): Promise<void> {
  app.receive({ waiting: 0, shown: { kind: 'prompt', operation: 'one', name, site, login: name === 'log-in' ? { connecting: [], seconds: 600 } : null, prompt, view } });
  flushSync();
  await vi.advanceTimersByTimeAsync(500);
  flushSync();
}

const all = (id: string) => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];
const get = <E extends HTMLElement = HTMLElement>(id: string) => {
  const [element] = all(id);
  if (!element) throw new Error(`nothing has the test id ${id}`);
  return element as E;
};
const pin = () => get<HTMLInputElement>('pin');
const primary = () => get<HTMLButtonElement>('primary');

function type(value: string): void {
  pin().value = value;
  pin().dispatchEvent(new Event('input', { bubbles: true }));
  flushSync();
}

function submit(): void {
  document.querySelector('form')?.dispatchEvent(new SubmitEvent('submit', { bubbles: true, cancelable: true }));
  flushSync();
}

describe('the PIN', () => {
  it('goes out once with the only certificate, and the field is empty at once', async () => {
    await show(enterPin({ certificates: [certificate, expired] }));
    expect(document.activeElement).toBe(pin());
    expect(get('tries-left').textContent).toContain('あと 10 回');
    type('12345678');
    submit();
    expect(sent).toEqual([
      { type: 'answer', operation: 'one', prompt: 1, answer: { certificate: certificate.id, token: certificate.token, pin: '12345678', lastTryConfirmed: false } },
    ]);
    expect(pin().value).toBe('');
    submit();
    expect(sent).toHaveLength(1);
    expect(primary().disabled).toBe(true);
  });

  // happy-dom, like browsers, turns a click that nobody prevents into a submission of the browser's own, which Firefox's password store would see.
  it.each([
    ['a login', enterPin()],
    ['a change', changePin()],
  ])('of %s is never submitted by the browser itself, which would offer to save it', async (_, view) => {
    await show(view);
    const submissions: boolean[] = [];
    document.querySelector('form')?.addEventListener('submit', (event) => submissions.push(event.isTrusted));
    const click = new MouseEvent('click', { bubbles: true, cancelable: true });
    primary().dispatchEvent(click);
    expect(click.defaultPrevented).toBe(true);
    expect(submissions).toHaveLength(1);
  });

  it('is asked for an expired certificate that the browser has chosen, and the card says that it is', async () => {
    await show(enterPin({ certificates: [{ ...expired, state: 'usable' }] }));
    expect(get('certificate-state').textContent).toBe('期限切れ');
    type('12345678');
    submit();
    expect(sent).toHaveLength(1);
  });

  it('stays out of sight while the card works, in the same form', async () => {
    await show(enterPin());
    const before = get('enter-pin');
    type('12345678');
    submit();
    await show({ kind: 'working', stage: 'signing' }, 2);
    expect(get('enter-pin')).toBe(before);
    expect(primary().textContent?.trim()).toBe('トークンで署名しています…');
    expect(pin().disabled).toBe(true);
  });

  it('is typed at a token that has keys for it: no field, and no PIN is sent', async () => {
    const padded = { ...token, pinPad: true };
    await show(enterPin({ tokens: [padded] }));
    expect(all('pin')).toEqual([]);
    expect(get('pin-at-token').textContent).toBe('次に進むと、トークンのキーで PIN を入力できます。');
    submit();
    expect(sent).toMatchObject([{ prompt: 1, answer: { certificate: certificate.id, token: token.id, pin: '' } }]);
    await show({ kind: 'working', stage: 'pin-at-token' }, 2);
    expect(primary().textContent?.trim()).toBe('トークンのキーで PIN を入力してください…');
    await show(enterPin({ tokens: [padded], notice: 'wrong-pin', chosen: { certificate: certificate.id, token: token.id } }), 3);
    expect(get('pin-message').textContent).toBe('PIN が違います。もう一度入力してください。');
  });

  it('that was wrong is asked again: said, counted, emptied, focused', async () => {
    await show(enterPin());
    type('99999999');
    submit();
    await show({ kind: 'working', stage: 'verifying-pin' }, 2);
    await show(enterPin({ notice: 'wrong-pin', chosen: { certificate: certificate.id, token: certificate.token } }, { triesLeft: 9 }), 3);
    expect(get('pin-message').textContent).toBe('PIN が違います。もう一度入力してください。');
    expect(get('tries-left').textContent).toContain('あと 9 回');
    expect(get('tries-left').dataset['level']).toBe('calm');
    expect(pin().value).toBe('');
    expect(document.activeElement).toBe(pin());
    type('1');
    expect(all('pin-message')).toEqual([]);
  });

  it('that is half typed survives a change of the list around it', async () => {
    await show(enterPin());
    type('1234');
    await show(enterPin({ certificates: [certificate, expired] }), 2);
    expect(pin().value).toBe('1234');
    type('12345678');
    submit();
    expect(sent).toMatchObject([{ prompt: 2, answer: { pin: '12345678' } }]);
  });

  it.each([
    ['\uFF11\uFF12\uFF13\uFF14', 'full-width', true],
    ['パスワード', 'full-width', true],
    ['12é456', 'not-ascii', true],
    ['1'.repeat(17), 'too-long', true],
    ['123', 'too-short', false],
    ['', 'empty', false],
  ])('%j is explained before the card is asked: %s', async (value, trouble, atOnce) => {
    await show(enterPin());
    type(value);
    if (atOnce) expect(get('pin-message').dataset['trouble']).toBe(trouble);
    submit();
    expect(get('pin-message').dataset['trouble']).toBe(trouble);
    expect(sent).toEqual([]);
    expect(pin().value).toBe(value);
  });

  it('tells of Caps Lock', async () => {
    await show(enterPin());
    const key = new KeyboardEvent('keydown', { key: 'A' });
    Object.assign(key, { getModifierState: () => true });
    window.dispatchEvent(key);
    flushSync();
    expect(get('pin-caps-lock').textContent).toContain('Caps Lock');
  });

  it('is seen only while the eye is pressed', async () => {
    await show(enterPin());
    expect(pin().type).toBe('password');
    get('pin-show').dispatchEvent(new Event('pointerdown', { bubbles: true }));
    flushSync();
    expect(pin().type).toBe('text');
    get('pin-show').dispatchEvent(new Event('pointerleave'));
    flushSync();
    expect(pin().type).toBe('password');
  });

  it('comes from the soft keyboard alone while that is on', async () => {
    await show(enterPin());
    get('soft-keyboard-toggle').click();
    flushSync();
    expect(pin().readOnly).toBe(true);
    const keys = all('soft-key');
    const digits = keys.slice(0, 10).map(({ dataset }) => dataset['key']);
    expect(digits.toSorted()).toEqual([...'0123456789']);
    const letters = keys.slice(10, 36).map(({ dataset }) => dataset['key']);
    expect(letters.toSorted()).toEqual([...'abcdefghijklmnopqrstuvwxyz']);
    expect(letters).not.toEqual(letters.toSorted());
    for (const wanted of ['4', '2', 'a', 'b']) keys.find(({ dataset }) => dataset['key'] === wanted)?.click();
    get('soft-key-delete').click();
    flushSync();
    expect(pin().value).toBe('42a');
    expect(keys.filter(({ tabIndex }) => tabIndex === 0)).toHaveLength(1);
  });
});

describe('the last try', () => {
  it('needs its box ticked, for each question anew', async () => {
    await show(enterPin({}, { triesLeft: 1 }));
    expect(get('tries-left').dataset['level']).toBe('red');
    type('12345678');
    expect(primary().disabled).toBe(true);
    submit();
    expect(sent).toEqual([]);

    get('last-try-confirm').click();
    flushSync();
    expect(primary().disabled).toBe(false);
    submit();
    expect(sent).toMatchObject([{ answer: { lastTryConfirmed: true } }]);

    await show(enterPin({ notice: 'last-try-not-confirmed', chosen: { certificate: certificate.id, token: certificate.token } }, { triesLeft: 1 }), 2);
    expect(get<HTMLInputElement>('last-try-confirm').checked).toBe(false);
    expect(primary().disabled).toBe(true);
  });

  it.each([
    [4, 'calm'],
    [3, 'amber'],
    [2, 'amber'],
    [null, 'calm'],
  ])('is not yet with %j tries left: %s, no box', async (triesLeft, level) => {
    await show(enterPin({}, { triesLeft }));
    expect(get('tries-left').dataset['level']).toBe(level);
    expect(all('last-try-confirm')).toEqual([]);
  });

  it('once gone leaves a locked token: no field, what to do instead', async () => {
    const locked = enterPin({}, { triesLeft: 0, locked: true });
    await show(locked);
    expect(all('pin')).toEqual([]);
    expect(get('token-locked').textContent).toContain('「ロックの解除」');
    await show({ ...locked, tokens: locked.tokens.map((one) => ({ ...one, canUnblock: false })) }, 2);
    expect(get('token-locked').textContent).not.toContain('PUK');
    expect(get('token-locked').textContent).toContain('窓口に連絡');
    expect(all('primary')).toEqual([]);
    submit();
    expect(sent).toEqual([]);
  });
});

describe('a new PIN', () => {
  function fill(values: { pin?: string; 'new-pin'?: string; 'again-pin'?: string }): void {
    for (const [name, value] of Object.entries(values)) {
      const field = get<HTMLInputElement>(name);
      field.value = value;
      field.dispatchEvent(new Event('input', { bubbles: true }));
    }
    flushSync();
  }

  it('goes out with the current one, and only the current one is forgotten when that was wrong', async () => {
    await show(changePin(), 1, 'change-pin');
    expect(document.activeElement).toBe(pin());
    expect(get('token-name').textContent).toContain('デモトークン');
    fill({ pin: '12345678', 'new-pin': 'Tw7-kd9Qz', 'again-pin': 'Tw7-kd9Qz' });
    submit();
    expect(sent).toEqual([{ type: 'answer', operation: 'one', prompt: 1, answer: { pin: '12345678', newPin: 'Tw7-kd9Qz', lastTryConfirmed: false } }]);
    await show({ kind: 'working', stage: 'changing-pin' }, 2, 'change-pin');
    expect(primary().disabled).toBe(true);
    await show(changePin({ notice: 'wrong-pin' }, { triesLeft: 9 }), 3, 'change-pin');
    expect(get('pin-message').textContent).toContain('PIN が違います');
    expect([pin().value, get<HTMLInputElement>('new-pin').value]).toEqual(['', 'Tw7-kd9Qz']);
    expect(document.activeElement).toBe(pin());
  });

  it.each([
    ['the same as the current one', '12345678', '12345678', 'new-pin', 'unchanged'],
    ['too short for this token', '12345', '12345', 'new-pin', 'too-short'],
    ['too long', '1'.repeat(17), '1'.repeat(17), 'new-pin', 'too-long'],
    ['full-width', '\uFF11\uFF12\uFF13\uFF14\uFF15\uFF16', '\uFF11\uFF12\uFF13\uFF14\uFF15\uFF16', 'new-pin', 'full-width'],
    ['not ASCII', 'pässwort', 'pässwort', 'new-pin', 'not-ascii'],
    ['not there', '', '', 'new-pin', 'empty'],
    ['not typed a second time', 'Tw7-kd9Qz', '', 'again-pin', 'empty'],
    ['typed differently the second time', 'Tw7-kd9Qz', 'Tw7-kd9QZ', 'again-pin', 'different'],
  ])('that is %s is refused before the card is asked', async (_, newPin, again, field, trouble) => {
    await show(changePin({ minimum: 6 }), 1, 'change-pin');
    fill({ pin: '12345678', 'new-pin': newPin, 'again-pin': again });
    submit();
    expect(get(`${field}-message`).dataset['trouble']).toBe(trouble);
    await vi.advanceTimersByTimeAsync(0);
    expect(document.activeElement).toBe(get(field));
    expect(sent).toEqual([]);
  });

  it('is measured while it is typed, against what stands on the token, too', async () => {
    await show(changePin(), 1, 'change-pin');
    expect(get('strength').dataset['level']).toBeUndefined();
    fill({ 'new-pin': '12345678' });
    expect([get('strength').dataset['level'], get('strength').textContent]).toEqual(['low', expect.stringContaining('低')]);
    fill({ 'new-pin': token.serial });
    expect(get('strength').dataset['weakness']).toBe('known');
    expect(get('weakness').textContent).toContain('トークンや証明書に書かれている');
    fill({ 'new-pin': 'Tw7-kd9Qz' });
    expect(get('strength').dataset['level']).toBe('high');
  });

  it('is typed with one soft keyboard, in the field that the person is in', async () => {
    await show(changePin(), 1, 'change-pin');
    get('soft-keyboard-toggle').click();
    flushSync();
    get('new-pin').focus();
    flushSync();
    expect(all('soft-keyboard')).toHaveLength(1);
    all('soft-key').find(({ dataset }) => dataset['key'] === '7')?.click();
    flushSync();
    expect([pin().value, get<HTMLInputElement>('new-pin').value]).toEqual(['', '7']);
  });

  it('for a locked token needs the PUK', async () => {
    const view = { ...changePin({}, { triesLeft: 0, locked: true }), kind: 'unblock-pin', notice: 'wrong-puk', puk: { triesLeft: 1, maximum: 3, locked: false } } as const;
    await show(view, 1, 'unblock-pin');
    expect(get('pin-message').textContent).toContain('PUK が違います');
    fill({ pin: '87654321', 'new-pin': 'Tw7-kd9Qz', 'again-pin': 'Tw7-kd9Qz' });
    submit();
    expect(sent).toEqual([]);
    get('last-try-confirm').click();
    flushSync();
    submit();
    expect(sent).toMatchObject([{ answer: { puk: '87654321', newPin: 'Tw7-kd9Qz', lastTryConfirmed: true } }]);
  });

  it('in doubt, because its token was pulled out: who gives up waiting is told so before the window goes', async () => {
    await show({ kind: 'waiting-for-token', reason: 'token-removed', readers: [], tokens: [], certificates: [] }, 2, 'change-pin');
    expect(get('waiting-advice').textContent).toContain('PIN が変わったかどうか');
    get('cancel').click();
    expect(sent).toEqual([{ type: 'cancel', operation: 'one' }]);
    expect(close).not.toHaveBeenCalled();
    app.receive({ waiting: 0, shown: { kind: 'failure', operation: 'one', name: 'change-pin', site: null, login: null, error: makeError('pin-change-uncertain') } });
    flushSync();
    get('close').click();
    expect(close).toHaveBeenCalled();
  });

  it.each([
    ['token-removed', 1],
    ['pin-change-uncertain', 0],
  ] as const)('that failed with %s: the old one is said to be valid %i times', (name, times) => {
    app.receive({ waiting: 0, shown: { kind: 'failure', operation: 'one', name: 'change-pin', site: null, login: null, error: makeError(name) } });
    flushSync();
    expect(all('old-pin-valid')).toHaveLength(times);
  });
});

it('a login for managing names the token, not its certificates', async () => {
  const view = enterPin({ certificates: [certificate, { ...certificate, id: 'e'.repeat(64) }] });
  app.receive({ waiting: 0, shown: { kind: 'prompt', operation: 'one', name: 'log-in', site: null, login: { connecting: [], seconds: 600, management: true }, prompt: 1, view } });
  flushSync();
  await vi.advanceTimersByTimeAsync(500);
  expect(get('operation').textContent).toBe('管理のためのログイン');
  expect([all('certificate-choice').length, all('connecting-sites').length]).toEqual([0, 0]);
  type('12345678');
  submit();
  expect(sent).toMatchObject([{ answer: { certificate: certificate.id, pin: '12345678' } }]);
});

describe('the choice', () => {
  it('of last time at this site is made already, and said to be', async () => {
    const view = enterPin({ certificates: [certificate, { ...certificate, id: 'c'.repeat(64) }] });
    app.receive({ waiting: 0, shown: { kind: 'prompt', operation: 'one', name: 'authenticate', site, login: null, remembered: 'c'.repeat(64), prompt: 1, view } });
    flushSync();
    expect(all('certificate-choice').map((choice) => (choice as HTMLInputElement).checked)).toEqual([false, true]);
    expect(get('choice-remembered').textContent).toContain('前回');
  });

  const other = { ...certificate, id: 'c'.repeat(64) };

  it('among several is the person’s: nothing is chosen before', async () => {
    await show(enterPin({ certificates: [certificate, other, expired] }));
    expect(document.activeElement).toBe(all('certificate-choice')[0]);
    expect(all('certificate-choice').some((choice) => (choice as HTMLInputElement).checked)).toBe(false);
    type('12345678');
    submit();
    expect(get('choice-missing').textContent).toBe('証明書を選んでください。');
    expect(sent).toEqual([]);
    all('certificate-choice')[1]?.click();
    flushSync();
    submit();
    expect(sent).toMatchObject([{ answer: { certificate: other.id } }]);
  });

  it('of the same certificate on two tokens is of one of the tokens, and stays after a wrong PIN', async () => {
    const twin = { ...token, id: 'ePass2003:02', label: '予備' };
    const both = { tokens: [token, { ...twin, pin: { ...token.pin, triesLeft: 4 } }], certificates: [certificate, { ...certificate, token: twin.id }] };
    await show(enterPin(both));
    all('certificate-choice')[1]?.click();
    flushSync();
    expect(get('tries-left').dataset.tries).toBe('4');
    type('12345678');
    submit();
    expect(sent).toMatchObject([{ answer: { certificate: certificate.id, token: twin.id } }]);
    unmount(app);
    app = mount(App, { target: document.body, props: { send: (message: FromWindow) => sent.push(message), close } }) as typeof app;
    await show(enterPin({ ...both, notice: 'wrong-pin', chosen: { certificate: certificate.id, token: twin.id } }), 2);
    expect(all('certificate-choice').map((choice) => (choice as HTMLInputElement).checked)).toEqual([false, true]);
    await show({ kind: 'waiting-for-token', reason: 'no-usable-certificate', readers: [], tokens: both.tokens, certificates: both.certificates.map((one) => ({ ...one, state: 'expired' as const })) }, 3);
    expect(all('certificate-card')).toHaveLength(2);
  });

  it('is not offered for what cannot be used; that is shown with its reason', async () => {
    await show({ kind: 'choose-certificate', tokens: [token], certificates: [certificate, expired] }, 1, 'select-certificate');
    expect(all('certificate-choice')).toHaveLength(1);
    expect(get('unusable-certificates').textContent).toContain('期限切れ');
    submit();
    expect(sent).toEqual([{ type: 'answer', operation: 'one', prompt: 1, answer: { certificate: certificate.id } }]);
  });

  it('cannot be made by a press that was meant for what stood here before', async () => {
    const view: View = { kind: 'choose-certificate', tokens: [token], certificates: [certificate] };
    app.receive({ waiting: 0, shown: { kind: 'prompt', operation: 'one', name: 'select-certificate', site, login: null, prompt: 1, view } });
    flushSync();
    submit();
    expect(sent).toEqual([]);
  });
});

describe('the window', () => {
  it('asks for a grant with the safe answer in focus', async () => {
    await show({ kind: 'grant-signing', certificate }, 1, 'sign');
    expect(document.activeElement).toBe(get('grant-deny'));
    expect(get('grant-danger').textContent).toContain('ほかのサイトにログイン');
    get('grant-allow').click();
    flushSync();
    expect(sent).toEqual([{ type: 'answer', operation: 'one', prompt: 1, answer: { grant: true } }]);
  });

  it.each([
    ['Escape', () => window.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }))],
    ['the button', () => get('cancel').click()],
  ])('is cancelled by %s', async (_, act) => {
    await show(enterPin());
    act();
    expect(sent).toEqual([{ type: 'cancel', operation: 'one' }]);
    expect(close).toHaveBeenCalled();
  });

  it('names the site as it reads, as it is, and an unusual port', async () => {
    const shown = { kind: 'prompt', operation: 'one', name: 'authenticate', login: null, prompt: 1, view: enterPin() } as const;
    app.receive({ waiting: 2, shown: { ...shown, site: { origin: 'https://xn--fiq228c5hs.example:8443', host: 'xn--fiq228c5hs.example', unicodeHost: '中文网.example', port: 8443 } } });
    flushSync();
    expect(get('site-host').textContent).toBe('中文网.example');
    expect(get('site-port').textContent).toBe(':8443');
    expect(get('site-punycode').textContent).toBe('xn--fiq228c5hs.example');
    expect(get('others-waiting').textContent).toContain('ほかに 2 件');
  });

  it('of a handshake names the one likely site as what it is: one that the browser connects to', async () => {
    await show(enterPin(), 1, 'log-in');
    expect(get('site-host').textContent).toBe('portal.example.jp');
    expect(get('operation').textContent).toContain('ブラウザが接続しているサイト');
    expect(all('connecting-sites')).toEqual([]);
    expect(primary().textContent?.trim()).toBe('ログイン');
    expect(get('login-lasts').textContent).toContain('この後 10 分間');
  });

  it.each([
    ['several', [{ origin: 'https://a.example', likely: true }, { origin: 'https://b.example:8443', likely: true }], []],
    ['some more likely than others', [{ origin: 'https://a.example', likely: true }, { origin: 'https://b.example:8443', likely: false }], ['a.example']],
  ])('of a handshake lists %s sites as such', (_, connecting, tagged) => {
    app.receive({ waiting: 0, shown: { kind: 'prompt', operation: 'one', name: 'log-in', site: null, login: { connecting, seconds: 600 }, prompt: 1, view: enterPin() } });
    flushSync();
    expect(all('site-origin')).toEqual([]);
    const rows = all('connecting-site');
    expect(rows.map((row) => row.querySelector('bdi')?.textContent)).toEqual(['a.example', 'b.example:8443']);
    expect(rows.filter((row) => row.textContent?.includes('可能性が高い')).map((row) => row.querySelector('bdi')?.textContent)).toEqual(tagged);
    expect(get('connecting-sites').textContent).toContain('ブラウザから分かりません');
  });

  it('of a handshake without any known site says that the browser did not tell', async () => {
    app.receive({ waiting: 0, shown: { kind: 'prompt', operation: 'one', name: 'log-in', site: null, login: { connecting: [], seconds: 0 }, prompt: 1, view: enterPin() } });
    flushSync();
    expect(get('connecting-unknown').textContent).toContain('ブラウザから分かりません');
    expect(get('operation').textContent).toContain('ブラウザが');
    expect(get('login-lasts').textContent).toContain('この接続にだけ');
    await vi.advanceTimersByTimeAsync(0);
    expect(document.activeElement).toBe(pin());
  });

  it('shows a failure as situation, advice and code, and closes', async () => {
    const error = makeError('token-refused', { statusWord: '6A88' });
    app.receive({ waiting: 0, shown: { kind: 'failure', operation: 'one', name: 'sign', site, login: null, error } });
    flushSync();
    expect(get('trouble-situation').textContent).toBe('トークンが操作を受け付けませんでした。');
    expect(get('trouble-advice').textContent).toContain('挿し直して');
    expect(get('trouble-code').textContent).toBe('コード 314 token-refused 6A88');
    app.receive({ gone: true });
    flushSync();
    expect(get('trouble').dataset['error']).toBe('token-refused');
    get('close').click();
    expect(close).toHaveBeenCalled();
    expect(sent).toEqual([]);
  });

  it('left over from a restart says so and asks nothing more', async () => {
    await show(enterPin());
    app.receive({ gone: true });
    flushSync();
    expect(get('trouble').dataset['code']).toBe('702');
    expect(all('pin')).toEqual([]);
    get('close').click();
    expect(sent).toEqual([]);
  });

  it('treats texts of a card as data', async () => {
    const holder = '山田\u202E\u200B<img src=x>\u0007';
    await show(enterPin({ certificates: [{ ...certificate, holder }] }));
    expect(get('certificate-holder').textContent?.trim()).toBe('山田⟨202E⟩⟨200B⟩<img src=x>⟨0007⟩');
    expect(document.querySelector('[src="x"]')).toBeNull();
    expect(madeVisible('山田 太郎 ePass2003')).toBe('山田 太郎 ePass2003');
  });
});
