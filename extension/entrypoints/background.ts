import { browser } from 'wxt/browser';
import { defineBackground } from 'wxt/utils/define-background';
import { hostName } from '../../manifests/identity.json';
import { CertificateSites, learnCertificateSite } from '../lib/certificate-sites';
import { ConnectingSites } from '../lib/connecting-sites';
import { FailedPages } from '../lib/failed-pages';
import { HandshakeHistory } from '../lib/handshake-history';
import { Handshakes } from '../lib/handshakes';
import { HostKeeper } from '../lib/host-keeper';
import { record } from '../lib/history';
import { LogInAhead } from '../lib/log-in-ahead';
import { ManagePages } from '../lib/manage-pages';
import { HostConnection } from '../lib/native-port';
import { notify, openOnPress } from '../lib/notifications';
import { OpenLogins } from '../lib/open-logins';
import { Operations } from '../lib/operations';
import { ensureModule, type Pkcs11 } from '../lib/pkcs11-module';
import { PluggedTokens } from '../lib/plugged-tokens';
import { keepPolicyAtHand } from '../lib/policy';
import { PromptWindow } from '../lib/prompt-window';
import { RememberedChoices } from '../lib/remembered-choices';
import { holdPages, listenToRequests } from '../lib/request-events';
import { Router } from '../lib/router';
import { logOutWhenLocked } from '../lib/screen-lock';
import { publish } from '../lib/session-state';
import { readSettings, type Settings, watchSettings } from '../lib/settings';
import { SiteLearning } from '../lib/site-learning';
import { speak } from '../lib/texts';
import { TokenNotices } from '../lib/token-notices';
import { ToolbarIcon } from '../lib/toolbar-icon';

/** Below what the host lets a handshake wait, so that it is we who say why it ended. Firefox stands still meanwhile. */
const HANDSHAKE_PATIENCE = import.meta.env.FIREFOX ? 60_000 : 110_000;

