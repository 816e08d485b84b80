import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDED, pause, until } from '../scene/deadline.ts';
import { ManagePage } from '../scene/own-pages.ts';
import { RawPage } from '../scene/raw-page.ts';
import { stage } from '../scene/stage.ts';

const scene = await stage({ otherExtension: true });

const SITE = 'https://site.example';
await scene.browser.site(SITE, { '/': '<!doctype html><title>Site</title>' });

test('where another extension answers, ours stands back: one ack, one answer, no window', BOUNDED, async () => {
  const raw = await RawPage.listen(await scene.browser.tab(SITE));
  // The second request is the one after the other has been seen.
  for (const _ of ['first', 'second']) {
    await raw.authenticate();
    const { message } = await raw.hear('web-eid:authenticate-failure');
    assert.equal((message['error'] as { message: string }).message, 'the other extension');
    await pause(1000);
    assert.equal((await raw.heard('web-eid:authenticate-ack')).length, 1);
    assert.equal((await raw.heard('web-eid:authenticate-failure')).length, 1);
    await raw.answer('web-eid:authenticate');
    assert.equal(scene.browser.promptPages().length, 0);
  }
});

test('unless the person wants ours to answer there as well', BOUNDED, async () => {
  const manage = await ManagePage.open(scene.browser, 'settings');
  await manage.standBack(false);
  const raw = await RawPage.listen(await scene.browser.tab(SITE));
  await raw.authenticate();
  const prompt = await (await scene.browser.prompt()).view('enter-pin');
  await until('both acks', async () => (await raw.heard('web-eid:authenticate-ack')).length === 2);
  assert.equal(await prompt.origin(), SITE);
  await manage.standBack(true);
});
