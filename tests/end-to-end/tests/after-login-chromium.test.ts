import { afterLoginTests } from '../scene/after-login-tests.ts';
import { handshakeStage } from '../scene/handshake-scene.ts';
import { KeepingSite } from '../scene/keeping-site.ts';

afterLoginTests(await handshakeStage('chromium', { site: KeepingSite.start }));
