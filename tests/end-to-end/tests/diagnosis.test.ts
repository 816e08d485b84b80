/** The doctor's words on the management page, when there is nothing to do. */
import { after, test } from 'node:test';
import { BOUNDED } from '../scene/deadline.ts';
import { ManagePage } from '../scene/own-pages.ts';
import { photograph } from '../scene/pictures.ts';
import { artefacts } from '../scene/places.ts';
import { Scene } from '../scene/scene.ts';

test('installed for every browser, with the token in, nothing is to be done', BOUNDED, async () => {
  const scene = await Scene.start();
  after(() => scene.stop(), BOUNDED);
  await scene.host.installEverywhere();
  const manage = await ManagePage.open(scene.browser, 'diagnostics');
  await manage.page.locator('[data-testid=diagnostics-summary][data-troubles="0"]').waitFor();
  await manage.page.locator('[data-testid=check][data-check=service-ok]').waitFor();
  await manage.page.locator('[data-testid=check][data-state=unknown]').waitFor({ state: 'detached' });
  await photograph(manage.page, artefacts(), 'doctor-all-good');
});
