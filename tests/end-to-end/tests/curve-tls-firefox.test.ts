import { curveHandshakeTests } from '../scene/curve-tests.ts';
import { handshakeStage } from '../scene/handshake-scene.ts';

const scene = await handshakeStage('firefox', { vendor: 'P-256' });

curveHandshakeTests(() => scene.browser, scene.portal);
