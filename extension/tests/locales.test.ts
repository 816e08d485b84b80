import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../lib/errors';
import en from '../public/_locales/en/messages.json';
import ja from '../public/_locales/ja/messages.json';

const root = join(import.meta.dirname, '..');
const names = Object.keys(ja);
const errorTexts = Object.keys(ERRORS).flatMap((name) => {
  const key = `error_${name.replaceAll('-', '_')}`;
  return [`${key}_situation`, `${key}_advice`];
});

function sources(folder: string): string {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|svelte)$/.test(file) && !file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(root, folder, file), 'utf8'))
    .join('\n');
}

describe('texts', () => {
  it('are the same set, with the same placeholders, in both languages', () => {
    expect(Object.keys(en)).toEqual(names);
    const placeholders = (texts: object) => Object.entries(texts).map(([name, { placeholders }]) => [name, placeholders]);
    expect(placeholders(en)).toEqual(placeholders(ja));
  });

  it('exist for every error, and no error text is left over', () => {
    expect(names.filter((name) => name.startsWith('error_') && name !== 'error_code').sort()).toEqual(errorTexts.sort());
  });

  it('are all used', () => {
    const code = ['lib', 'components', 'entrypoints'].map(sources).join('\n') + readFileSync(join(root, 'wxt.config.ts'), 'utf8');
    const unused = names.filter((name) => !errorTexts.includes(name) && !code.includes(`'${name}'`) && !code.includes(`="${name}"`) && !code.includes(`__MSG_${name}__`));
    expect(unused).toEqual([]);
  });

  it.each([['ja', ja], ['en', en]] as const)('have only declared placeholders in %s; errors none but the tries left', (_, texts) => {
    for (const [name, text] of Object.entries(texts) as [string, { message: string; placeholders?: object }][]) {
      const used = [...text.message.matchAll(/\$([A-Z]+)\$/g)].map(([, placeholder]) => placeholder?.toLowerCase());
      expect(used, name).toEqual(Object.keys(text.placeholders ?? {}));
      if (name.startsWith('error_') && name !== 'error_code') expect(used, name).toEqual(/^error_wrong_p(in|uk)_situation$/.test(name) ? ['tries'] : []);
      expect(text.message.replace(/\$[A-Z]+\$/g, ''), name).not.toContain('$');
      expect(text.message.trim(), name).not.toBe('');
    }
  });

  it('keep to the length that extension stores take for a description', () => {
    expect(ja.product_description.message.length).toBeLessThanOrEqual(132);
    expect(en.product_description.message.length).toBeLessThanOrEqual(132);
  });
});
