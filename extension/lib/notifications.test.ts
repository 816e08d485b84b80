import { expect, it, vi } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import { token } from '../tests/samples';
import { notify } from './notifications';

it('a label that plays tricks says nothing in our name, and leaves room for the reader', async () => {
  const create = vi.fn(async () => '');
  Object.assign(fakeBrowser.notifications, { create });
  await notify({ kind: 'inserted', token: { ...token, label: `🔑\u202E安全\u0007\n${'長'.repeat(100)}` } });
  const [[id, { title, message }]] = create.mock.calls as unknown as [[string, { title: string; message: string }]];
  expect(id).toBe(`token-${token.id}`);
  expect(title).toBe('トークンが挿入されました。');
  expect(message).toMatch(/^\u2068🔑⟨202E⟩安全⟨0007⟩⟨000A⟩長+…\u2069[^\u2068]*\u2068Feitian ePass2003 00 00\u2069[^\u2068]*$/);
  expect([...message].length).toBeLessThan(100);
});
