/**
 * The demo without a display: a person's clicks on the real thing, told step by step and photographed.
 *
 * KAGIBASHI_DEMO_DIR gets the pictures, KAGIBASHI_DEMO_LANGUAGE is `ja` or `en`.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { openPopup } from './scene/own-pages.ts';
import { photograph } from './scene/pictures.ts';
import type { HolderSeen, PortalPage } from './scene/portal-page.ts';
import { Scene } from './scene/scene.ts';
import { TlsPortalPage } from './scene/tls-portal-page.ts';
import { PIN, WRONG_PIN } from './scene/token.ts';

const folder = resolve(process.env['KAGIBASHI_DEMO_DIR'] || '../../target/demo');
const language = process.env['KAGIBASHI_DEMO_LANGUAGE'] === 'en' ? 'en' : 'ja';

let count = 0;

/** Takes a picture of what the person sees now, and tells of it in both languages. */
async function step(page: Page | Locator, name: string, japanese: string, english: string): Promise<void> {
  count += 1;
  const picture = `${String(count).padStart(2, '0')}-${name}`;
  await photograph(page, folder, picture);
  console.log(`\n ${count}. ${japanese}\n    ${english}\n    ${picture}.png`);
}

/** Sign-in by the TLS handshake: no button on the page, the connection itself asks. */
async function connect(scene: Scene): Promise<HolderSeen> {
  // A person takes longer to type an address than the browser to see that the token is there.
  const status = await openPopup(scene.browser);
  await status.getByTestId('popup-token').waitFor();
  await status.close();
  const first = await TlsPortalPage.open(scene.browser, scene.second);
  const prompt = await (await scene.browser.prompt()).view('enter-pin');
  assert.equal(await prompt.origin(), scene.second.origin('1.3'));
  await step(
    prompt.page,
    'tls-pin',
    '証明書で直接開くページを開きました。TLS 接続の途中で鍵橋の窓が開き、相手のサイトを示して PIN を求めます。',
    'The site that is opened by certificate: in the midst of the TLS handshake the window of Kagibashi names the site and asks for the PIN.',
  );
  await prompt.enterPin(PIN);
  const seen = await first.holder();
  assert.deepEqual([seen.holder, seen.tlsVersion], ['山田 太郎', 'TLS 1.3']);
  await step(
    first.page,
    'tls-page',
    `ページが開きました。サイトは所有者 ${seen.holder}、証明書 ID ${seen.certificateId} を接続(${seen.tlsVersion})から知っています。`,
    `The page is open. The site knows the holder ${seen.holder}, certificate ID ${seen.certificateId}, by the connection (${seen.tlsVersion}).`,
  );

  const second = await TlsPortalPage.open(scene.browser, scene.second);
  assert.deepEqual(await second.holder(), seen);
  assert.equal(scene.browser.promptPages().length, 0);
  await step(
    second.page,
    'tls-page-without-pin',
    '二つ目のページは、PIN を求められずに開きます。接続ごとの署名は、開いているログインで行われます。',
    'A second page opens without the PIN: the login is open, and signs for each connection.',
  );

  const popup = await openPopup(scene.browser);
  await popup.getByTestId('popup-login').waitFor();
  await step(
    popup.getByTestId('popup'),
    'tls-open-login',
    'ツールバーの鍵橋ボタンが、開いているログインを示します。「ログアウト」で終わらせます。',
    'The button of Kagibashi in the toolbar shows the open login. The log-out button ends it.',
  );
  await popup.getByTestId('log-out').click();
  await popup.getByTestId('popup-login').waitFor({ state: 'detached' });
  await popup.close();
  return seen;
}

/** Sign-in by the Web eID protocol: the page's button asks. */
async function signIn(scene: Scene, seen: HolderSeen): Promise<PortalPage> {
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
  assert.deepEqual([holder, certificateId], [seen.holder, seen.certificateId]);
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
const scene = await Scene.start({ language, scale: 2, token: { kind: 'two-certificates' }, second: true });
try {
  const seen = await connect(scene);
  await signDocument(scene, await signIn(scene, seen));
} catch (error) {
  await scene.photographAll(folder, 'failed');
  throw error;
} finally {
  await scene.stop();
}
console.log('\ndemo: すべて片付けました。\ndemo: everything is cleared away.');
