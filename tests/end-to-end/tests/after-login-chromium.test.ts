import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterLoginTests } from '../scene/after-login-tests.ts';
import { BOUNDED, until } from '../scene/deadline.ts';
import { handshakeStage } from '../scene/handshake-scene.ts';
import { KeepingSite } from '../scene/keeping-site.ts';
import { TLS_VERSIONS } from '../scene/tls-portal.ts';
import { PIN } from '../scene/token.ts';

const scene = await handshakeStage('chromium', { site: KeepingSite.start });

afterLoginTests(scene);

for (const version of TLS_VERSIONS) {
  test(`chromium, TLS ${version}: nobody is asked for a connection ahead of any request`, BOUNDED, async () => {
    const { browser, portal } = scene;
    await portal.moveHouse();
    const visit = await scene.visit(version);
    await (await browser.question()).enterPin(PIN);
    await scene.shows(visit, 'holder');
    await browser.logOut();
    portal.forgetSessions();
    portal.closeConnections();

    const before = portal.broken;
    await browser.visit(portal.pageThatConnectsAhead(version));
    await until('the end of the handshake ahead', async () => {
      assert.equal(await browser.asks(), false);
      return portal.broken > before;
    });
    assert.equal(await browser.asks(), false);

    await visit.again();
    await (await browser.question()).enterPin(PIN);
    await scene.shows(visit, 'holder');
  });
}
