/** A scene for a file of tests: begun before the first, fresh for each, photographed where one fails, taken down at the end. */
import { after, afterEach, beforeEach, type TestContext } from 'node:test';
import { PATIENCE } from './deadline.ts';
import type { AnyBrowser } from './either-browser.ts';
import type { FirefoxBrowser } from './firefox-browser.ts';
import { artefacts } from './places.ts';
import { type FirefoxSceneOptions, Scene, type SceneOptions } from './scene.ts';

const HOOK = { timeout: 4 * PATIENCE };

export async function stage(options?: SceneOptions): Promise<Scene> {
  return setUp(await Scene.start(options));
}

/** The same in Firefox. */
export async function firefoxStage(options?: FirefoxSceneOptions): Promise<Scene<FirefoxBrowser>> {
  return setUp(await Scene.startFirefox(options));
}

function setUp<S extends Scene<AnyBrowser>>(scene: S): S {
  beforeEach(() => scene.fresh(), HOOK);
  afterEach(async (context) => {
    // The types do not know yet that a hook after a test hears how it went.
    const test = context as TestContext & { readonly passed: boolean };
    if (!test.passed) await scene.photographAll(artefacts(), `failed-${test.name.replaceAll(/\W+/g, '-')}`);
  }, HOOK);
  after(() => scene.stop(), HOOK);
  return scene;
}
