import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDED, pause, timed, until } from '../scene/deadline.ts';
import { NONCE, RawPage } from '../scene/raw-page.ts';
import { stage } from '../scene/stage.ts';
import { PIN } from '../scene/token.ts';
import { type AuthenticationToken, isSignedFor } from '../scene/web-eid-signature.ts';

const scene = await stage();

const SITE = 'https://site.example';
const INNER = 'https://inner.example';
/** Longer than the ack of a cold worker takes. */
const SILENCE = 1500;
/** More than may wait for one another. */
const FRAMES = 8;

const frames = (url: string, count: number, attributes = '') => `<!doctype html><title>Site</title>${`<iframe ${attributes} src="${url}"></iframe>`.repeat(count)}`;
await scene.browser.site(SITE, {
  '/': frames(INNER, 1),
  '/many': frames(INNER, FRAMES),
  '/sandbox': frames(INNER, 1, 'sandbox="allow-scripts"'),
});
await scene.browser.site(INNER, { '/': '<!doctype html><title>Inner</title>' });

/** The page and what is said in each of its frames. */
async function framed(path: string): Promise<{ outer: RawPage; inner: RawPage[] }> {
  const page = await scene.browser.tab(SITE + path);
  const outer = await RawPage.listen(page);
  const inner = await Promise.all(page.frames().slice(1).map((frame) => RawPage.listen(frame)));
  return { outer, inner };
}

async function signsIn(): Promise<void> {
  const portal = await scene.portalPage();
  await portal.pressSignIn();
  const prompt = await scene.browser.prompt();
  await prompt.enterPin(PIN);
  assert.equal((await portal.holder()).holder, '山田 太郎');
}

test('a frame of another site asks in its own name', BOUNDED, async () => {
  const { outer, inner } = await framed('/');
  await inner[0]?.authenticate();
  const prompt = await (await scene.browser.prompt()).view('enter-pin');
  assert.equal(await prompt.origin(), INNER);
  await prompt.enterPin(PIN);
  const token = (await inner[0]?.answer('web-eid:authenticate')) as unknown as AuthenticationToken;
  assert.ok(isSignedFor(token, INNER, NONCE));
  assert.ok(!isSignedFor(token, SITE, NONCE));
  assert.deepEqual(await outer.heard('web-eid:authenticate-success'), [], 'the page around it hears nothing');
});

test('a sandboxed frame has no name to ask in', BOUNDED, async () => {
  const { inner } = await framed('/sandbox');
  await inner[0]?.authenticate();
  assert.equal(await inner[0]?.failure('web-eid:authenticate'), 'ERR_WEBEID_NATIVE_INVALID_ARGUMENT');
  assert.equal(scene.browser.promptPages().length, 0);
});

test('a request from another window is not answered', BOUNDED, async () => {
  const page = await scene.browser.tab(SITE);
  const raw = await RawPage.listen(page);
  const request = { action: 'web-eid:authenticate', libraryVersion: '2.0.0', challengeNonce: NONCE };
  await page.frames()[1]?.evaluate((message) => window.parent.postMessage(message, '*'), request);
  await page.evaluate((message) => {
    // A window that shares our origin, but is not the one spoken to.
    const other = document.body.appendChild(document.createElement('iframe')).contentWindow as Window & typeof globalThis;
    const script = other.document.createElement('script');
    script.textContent = `parent.postMessage(${JSON.stringify(message)}, '*')`;
    other.document.body.append(script);
  }, request);
  await pause(SILENCE);
  assert.equal((await raw.heard('web-eid:authenticate')).length, 2, 'both requests have arrived');
  assert.deepEqual(await raw.heard('web-eid:authenticate-ack'), []);
  assert.equal(scene.browser.promptPages().length, 0);

  await raw.authenticate();
  await raw.hear('web-eid:authenticate-ack');
});

test('an origin that the page supplies is ignored: the portal finds its own in the signature', BOUNDED, async () => {
  const { page } = await scene.portalPage();
  const raw = await RawPage.listen(page);
  const ask = (path: string, body: unknown) =>
    page.evaluate(
      async ([to, what]) => {
        const response = await fetch(to, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(what) });
        return { status: response.status, answer: await response.json() };
      },
      [path, body] as const,
    );
  const { answer } = await ask('/api/challenge', {});
  await raw.authenticate({ challengeNonce: answer.nonce, origin: 'https://bank.example', options: { origin: 'https://bank.example' } });
  const prompt = await (await scene.browser.prompt()).view('enter-pin');
  assert.equal(await prompt.origin(), scene.portal.origin);
  await prompt.enterPin(PIN);
  const { action: _, ...authToken } = await raw.answer('web-eid:authenticate');
  const login = await ask('/api/login', { authToken });
  assert.equal(login.status, 200, JSON.stringify(login.answer));
});

test('two tabs at once: one window, one after the other, each for its own site', BOUNDED, async () => {
  const portal = await scene.portalPage();
  await portal.pressSignIn();
  const first = await (await scene.browser.prompt()).view('enter-pin');
  const other = await RawPage.listen(await scene.browser.tab(INNER));
  await other.authenticate();
  await other.hear('web-eid:authenticate-ack');
  await first.part('others-waiting').waitFor();
  assert.equal(await first.origin(), scene.portal.origin);
  assert.equal(scene.browser.promptPages().length, 1);

  await first.enterPin(PIN);
  assert.equal((await portal.holder()).holder, '山田 太郎');
  const second = await scene.browser.prompt();
  await second.page.locator(`[data-origin="${INNER}"]`).waitFor();
  await second.enterPin(PIN);
  const token = (await other.answer('web-eid:authenticate')) as unknown as AuthenticationToken;
  assert.ok(isSignedFor(token, INNER, NONCE));
});

test('a flood of requests opens one window and harms nobody', BOUNDED, async () => {
  const page = await scene.browser.tab(INNER);
  const raw = await RawPage.listen(page);
  await page.evaluate((challengeNonce) => {
    const actions = ['authenticate', 'status', 'get-signing-certificate', 'sign'];
    for (let count = 0; count < 1000; count += 1) {
      window.postMessage({ action: `web-eid:${actions[count % actions.length]}`, libraryVersion: '2.0.0', challengeNonce }, '*');
    }
  }, NONCE);
  const prompt = await (await scene.browser.prompt()).view('enter-pin');
  assert.equal((await raw.heard('web-eid:authenticate-ack')).length, 1);
  assert.ok((await timed(() => page.evaluate(() => document.title))).took < 2000, 'the page is alive');
  assert.equal(scene.browser.promptPages().length, 1);
  assert.equal(scene.host.processes().length, 1);
  await page.close();
  await prompt.closed();
  await scene.browser.noPrompt();
  await signsIn();
});

test('many frames at once: one window, a few wait, the others are refused', BOUNDED, async () => {
  const { inner } = await framed('/many');
  await Promise.all(inner.map((frame) => frame.authenticate()));
  const prompt = await (await scene.browser.prompt()).view('enter-pin');
  const refusals = async () => (await Promise.all(inner.map((frame) => frame.heard('web-eid:authenticate-failure')))).flat();
  await until('the refusals', async () => (await refusals()).length === FRAMES - 5);
  await prompt.part('others-waiting').filter({ hasText: /4 件/ }).waitFor();
  await pause(SILENCE);
  const refused = await refusals();
  assert.equal(refused.length, FRAMES - 5);
  for (const { message } of refused) assert.equal((message['error'] as { code: string }).code, 'ERR_WEBEID_UNKNOWN_ERROR');
  assert.equal(scene.browser.promptPages().length, 1);
});
