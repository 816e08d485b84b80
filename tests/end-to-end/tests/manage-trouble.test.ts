/** What may go wrong on the management page, in Chromium. */
import { manageTroubleTests } from '../scene/manage-trouble-tests.ts';
import { stage } from '../scene/stage.ts';

manageTroubleTests(await stage());