export default defineBackground(() => {
  const host = new HostConnection(
    () => browser.runtime.connectNative(hostName),
    (port) => (port as { error?: { message?: string } }).error?.message ?? browser.runtime.lastError?.message ?? '',
  );
  const keeper = new HostKeeper(host);
  const window = new PromptWindow();
  const choices = new RememberedChoices();
  let settings: Settings | undefined;
  const operations = new Operations(host, window, {
    remembered: (origin) => choices.get(origin),
    get skipsChooser() {
      return settings?.skipChooser ?? false;
    },
    ended: ({ name, origin, certificate, outcome }) => {
      void record(name, origin, certificate, outcome);
      if (outcome.ok && origin !== null && certificate !== null) void choices.remember(origin, certificate.id);
    },
  });
  const managePages = new ManagePages(operations, host);

  const sites = new CertificateSites();
  const connecting = new ConnectingSites(activeTabs, (origin) => sites.has(origin));
  const learning = new SiteLearning(connecting, learnCertificateSite);
  const failedPages = new FailedPages(connecting);
  const handshakes = new Handshakes(
    {
      operations,
      // Firefox connects ahead without a certificate.
      awaited: async () => import.meta.env.FIREFOX || connecting.awaitHandshake(),
      connecting: () => connecting.sites(),
      idleSeconds: () => readSettings().then(({ loginSeconds }) => loginSeconds),
      decline: (certificate) => void host.decline('log-in', { origin: null, certificate, token: null, idleSeconds: 0 }),
      patience: HANDSHAKE_PATIENCE,
    },
    {
      asked: () => {
        learning.asked();
        failedPages.asked();
      },
      answered: (outcome) => failedPages.answered(outcome),
      ended: (error) => {
        learning.ended(error);
        failedPages.ended(error);
      },
    },
  );

  const logins = new OpenLogins();
  const handshakeHistory = new HandshakeHistory({
    connecting: () => connecting.sites(),
    logins: () => logins.all,
    certificates: async () => {
      const outcome = await host.request('certificates', {}).outcome;
      return outcome.ok ? outcome.result.certificates : [];
    },
    note: (origin, certificate) => void record('handshake', origin, certificate, { ok: true, result: {} }),
  });
  const icon = new ToolbarIcon();
  const notices = new TokenNotices((notice) => {
    if (settings?.notices ?? true) void notify(notice);
  });
  const plugged = new PluggedTokens((tokens) => {
    icon.showTokens(tokens);
    void publish({ tokens });
  });
  keepPolicyAtHand();
  watchSettings((changed) => {
    settings = changed;
    void speak(changed.language).then(() => icon.redraw());
  });
  const ahead = new LogInAhead({
    sites,
    logins,
    handshakes,
    host,
    refuse: ({ tabId, url }, error) => void failedPages.show(tabId, url, error),
  });
  logins.onChange = (open) => {
    icon.show(open);
    managePages.loginsAre(open);
    if (open.length === 0) ahead.loggedOut();
    void publish({ logins: open });
  };

  const router = new Router({
    host,
    window,
    operations,
    managePages,
    extension: { id: browser.runtime.id, version: browser.runtime.getManifest().version, baseUrl: browser.runtime.getURL('/') },
  });

  host.onOpen = () => {
    keeper.opened();
    notices.opened();
    void publish({ hostTrouble: null });
    void ensureModule((browser as { pkcs11?: Pkcs11 }).pkcs11).then((module) => publish({ module }));
  };
  host.onLost = ({ name }) => {
    handshakes.lost();
    logins.set([]);
    plugged.clear();
    void publish({ readers: null, hostTrouble: name });
    keeper.lost(name);
  };
  host.onNotice = (notice) => {
    switch (notice.type) {
      case 'logins':
        return logins.set(notice.logins);
      case 'readers':
        return void publish({ readers: notice.readers });
      case 'token-inserted':
        plugged.inserted(notice.token);
        return notices.changed('inserted', notice.token);
      case 'token-removed':
        plugged.removed(notice.token);
        return notices.changed('removed', notice.token);
      default:
        handshakeHistory.receive(notice);
        return handshakes.receive(notice);
    }
  };
  listenToRequests({
    began: (request) => {
      connecting.began(request);
      failedPages.began(request);
      if (request.type === 'main_frame') handshakes.pageOpened();
      if (!import.meta.env.FIREFOX) ahead.began(request);
    },
    answered: (id) => {
      const request = connecting.ended(id);
      learning.answered(id);
      if (request) ahead.ended(request, true);
    },
    failed: (id, words) => {
      const request = connecting.ended(id);
      learning.failed(id);
      if (!request) return;
      ahead.ended(request, false);
      failedPages.failed(request, words);
      // The tab was closed or sent elsewhere, and nothing else waits.
      if (/ABORT/.test(words) && connecting.requests().length === 0) handshakes.abandon();
    },
  });
  logOutWhenLocked(browser.idle, logins, host);
  if (import.meta.env.FIREFOX) holdPages((request) => ahead.hold(request));

  browser.runtime.onConnect.addListener((port) => router.connect(port));
  openOnPress('manage.html');
  browser.windows.onRemoved.addListener((id) => window.removed(id));
  browser.runtime.onMessage.addListener((message: unknown, sender, respond) => {
    const answer = router.message(message, sender);
    void answer?.then(respond);
    return answer !== null;
  });

  // These two only make the browser start the worker; starting it starts the host.
  browser.runtime.onStartup.addListener(() => {});
  browser.runtime.onInstalled.addListener(() => {});
  logins.set([]);
  plugged.clear();
  keeper.start();
});

/** The tab in front of each window. Their numbers are told without any permission. */
async function activeTabs(): Promise<ReadonlySet<number>> {
  const tabs = await browser.tabs.query({ active: true });
  return new Set(tabs.flatMap(({ id }) => id ?? []));
}
