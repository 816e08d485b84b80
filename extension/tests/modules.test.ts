/** The part of the settings where modules of other makers are added and removed. */
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import Modules from '../entrypoints/manage/Modules.svelte';
import { fail, type Outcome } from '../lib/errors';
import type { ModuleTrouble, Result } from '../lib/protocol';

const LIBRARY = '/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so';
const trouble: ModuleTrouble = { id: 'path-relative', situation: '絶対パスではありません。', advice: '「/」から始めてください。' };
const added = { name: 'OpenSC', path: LIBRARY, beforeOwn: false, description: 'OpenSC 0.23 (OpenSC Project)', tokens: 2, trouble: null };
const suggestion = { name: added.name, path: LIBRARY };

let app: ReturnType<typeof mount>;
let asked: { command: string; arguments: unknown }[];
/** What the host has, and why it would refuse a change. */
let host: Result<'modules'>;
let refusal: ModuleTrouble | null;
let reachable: boolean;

function answer(command: string): Outcome<unknown> {
  if (!reachable) return fail('host-missing');
  if (command === 'modules') return { ok: true, result: host };
  return { ok: true, result: { refusal } };
}

beforeEach(() => {
  document.body.innerHTML = '';
  asked = [];
  refusal = null;
  reachable = true;
  host = { modules: [], suggestions: [suggestion] };
  Object.assign(fakeBrowser.runtime, {
    sendMessage: async (message: (typeof asked)[number]) => {
      asked.push(message);
      return answer(message.command);
    },
  });
});
afterEach(() => unmount(app));

const all = (id: string) => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];
const get = <E extends HTMLElement = HTMLElement>(id: string) => {
  const [element] = all(id);
  if (!element) throw new Error(`nothing has the test id ${id}`);
  return element as E;
};
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  flushSync();
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
async function press(id: string): Promise<void> {
  get(id).click();
  await settled();
}
async function opened(): Promise<void> {
  app = mount(Modules, { target: document.body });
  await settled();
}
async function type(path: string): Promise<void> {
  const field = get<HTMLInputElement>('module-path');
  field.value = path;
  field.dispatchEvent(new Event('input', { bubbles: true }));
  document.querySelector('form')?.dispatchEvent(new SubmitEvent('submit', { bubbles: true, cancelable: true }));
  await settled();
}

describe('modules of other makers', () => {
  it('that were found are added by a press, under the name they were found by', async () => {
    await opened();
    expect(document.body.textContent).toContain('発行元が指定したものだけ');
    expect(all('modules-empty')).toHaveLength(1);
    host = { modules: [added], suggestions: [] };
    await press('module-add');
    expect(asked.map(({ command }) => command)).toEqual(['modules', 'add-module', 'modules']);
    expect(asked[1]?.arguments).toEqual({ path: LIBRARY, name: 'OpenSC', language: 'ja' });
    expect(get('modules-said').textContent).toBe(`${LIBRARY} を登録しました。`);
    expect(get('module').textContent).toContain('トークン 2 個');
    expect(get('module').textContent).toContain('OpenSC 0.23');
    expect(all('module-suggestion')).toEqual([]);
    expect(document.activeElement?.tagName).toBe('H2');
  });

  it('that were typed are named by the host; a refusal stands beside what was typed, which stays', async () => {
    await opened();
    refusal = trouble;
    await type(' vendor.so ');
    expect(asked.at(-1)).toEqual({ command: 'add-module', arguments: { path: 'vendor.so', name: null, language: 'ja' } });
    expect(get('module-refusal').dataset['refusal']).toBe('path-relative');
    expect(get('module-refusal').textContent).toMatch(/絶対パスではありません。\s*「\/」から始めてください。/);
    expect(get('module-refusal').closest('form')).not.toBeNull();
    expect(get<HTMLInputElement>('module-path').value).toBe(' vendor.so ');
    refusal = null;
    await type('/opt/vendor.so');
    expect([all('module-refusal').length, get<HTMLInputElement>('module-path').value]).toEqual([0, '']);
    const before = asked.length;
    await type('  ');
    expect(asked).toHaveLength(before);
  });

  it('are removed only after a question', async () => {
    host = { modules: [added], suggestions: [] };
    await opened();
    await press('module-remove');
    await press('module-remove-no');
    await press('module-remove');
    expect(asked.map(({ command }) => command)).toEqual(['modules']);
    host = { modules: [], suggestions: [suggestion] };
    await press('module-remove-yes');
    expect(asked[1]).toEqual({ command: 'remove-module', arguments: { name: 'OpenSC', language: 'ja' } });
    expect([all('module').length, all('module-suggestion').length]).toEqual([0, 1]);
  });

  it('take over our own tokens by a switch, which goes back when that is refused', async () => {
    host = { modules: [added], suggestions: [] };
    await opened();
    const box = () => get<HTMLInputElement>('module-prefer');
    expect(box().checked).toBe(false);
    refusal = { ...trouble, id: 'list-not-kept' };
    await press('module-prefer');
    expect([get('module-refusal').dataset['refusal'], box().checked]).toEqual(['list-not-kept', false]);
    refusal = null;
    host = { modules: [{ ...added, beforeOwn: true }], suggestions: [] };
    await press('module-prefer');
    expect(asked.at(-2)).toEqual({ command: 'prefer-module', arguments: { name: 'OpenSC', beforeOwn: true, language: 'ja' } });
    expect([all('module-refusal').length, box().checked]).toEqual([0, true]);
  });

  it('that cannot be loaded say why, with names and paths that play no tricks', async () => {
    host = { modules: [{ ...added, path: '/opt/\u202Eso.x', description: null, tokens: null, trouble }], suggestions: [] };
    await opened();
    expect(get('module').dataset['state']).toBe('path-relative');
    expect(get('module').textContent).toContain('⟨202E⟩');
    expect(get('module').textContent).not.toContain('使えます');
  });

  it('are not listed without a host, and are when it is back', async () => {
    reachable = false;
    await opened();
    expect([get('trouble').dataset['error'], get('modules').dataset['state']]).toEqual(['host-missing', 'failed']);
    reachable = true;
    await press('modules-again');
    expect([get('modules').dataset['state'], all('trouble').length]).toEqual(['done', 0]);
  });
});
