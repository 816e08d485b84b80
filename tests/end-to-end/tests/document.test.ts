import { stage } from '../scene/stage.ts';
import { documentTests } from '../scene/web-eid-tests.ts';

documentTests(await stage());
