import { browser } from 'wxt/browser';
import { defineBackground } from 'wxt/utils/define-background';
import { hostName } from '../../manifests/identity.json';
import { HostConnection } from '../lib/native-port';
import { Operations } from '../lib/operations';
import { PromptWindow } from '../lib/prompt-window';
import { Router } from '../lib/router';

export default defineBackground(() => {
  const host = new HostConnection(
    () => browser.runtime.connectNative(hostName),
    (port) => (port as { error?: { message?: string } }).error?.message ?? browser.runtime.lastError?.message ?? '',
  );
  const window = new PromptWindow();
  const router = new Router({
    host,
    window,
    operations: new Operations(host, window),
    extension: { id: browser.runtime.id, version: browser.runtime.getManifest().version, baseUrl: browser.runtime.getURL('/') },
  });

  browser.runtime.onConnect.addListener((port) => router.connect(port));
  browser.windows.onRemoved.addListener((id) => window.removed(id));
  browser.runtime.onMessage.addListener((message: unknown, sender, respond) => {
    const answer = router.message(message, sender);
    void answer?.then(respond);
    return answer !== null;
  });
});
