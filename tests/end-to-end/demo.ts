/**
 * The demo without a display: a person's clicks on the real thing, told step by step and photographed.
 *
 * KAGIBASHI_DEMO_DIR gets the pictures, KAGIBASHI_DEMO_LANGUAGE is `ja` or `en`.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { photograph } from './scene/pictures.ts';
import type { PortalPage } from './scene/portal-page.ts';
import { Scene } from './scene/scene.ts';
import { PIN, WRONG_PIN } from './scene/token.ts';

const folder = resolve(process.env['KAGIBASHI_DEMO_DIR'] || '../../target/demo');
const language = process.env['KAGIBASHI_DEMO_LANGUAGE'] === 'en' ? 'en' : 'ja';

let count = 0;

/** Takes a picture of what the person sees now, and tells of it in both languages. */
async function step(page: Page, name: string, japanese: string, english: string): Promise<void> {
  count += 1;
  const picture = `${String(count).padStart(2, '0')}-${name}`;
  await photograph(page, folder, picture);
  console.log(`\n ${count}. ${japanese}\n    ${english}\n    ${picture}.png`);
}

async function signIn(scene: Scene): Promise<PortalPage> {
  const portal = await scene.portalPage();
  await step(portal.page, 'portal-before', 'ポータルを開きました。「証明書でログイン」を押します。', 'The portal is open. Press the sign-in button.');
  await portal.pressSignIn();

  const prompt = await (await scene.browser.prompt()).view('enter-pin');
  await step(
    prompt.page,
    'consent-and-certificate',
    '鍵橋の窓が開きました。どのサイトが、何を求めているか、どの証明書を使うかを確かめます。期限切れの証明書は選べません。',
    'The window of Kagibashi: who asks, for what, with which certificate. The expired one cannot be chosen.',
  );
  await prompt.typePin(WRONG_PIN);
  await step(
    prompt.page,
    'pin-with-tries-left',
    `ユーザ PIN を入力します(あと ${await prompt.triesLeft()} 回)。まず、わざと間違えます。`,
    `Type the user PIN (tries left: ${await prompt.triesLeft()}). The first time a wrong one, on purpose.`,
  );
  await prompt.goOn();
  await prompt.triesAre(9);
  await step(prompt.page, 'wrong-pin', 'PIN が違うと、残りの回数が示されます。窓は開いたままです。', 'A wrong PIN: the window stays open and says how many tries are left.');
  await prompt.enterPin(PIN);

  const { holder, certificateId } = await portal.holder();
  assert.equal(holder, '山田 太郎');
  await step(
    portal.page,
    'portal-after',
    `正しい PIN でログインしました。ポータルが署名を検証し、所有者 ${holder}、証明書 ID ${certificateId} を示しています。`,
    `Signed in with the right PIN. The portal has verified the signature: holder ${holder}, certificate ID ${certificateId}.`,
  );
  return portal;
}

async function signDocument(scene: Scene, portal: PortalPage): Promise<void> {
  await portal.pressSign();
  const choice = await (await scene.browser.prompt()).view('choose-certificate');
  await choice.ready();
  await step(choice.page, 'signature-certificate', '書類に電子署名します。署名に使う証明書を選びます。', 'Sign a document: choose the certificate for it.');
  await choice.goOn();
  await choice.closed();
  const signing = await (await scene.browser.prompt()).view('grant-signing');
  await signing.ready();
  await step(
    signing.page,
    'signature-grant',
    'サイトが初めて署名を求めるときは、危険を説明し、許可を確かめます。',
    'The first time a site asks for a signature, the window explains the risk and asks for a grant.',
  );
  await signing.grant();
  await signing.typePin(PIN);
  await step(signing.page, 'signature-pin', '署名には、許可のあとも毎回 PIN が要ります。', 'Each signature needs the PIN, also after the grant.');
  await signing.goOn();
  const { algorithm } = await portal.signature();
  await portal.page.locator('#signature-result').scrollIntoViewIfNeeded();
  await step(
    portal.page,
    'document-signed',
    `書類に署名しました。ポータルが検証済みです(${algorithm})。`,
    `The document is signed, and the portal has verified it (${algorithm}).`,
  );
}

mkdirSync(folder, { recursive: true });
console.log('demo: 準備しています(トークン、スマートカードサービス、ポータル、ブラウザー)');
console.log('demo: getting ready (token, smart card service, portal, browser)');
const scene = await Scene.start({ language, scale: 2, token: { kind: 'two-certificates' } });
try {
  await signDocument(scene, await signIn(scene));
} catch (error) {
  await scene.photographAll(folder, 'failed');
  throw error;
} finally {
  await scene.stop();
}
console.log('\ndemo: すべて片付けました。\ndemo: everything is cleared away.');
