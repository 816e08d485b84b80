// The page side of the Web eID protocol, with a window and a clock of the
// test's own. Run by tests/page_script.rs; needs nothing newer than Node 18.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, mock, test } from 'node:test';

const SECOND = 1000;

const SCRIPT = readFileSync(new URL('../pages/web-eid-page.js', import.meta.url), 'utf8');

const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };

let now;
let timers;
let listeners;
let posted;
let page;
let copies = 0;

beforeEach(async () => {
  now = 0;
  timers = [];
  globalThis.setTimeout = (act, delay, ...rest) => {
    const timer = { due: now + delay, act: () => act(...rest) };
    timers.push(timer);
    return timer;
  };
  globalThis.clearTimeout = (cleared) => { timers = timers.filter((timer) => timer !== cleared); };
  listeners = [];
  posted = [];
  globalThis.window = {
    isSecureContext: true,
    addEventListener: (type, listener) => { if (type === 'message') listeners.push(listener); },
    // A message comes back to the window's own listeners, as in a browser.
    postMessage: (message, target) => { posted.push({ message, target }); receive(message); },
  };
  // A fresh copy each time: the module keeps what is pending.
  copies += 1;
  page = await import(`data:text/javascript,${encodeURIComponent(SCRIPT)}//${copies}`);
});

afterEach(() => Object.assign(globalThis, real));

const receive = (data) => listeners.forEach((listener) => listener({ data }));

