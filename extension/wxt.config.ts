import { defineConfig } from 'wxt';
import identity from '../manifests/identity.json' with { type: 'json' };

/** Nothing but our own files: no inline script or style, no network, no frame around our pages. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export default defineConfig({
  modules: ['@wxt-dev/module-svelte'],
  manifestVersion: 3,
  // Every name is imported where it is used, so that a reader finds its room.
  imports: false,
  manifest: ({ browser, command }) => ({
    default_locale: 'ja',
    name: '__MSG_product_name__',
    description: '__MSG_product_description__',
    action: { default_title: '__MSG_product_name__' },
    options_ui: { page: 'manage.html', open_in_tab: true },
    permissions: ['nativeMessaging', 'storage'],
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
      : { key: identity.chromiumKey, minimum_chrome_version: '120' }),
  }),
});
