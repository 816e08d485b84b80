/** Runs in a page of ours, in either browser: ends every login, and forgets which sites want the certificate. */
export const FORGET = `(async () => {
  const browser = globalThis.browser ?? globalThis.chrome;
  await browser.storage.local.remove('certificateSites');
  await browser.runtime.sendMessage({ command: 'log-out', arguments: { token: null } });
})()`;