/** Lets time go by: everything that falls due runs, and what follows from it. */
async function pass(milliseconds) {
  now += milliseconds;
  const due = timers.filter((timer) => timer.due <= now);
  timers = timers.filter((timer) => timer.due > now);
  due.sort((a, b) => a.due - b.due).forEach((timer) => timer.act());
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

/** What became of a promise so far. */
function watch(promise) {
  const seen = { state: 'pending' };
  promise.then(
    (value) => Object.assign(seen, { state: 'resolved', value }),
    (error) => Object.assign(seen, { state: 'rejected', error, code: error.code }),
  );
  return seen;
}

const CALLS = [
  {
    action: 'web-eid:status',
    call: () => page.status(),
    request: {},
    patience: 6 * SECOND,
    reply: { library: '2.0.0', extension: '2.5.0', nativeApp: '2.9.0' },
  },
  {
    action: 'web-eid:authenticate',
    call: () => page.authenticate('nonce', { lang: 'ja' }),
    request: { challengeNonce: 'nonce', options: { lang: 'ja' } },
    patience: 126 * SECOND,
    reply: {
      unverifiedCertificate: 'c', algorithm: 'RS256', signature: 's', format: 'web-eid:1.0', appVersion: 'a',
    },
  },
  {
    action: 'web-eid:get-signing-certificate',
    call: () => page.getSigningCertificate({ userInteractionTimeout: 1000 }),
    request: { options: { userInteractionTimeout: 1000 } },
    patience: 8 * SECOND,
    reply: { certificate: 'c', supportedSignatureAlgorithms: [] },
  },
  {
    action: 'web-eid:sign',
    call: () => page.sign('c', 'h', 'SHA-256'),
    request: { certificate: 'c', hash: 'h', hashFunction: 'SHA-256', options: undefined },
    patience: 246 * SECOND,
    reply: { signature: 's', signatureAlgorithm: { cryptoAlgorithm: 'RSA' } },
  },
];

for (const { action, call, request, patience, reply } of CALLS) {
  test(`${action}: waits for the extension to load, posts, returns the listed fields only`, async () => {
    const seen = watch(call());
    await pass(999);
    assert.equal(posted.length, 0);
    await pass(1);
    assert.equal(posted.length, 1);
    const { message: { action: name, libraryVersion, ...members }, target } = posted[0];
    assert.equal(name, action);
    assert.match(libraryVersion, /^2\.\d+\.\d+$/);
    assert.deepEqual(members, request);
    assert.equal(target, '*');

    receive({ action: `${action}-ack` });
    await pass(5 * SECOND);
    assert.equal(seen.state, 'pending');
    receive({ ...reply, action: `${action}-success`, extra: 1 });
    await pass(0);
    assert.deepEqual(seen, { state: 'resolved', value: reply });
  });

  test(`${action}: without an acknowledgement within a second there is no extension`, async () => {
    const seen = watch(call());
    await pass(SECOND);
    await pass(999);
    assert.equal(seen.state, 'pending');
    await pass(1);
    assert.equal(seen.code, 'ERR_WEBEID_EXTENSION_UNAVAILABLE');
    // A late answer finds nobody; the next call is free to go.
    receive({ ...reply, action: `${action}-success` });
    const again = watch(call());
    await pass(0);
    assert.equal(posted.length, 2);
    assert.equal(again.state, 'pending');
  });

  test(`${action}: an acknowledged request waits ${patience} ms and no longer`, async () => {
    const seen = watch(call());
    await pass(SECOND);
    receive({ action: `${action}-ack` });
    await pass(patience - 1);
    assert.equal(seen.state, 'pending');
    await pass(1);
    assert.equal(seen.code, 'ERR_WEBEID_ACTION_TIMEOUT');
  });

  test(`${action}: one of a kind at a time`, async () => {
    const [first, second] = [watch(call()), watch(call())];
    await pass(SECOND);
    assert.equal(first.state, 'pending');
    assert.equal(second.code, 'ERR_WEBEID_ACTION_PENDING');
    assert.equal(posted.length, 1);
    receive({ action: `${action}-failure`, error: { code: 'ERR_WEBEID_USER_CANCELLED', message: 'no' } });
    await pass(0);
    assert.equal(first.code, 'ERR_WEBEID_USER_CANCELLED');
    const third = watch(call());
    await pass(0);
    assert.equal(third.state, 'pending');
  });

  test(`${action}: an insecure page posts nothing`, async () => {
    window.isSecureContext = false;
    const seen = watch(call());
    await pass(SECOND);
    assert.equal(seen.code, 'ERR_WEBEID_CONTEXT_INSECURE');
    assert.equal(posted.length, 0);
  });
}

test('different kinds may be open together', async () => {
  const seen = CALLS.map(({ call }) => watch(call()));
  await pass(SECOND);
  assert.equal(posted.length, 4);
  receive({ action: 'web-eid:sign-ack' });
  receive({ ...CALLS[3].reply, action: 'web-eid:sign-success' });
  await pass(0);
  assert.deepEqual(seen.map(({ state }) => state), ['pending', 'pending', 'pending', 'resolved']);
});

test('the timers of an answered request do not end the next one', async () => {
  const { reply } = CALLS[0];
  const first = watch(page.status());
  await pass(SECOND);
  // An answer counts even when its acknowledgement got lost.
  receive({ ...reply, action: 'web-eid:status-success' });
  await pass(500);
  assert.equal(first.state, 'resolved');
  const second = watch(page.status());
  await pass(0);
  receive({ action: 'web-eid:status-ack' });
  // Past the first one's ack timer (500 ms from here) and reply timer (5500 ms).
  await pass(5700);
  assert.equal(second.state, 'pending');
  receive({ ...reply, action: 'web-eid:status-success' });
  await pass(0);
  assert.deepEqual(second, { state: 'resolved', value: reply });
});

test('an empty parameter is missing, before anything else is looked at', async () => {
  window.isSecureContext = false;
  const seen = [
    page.authenticate(''), page.authenticate(),
    page.sign('', 'h', 'f'), page.sign('c', '', 'f'), page.sign('c', 'h', ''),
  ].map(watch);
  await pass(SECOND);
  assert.deepEqual(new Set(seen.map(({ code }) => code)), new Set(['ERR_WEBEID_MISSING_PARAMETER']));
});

test('errors keep their code and details only when the code is known', async () => {
  const cases = [
    [{ code: 'ERR_WEBEID_VERSION_MISMATCH', message: 'm', requiresUpdate: { extension: true } },
      { code: 'ERR_WEBEID_VERSION_MISMATCH', message: 'm', requiresUpdate: { extension: true } }],
    [{ code: 'ERR_WEBEID_NATIVE_FATAL', message: 'm', stack: 'there' },
      { code: 'ERR_WEBEID_NATIVE_FATAL', message: 'm', stack: 'there' }],
    [{ code: 'ERR_SOMETHING_ELSE', message: 'm', detail: 1 },
      { code: 'ERR_WEBEID_UNKNOWN_ERROR', message: 'm', detail: undefined }],
    [{ code: 'ERR_WEBEID_NATIVE_FATAL' }, { code: 'ERR_WEBEID_UNKNOWN_ERROR' }],
    [undefined, { code: 'ERR_WEBEID_UNKNOWN_ERROR' }],
  ];
  await pass(SECOND);
  for (const [error, expected] of cases) {
    const seen = watch(page.status());
    await pass(0);
    receive({ action: 'web-eid:status-failure', error });
    await pass(0);
    assert.equal(seen.state, 'rejected');
    assert.ok(seen.error instanceof Error);
    for (const [member, value] of Object.entries(expected)) assert.deepEqual(seen.error[member], value);
  }
});

test('messages of others are none of our business', async () => {
  const seen = watch(page.status());
  await pass(SECOND);
  for (const data of [null, 'text', 7, {}, { action: 7 }, { action: 'status-success' },
    { action: 'web-eid:status' }, { action: 'web-eid:sign-success' }, { action: 'web-eid:status-other' },
    { action: 'web-eid:warning', warnings: 'no list' }]) receive(data);
  await pass(0);
  assert.equal(seen.state, 'pending');
});

test('a warning is shown once', () => {
  const warn = mock.method(console, 'warn', () => {});
  receive({ action: 'web-eid:warning', warnings: ['old', 'old', 7] });
  receive({ action: 'web-eid:warning', warnings: ['old', 'new'] });
  assert.deepEqual(warn.mock.calls.map((call) => call.arguments), [['old'], ['new']]);
});
