import { handshakeStage } from '../scene/handshake-scene.ts';
import { lateTokenTests } from '../scene/handshake-tests.ts';

lateTokenTests(await handshakeStage('chromium', { inserted: false }));
