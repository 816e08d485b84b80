/** What must hold for a key on P-256, on a token of another maker, in every browser. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDED, until } from './deadline.ts';
import type { AnyBrowser } from './either-browser.ts';
import type { HandshakeBrowser } from './handshake-browser.ts';
import type { Scene } from './scene.ts';
import { signIn } from './sign-in.ts';
import { TLS_VERSIONS, type TlsPortal } from './tls-portal.ts';
import { HOLDER, PIN } from './token.ts';

/** The portal takes from such a key only what is ES256. */
export function curveSignInTest(scene: Scene<AnyBrowser>): void {
  test('a key on a curve, by a page that asks: the portal knows the holder, and takes a signed document', BOUNDED, async () => {
    const portal = await scene.portalPage();
    await signIn(scene, portal);

    await portal.pressSign();
    const choice = await (await scene.browser.prompt()).view('choose-certificate');
    await choice.goOn();
    await choice.closed();
    const signing = await scene.browser.prompt();
    await signing.grant();
    await signing.enterPin(PIN);
    assert.deepEqual(await portal.signature(), { signer: HOLDER.holder, algorithm: 'ES256 (ECC, SHA-256)' });
  });
}

export function curveHandshakeTests(browser: () => HandshakeBrowser, portal: TlsPortal): void {
  for (const version of TLS_VERSIONS) {
    test(`a key on a curve, TLS ${version}: the PIN in our window opens the page`, BOUNDED, async () => {
      const visit = await browser().visit(`${portal.origin(version)}/`);
      await (await browser().question()).enterPin(PIN);
      const sight = await until('the holder', async () => {
        const seen = await visit.sight();
        return seen.page === 'holder' ? seen : null;
      });
      const { holder, certificateId } = HOLDER;
      assert.deepEqual(sight, { page: 'holder', holder, certificateId, tlsVersion: `TLS ${version}` });
      await browser().logOut();
    });
  }
}
