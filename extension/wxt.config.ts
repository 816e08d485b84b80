import { defineConfig } from 'wxt';
import identity from '../manifests/identity.json' with { type: 'json' };

/** Nothing but our own files: no inline script or style, no network, no frame around our pages. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  // The texts of a language that is not the browser's.
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * What is asked of the browser, and why.
 *
 * webRequest: the PIN window names the sites that the browser connects to while a TLS handshake waits, read off the
 * browser's request events. It needs the sites' host permission, which the content script has in any case.
 *
 * notifications: says when a token is inserted or removed.
 *
 * idle: a locked screen ends an open login.
 *
 * Firefox only: webRequestBlocking holds the request of a site known to want the certificate until the PIN is there, for
 * during a handshake all its traffic stands still; pkcs11 registers the module that the installer laid down.
 */
const PERMISSIONS = ['nativeMessaging', 'storage', 'idle', 'notifications', 'webRequest'];
const FIREFOX_PERMISSIONS = [...PERMISSIONS, 'webRequestBlocking', 'pkcs11'];

export default defineConfig({
  modules: ['@wxt-dev/module-svelte'],
  manifestVersion: 3,
  // Every name is imported where it is used, so that a reader finds its room.
  imports: false,
  zip: { artifactTemplate: 'kagibashi-{{version}}-{{browser}}.zip', zipSources: false },
  manifest: ({ browser, command }) => ({
    default_locale: 'ja',
    name: '__MSG_product_name__',
    description: '__MSG_product_description__',
    action: { default_title: '__MSG_product_name__' },
    options_ui: { page: 'manage.html', open_in_tab: true },
    permissions: browser === 'firefox' ? FIREFOX_PERMISSIONS : PERMISSIONS,
    host_permissions: ['https://*/*'],
    // While developing, Vite's own server has to be let in.
    ...(command === 'build' && { content_security_policy: { extension_pages: CONTENT_SECURITY_POLICY } }),
    ...(browser === 'firefox'
      ? {
          browser_specific_settings: {
            gecko: {
              id: identity.firefoxId,
              strict_min_version: '140.0',
              data_collection_permissions: { required: ['none'] },
            },
          },
        }
      : {
          key: identity.chromiumKey,
          minimum_chrome_version: '120',
          // Firefox takes policies for extensions without one.
          storage: { managed_schema: 'managed-schema.json' },
        }),
  }),
});
