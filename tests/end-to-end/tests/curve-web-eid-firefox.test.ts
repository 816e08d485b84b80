import { curveSignInTest } from '../scene/curve-tests.ts';
import { firefoxStage } from '../scene/stage.ts';

curveSignInTest(await firefoxStage({ vendor: 'P-256' }));
