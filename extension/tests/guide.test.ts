/** The Japanese guide that is shipped with the package says what the program says, and shows what the tests have seen. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../lib/errors';
import portal from '../../tests/portal/pages/texts.ja.json';
import ja from '../public/_locales/ja/messages.json';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'manifests/guide');
const source = readFileSync(join(folder, 'guide.ja.html'), 'utf8');
const guide = new DOMParser().parseFromString(source, 'text/html');

const words = (selector: string) => [...guide.querySelectorAll(selector)].map((element) => element.textContent.replace(/\s+/g, ' ').trim());

/** Numbers and times stand in the guide where the program fills in its own. */
const messages = Object.values(ja).map(({ message }) => {
  const literal = message.split(/\$[A-Z]+\$/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literal.join('(?:[0-9]+(?::[0-9]{2})?|○)')}$`);
});

/** Long texts of the program at the terminal are written over several lines. */
const terminal = ['install/texts.rs', 'doctor/texts.rs']
  .map((file) => readFileSync(join(root, 'host/native-host/src', file), 'utf8'))
  .join('\n')
  .replace(/\\(?:n\\)?\n\s*/g, '');

describe('the Japanese guide', () => {
  it('has only words of the program between its quotation marks', () => {
    // What is quoted and not marked as somebody's words would go unchecked.
    const marked = source.replace(/<(b|samp|i)\b[^>]*>.*?<\/\1>/gs, '');
    expect([...marked.matchAll(/「[^」]+」/g)].map(([quoted]) => quoted)).toEqual([]);
    const labels = words('b:not(.portal)');
    expect(labels.length).toBeGreaterThan(150);
    expect(labels.filter((label) => !messages.some((message) => message.test(label)))).toEqual([]);
  });

  it('has only words of the demo portal and of the terminal where it says so', () => {
    const pages: string[] = Object.values(portal.page);
    expect(words('b.portal').filter((label) => !pages.includes(label))).toEqual([]);
    expect(words('samp').filter((said) => !terminal.includes(said))).toEqual([]);
    expect(words('samp').length).toBeGreaterThan(8);
  });

  it('has a section for every error, with its own words and code', () => {
    const sections = [...guide.querySelectorAll<HTMLElement>('[data-error]')];
    expect(sections.map((section) => section.dataset['error']).sort()).toEqual(Object.keys(ERRORS).sort());
    for (const section of sections) {
      const name = section.dataset['error'] as keyof typeof ERRORS;
      const text = (part: 'situation' | 'advice') => (ja as Record<string, { message: string }>)[`error_${name.replaceAll('-', '_')}_${part}`]?.message.replace(/\$TRIES\$/, '○');
      const said = ['h4', '.code', 'p:not(.code)'].map((part) => section.querySelector(part)?.textContent);
      expect(said).toEqual([text('situation'), ja.error_code.message.replace('$CODE$', `${ERRORS[name].code} ${name}`), text('advice')]);
    }
  });

  it('shows pictures that are there, are small, and are all shown', () => {
    const shown = [...guide.querySelectorAll('img')].map((image) => image.getAttribute('src') ?? '');
    for (const picture of shown) {
      expect(existsSync(join(folder, picture)), picture).toBe(true);
      expect(statSync(join(folder, picture)).size, picture).toBeLessThanOrEqual(50_000);
    }
    expect(readdirSync(join(folder, 'pictures')).map((file) => `pictures/${file}`).sort()).toEqual([...new Set(shown)].sort());
  });

  it('leads to rooms that are there', () => {
    const lost = [...guide.querySelectorAll('a')].map((link) => link.getAttribute('href') ?? '').filter((target) => !guide.getElementById(target.slice(1)));
    expect(lost).toEqual([]);
  });
});
