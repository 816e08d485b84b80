/** What must hold in TLS handshakes, in every browser and with every version of TLS. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDED, pause, until } from './deadline.ts';
import { type HandshakeScene, NSS_TRUST } from './handshake-scene.ts';
import { OtherTraffic } from './other-traffic.ts';
import { TLS_VERSIONS, type TlsVersion } from './tls-portal.ts';
import { PIN, WRONG_PIN } from './token.ts';

/** How long a person looks at the window, in milliseconds. */
const THINKING = 8_000;

const holder = (version: TlsVersion) => ({ page: 'holder', holder: '山田 太郎', certificateId: 'FC12345678', tlsVersion: `TLS ${version}` });

export function handshakeTests(scene: HandshakeScene): void {
  for (const version of TLS_VERSIONS) {
    const name = (what: string) => `${scene.kind}, TLS ${version}: ${what}`;

    test(name('the PIN in our window opens the page, further pages need none, and after the log-out it is asked again'), BOUNDED, async () => {
      const first = await scene.visit(version);
      const question = await scene.browser.question();
      await question.photograph(`tls-${scene.kind}-${version}-pin-window`);
      await question.enterPin(PIN);
      assert.deepEqual(await scene.shows(first, 'holder'), holder(version));
      await question.closed();

      const second = await scene.visit(version);
      assert.deepEqual(await scene.shows(second, 'holder'), holder(version));
      assert.equal(await scene.browser.asks(), false);
      await scene.browser.photographPopup(`tls-${scene.kind}-${version}-open-login`);

      await scene.browser.logOut();
      const third = await scene.visit(version);
      await (await scene.browser.question()).enterPin(PIN);
      assert.deepEqual(await scene.shows(third, 'holder'), holder(version));
    });

    test(name('a wrong PIN keeps the window open, and the right one then opens the page'), BOUNDED, async () => {
      const visit = await scene.visit(version);
      const question = await scene.browser.question();
      await question.enterPin(WRONG_PIN);
      await question.rejected();
      await question.photograph(`tls-${scene.kind}-${version}-wrong-pin`);
      await question.enterPin(PIN);
      assert.deepEqual(await scene.shows(visit, 'holder'), holder(version));
    });

    test(name('cancelled: a page says so, and its button asks again'), BOUNDED, async () => {
      const visit = await scene.visit(version);
      const question = await scene.browser.question();
      await question.cancel();
      assert.deepEqual(await scene.shows(visit, 'ended'), { page: 'ended', error: 'cancelled' });
      await visit.photograph(`tls-${scene.kind}-${version}-cancelled`);
      await visit.tryAgain();
      await (await scene.browser.question()).enterPin(PIN);
      assert.deepEqual(await scene.shows(visit, 'holder'), holder(version));
    });

    test(name('pulled out while the window waits: it says so, and goes on when the token is back'), BOUNDED, async () => {
      const visit = await scene.visit(version);
      const question = await scene.browser.question();
      await scene.token.remove();
      await question.asksForToken();
      await scene.token.insert();
      await question.asksForPin();
      await question.enterPin(PIN);
      assert.deepEqual(await scene.shows(visit, 'holder'), holder(version));
    });

    test(name('a site known from before: the PIN is asked before the request goes out, and other traffic goes on'), BOUNDED, async () => {
      await signIn(scene, version);
      await scene.browser.logOut();
      const other = await OtherTraffic.start();
      try {
        await scene.browser.visit(other.address);
        await until('the other page', () => other.beats > 2);
        other.reset();
        const visit = await scene.visit(version);
        const question = await scene.browser.question();
        await pause(THINKING);
        await question.enterPin(WRONG_PIN);
        await question.rejected();
        await question.enterPin(PIN);
        assert.deepEqual(await scene.shows(visit, 'holder'), holder(version));
        assert.ok(other.longestPause < THINKING, `other traffic stood still for ${other.longestPause} ms`);
      } finally {
        other.stop();
      }
    });

    test(name('a site known from before, cancelled: no request goes out, and our page offers to try again'), BOUNDED, async () => {
      await signIn(scene, version);
      await scene.browser.logOut();
      const visit = await scene.visit(version);
      await (await scene.browser.question()).cancel();
      assert.deepEqual(await scene.shows(visit, 'ended'), { page: 'ended', error: 'cancelled' });
      await visit.tryAgain();
      await (await scene.browser.question()).enterPin(PIN);
      assert.deepEqual(await scene.shows(visit, 'holder'), holder(version));
    });
  }
}

/** Of a scene whose browser was started without token, on a computer that has not seen it yet. */
export function lateTokenTests(scene: HandshakeScene): void {
  const kind = scene.kind;

  test(`${kind}: a token that nobody has seen before, inserted after the browser's start, opens the page with the PIN`, BOUNDED, async () => {
    const early = await scene.visit('1.2');
    assert.deepEqual(await scene.shows(early, 'refusal'), { page: 'refusal', code: 'certificate_required' });
    await scene.token.insert();
    // Chromium answers a site as it did before until it is closed, which is with no certificate here: another site, then.
    if (kind === 'chromium') await pause(NSS_TRUST + 1_000);
    const visit = kind === 'firefox' ? early : await scene.visit('1.3');
    await scene.openUntilAsked(visit);
    await (await scene.browser.question()).enterPin(PIN);
    assert.deepEqual(await scene.openUntil(visit, 'holder'), holder(kind === 'firefox' ? '1.2' : '1.3'));
  });

  test(`${kind}: browser and token are both new to each other, but not to the computer: the page asks for the token`, BOUNDED, async () => {
    await scene.token.remove();
    await scene.restartBrowser();
    for (const version of TLS_VERSIONS) {
      const visit = await scene.visit(version);
      const question = await scene.browser.questionForToken();
      if (version === '1.2') await question.photograph(`tls-${kind}-token-wanted`);
      await scene.token.insert();
      await question.asksForPin();
      await question.enterPin(PIN);
      assert.deepEqual(await scene.shows(visit, 'holder'), holder(version));
      // The login has gone with the token: the next page asks for both.
      await scene.token.remove();
    }
  });

  test(`${kind}: another token in its place is not asked for the PIN`, BOUNDED, async () => {
    await scene.token.renew();
    const visit = await scene.visit('1.3');
    const question = await scene.browser.question();
    await scene.token.renew({ kind: 'two-certificates' });
    await question.asksForToken();
    await scene.token.renew();
    await question.asksForPin();
    await question.enterPin(PIN);
    assert.deepEqual(await scene.shows(visit, 'holder'), holder('1.3'));
  });
}

async function signIn(scene: HandshakeScene, version: TlsVersion): Promise<void> {
  const visit = await scene.visit(version);
  await (await scene.browser.question()).enterPin(PIN);
  assert.deepEqual(await scene.shows(visit, 'holder'), holder(version));
}
