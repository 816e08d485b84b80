/** Signing in to the portal, where nothing else is to happen. */
import assert from 'node:assert/strict';
import type { AnyBrowser } from './either-browser.ts';
import type { Scene } from './scene.ts';
import { HOLDER, PIN } from './token.ts';

type Portal = Awaited<ReturnType<Scene<AnyBrowser>['portalPage']>>;

/** With the only certificate there is. */
export async function signIn(scene: Pick<Scene<AnyBrowser>, 'browser'>, portal: Portal): Promise<void> {
  await portal.pressSignIn();
  const prompt = await (await scene.browser.prompt()).view('enter-pin');
  assert.deepEqual(await prompt.certificates(), [{ ...HOLDER, state: 'usable' }]);
  await prompt.enterPin(PIN);
  assert.deepEqual(await portal.holder(), HOLDER);
  await prompt.closed();
}
