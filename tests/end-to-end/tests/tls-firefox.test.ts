import { handshakeStage } from '../scene/handshake-scene.ts';
import { handshakeTests } from '../scene/handshake-tests.ts';

handshakeTests(await handshakeStage('firefox'));
