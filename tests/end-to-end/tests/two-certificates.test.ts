import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDED } from '../scene/deadline.ts';
import { stage } from '../scene/stage.ts';
import { PIN } from '../scene/token.ts';

const scene = await stage({ token: { kind: 'two-certificates' } });

test('an expired certificate is shown with the reason, but cannot be chosen', BOUNDED, async () => {
  const portal = await scene.portalPage();
  await portal.pressSignIn();
  const prompt = await (await scene.browser.prompt()).view('enter-pin');
  assert.deepEqual((await prompt.certificates()).map(({ state }) => state), ['usable', 'expired']);
  const expired = prompt.part('unusable-certificates');
  assert.equal(await expired.getByTestId('certificate-state').innerText(), '期限切れ');
  assert.equal(await expired.locator('input, button, [tabindex]').count(), 0);
  assert.equal(await prompt.part('certificate-choice').count(), 1);

  // Greyed: nearer to the paper than what can be used, and still readable.
  const colour = (locator: ReturnType<typeof prompt.part>) => locator.first().evaluate((element) => getComputedStyle(element).color);
  assert.notEqual(await colour(expired.getByTestId('certificate-card')), await colour(prompt.part('certificate-card')));

  await expired.getByTestId('certificate-card').click();
  // The usable one stays chosen.
  await prompt.page.locator('[data-testid=certificate-choice]:checked').waitFor();
  await prompt.enterPin(PIN);
  assert.equal((await portal.holder()).holder, '山田 太郎');
});
