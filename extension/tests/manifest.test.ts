import { expect, it } from 'vitest';
import type { ConfigEnv } from 'wxt';
import config from '../wxt.config';

function manifest(browser: 'chrome' | 'firefox') {
  const env: ConfigEnv = { browser, command: 'build', manifestVersion: 3, mode: 'production' };
  if (typeof config.manifest !== 'function') throw new Error('the manifest is made per browser');
  return config.manifest(env) as Promise<{ permissions: string[]; host_permissions: string[] }>;
}

it('Chromium is asked for exactly this', async () => {
  const { permissions, host_permissions } = await manifest('chrome');
  expect(permissions).toEqual(['nativeMessaging', 'storage', 'idle', 'notifications', 'webRequest']);
  expect(host_permissions).toEqual(['https://*/*']);
});

it('Firefox, and only Firefox, lets requests be held and modules be registered', async () => {
  const { permissions, host_permissions } = await manifest('firefox');
  expect(permissions).toEqual(['nativeMessaging', 'storage', 'idle', 'notifications', 'webRequest', 'webRequestBlocking', 'pkcs11']);
  expect(host_permissions).toEqual(['https://*/*']);
});
