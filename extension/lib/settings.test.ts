import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import { CertificateSites, learnCertificateSite, readManagedSites } from './certificate-sites';
import { copyPolicy } from './policy';
import { readSettingsAndPolicy, SETTING_NAMES } from './settings';

const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../public/managed-schema.json'), 'utf8')) as { properties: Record<string, { type: string }> };

it('the schema for administrators lists every setting, and the sites', () => {
  expect(Object.keys(schema.properties).sort()).toEqual([...SETTING_NAMES, 'certificateSites'].sort());
});

it('a policy goes before the person’s own setting and locks it; what is wrong in it is as if it were not there', async () => {
  await fakeBrowser.storage.local.set({ language: 'ja', notices: true, loginSeconds: 300 });
  await fakeBrowser.storage.managed.set({ language: 'en', notices: 'no', loginSeconds: 1e9, softKeyboard: true });
  await copyPolicy();
  const { settings, locked } = await readSettingsAndPolicy();
  expect(settings).toEqual({ language: 'en', notices: true, softKeyboard: true, skipChooser: false, loginSeconds: 300, standBack: true });
  expect([...locked].sort()).toEqual(['language', 'softKeyboard']);
});

it('without managed storage, as in Firefox, nothing is locked', async () => {
  vi.spyOn(fakeBrowser.storage.managed, 'get').mockRejectedValue(new Error('Managed storage manifest not found'));
  await copyPolicy();
  expect((await readSettingsAndPolicy()).locked.size).toBe(0);
});

it('sites of a policy are known like those that were learnt; only origins count', async () => {
  await learnCertificateSite('https://learnt.example');
  const wrong = ['http://a.example', 'https://b.example/path', 'https://B.example', 'https://c.example:443', 'nonsense', 7];
  await fakeBrowser.storage.managed.set({ certificateSites: ['https://managed.example', 'https://d.example:8443', ...wrong, 'https://managed.example'] });
  await copyPolicy();
  expect(await readManagedSites()).toEqual(['https://managed.example', 'https://d.example:8443']);
  const sites = new CertificateSites();
  await sites.ready;
  expect(['https://learnt.example', 'https://managed.example', 'https://b.example'].map((origin) => sites.has(origin))).toEqual([true, true, false]);
});
