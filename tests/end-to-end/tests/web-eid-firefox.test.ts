/** Web eID at the portal in Firefox, with the bodies of the tests in Chromium. */
import { firefoxStage } from '../scene/stage.ts';
import { documentTests, signInTests, unpluggedTests } from '../scene/web-eid-tests.ts';

const scene = await firefoxStage();

signInTests(scene);
documentTests(scene);
unpluggedTests(scene);
