/** What may go wrong on the management page, in Firefox. */
import { manageTroubleTests } from '../scene/manage-trouble-tests.ts';
import { firefoxStage } from '../scene/stage.ts';

manageTroubleTests(await firefoxStage(), 'firefox-');
