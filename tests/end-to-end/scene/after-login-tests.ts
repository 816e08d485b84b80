/**
 * What a browser goes on with when a login has ended, at a site that keeps connections and TLS sessions: measured, and held
 * to what the README says. None of it is a new signature: that always takes the token and the PIN.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDED, PATIENCE, until } from './deadline.ts';
import type { BrowserKind } from './host.ts';
import type { HandshakeScene } from './handshake-scene.ts';
import type { Visit } from './handshake-browser.ts';
import type { KeepingSite } from './keeping-site.ts';
import { TLS_VERSIONS } from './tls-portal.ts';
import { PIN } from './token.ts';

/** How a login ends. */
type End = 'log-out' | 'pulled out';

interface Kept {
  /** A new connection goes on with an older one's TLS session. */
  readonly session: boolean;
}

/** Open connections go on everywhere here. When the token is pulled out Firefox mostly ends them, but not in every run. */
const KEPT: Readonly<Record<BrowserKind, Readonly<Partial<Record<End, Kept>>>>> = {
  chromium: {
    'log-out': { session: true },
    'pulled out': { session: true },
  },
  firefox: {
    'log-out': { session: false },
  },
};

export function afterLoginTests(scene: HandshakeScene<KeepingSite>): void {
  for (const version of TLS_VERSIONS) {
    for (const end of ['log-out', 'pulled out'] as const) {
      const kept = KEPT[scene.kind][end];
      if (!kept) continue;
      const name = `${scene.kind}, TLS ${version}, ${end}: open connections stay, the TLS session ${kept.session ? 'goes on' : 'does not'}`;
      test(name, BOUNDED, async (context) => {
        await scene.portal.moveHouse();
        const visit = await scene.visit(version);
        await (await scene.browser.question()).enterPin(PIN);
        await until('the page', async () => (await visit.sight()).page === 'holder');
        if (end === 'log-out') await scene.browser.logOut();
        else {
          await scene.token.remove();
          context.after(() => scene.token.insert());
        }
        scene.portal.loginEnds();
        // It may be busy with a request of the browser's own.
        await until('a request on the open connection', async () => (await way(visit)) === 'kept connection');

        scene.portal.closeConnections();
        const answer = way(visit);
        if (!kept.session) await (await scene.browser.question()).enterPin(PIN);
        assert.equal(await answer, kept.session ? 'resumed session' : 'signature');
      });
    }
  }
}

async function way(visit: Visit): Promise<string> {
  return (await visit.fetch('/way', 2 * PATIENCE)) ?? 'nothing';
}
