import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { certificate, login, token } from '../tests/samples';
import { ERRORS } from './errors';
import { ANSWERS, COMMANDS, LIMITS, MESSAGES, OBJECTS, PROTOCOL_VERSION, readMessage, VIEWS } from './protocol';
import type { Fields, Shape } from './shape';

const document = readFileSync(join(import.meta.dirname, '../../host/protocol/PROTOCOL.md'), 'utf8');

interface Table {
  readonly header: string;
  readonly rows: readonly (readonly string[])[];
}

/** The tables under each heading of the document. */
const sections = new Map<string, Table[]>();
{
  let tables: Table[] = [];
  let rows: string[][] | null = null;
  for (const line of document.split('\n')) {
    const heading = /^#+ (.*)$/.exec(line);
    if (heading) sections.set(heading[1] ?? '', (tables = []));
    if (!line.startsWith('|')) rows = null;
    else {
      const cells = line.slice(1, -1).split('|').map((cell) => cell.trim());
      if (rows === null) tables.push({ header: cells[0] ?? '', rows: (rows = []) });
      else if (!cells[0]?.startsWith('---')) rows.push(cells);
    }
  }
}

const named = (kind: string) =>
  [...sections.keys()].filter((heading) => heading.startsWith(`${kind} `)).map((heading) => heading.slice(kind.length + 1)).sort();
const table = (heading: string, header: string) => sections.get(heading)?.find((one) => one.header === header)?.rows ?? [];
const unquoted = (cell: string) => cell.replaceAll('`', '');
const quoted = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word);

function compare(rows: readonly (readonly string[])[], fields: Fields): void {
  expect(rows.map(([field]) => unquoted(field ?? ''))).toEqual(Object.keys(fields));
  for (const [field = '', type = '', meaning = ''] of rows) {
    const shape: Shape<unknown> | undefined = fields[unquoted(field)];
    expect(type, field).toBe(shape?.type);
    if (shape?.words) expect(quoted(meaning), field).toEqual(shape.words);
    else if (shape?.object) expect(quoted(meaning), field).toContain(shape.object);
  }
}

describe('PROTOCOL.md', () => {
  it('is of this version and has these limits', () => {
    expect(document).toContain(`\nVersion ${PROTOCOL_VERSION}. `);
    const limits = Object.fromEntries(table('Frames', 'limit').map(([name, value]) => [unquoted(name ?? ''), Number(value)]));
    expect(limits).toEqual(LIMITS);
  });

  it('lists the same errors', () => {
    const rows = table('Errors', 'code').map(([code, name, blame, detail, webEid]) => [
      unquoted(name ?? ''),
      { code: Number(code), blame, ...(detail ? { detail: unquoted(detail) } : {}), webEid: unquoted(webEid ?? '') },
    ]);
    expect(rows.length).toBeGreaterThan(50);
    expect(Object.fromEntries(rows)).toEqual(ERRORS);
    expect(new Set(Object.values(ERRORS).map(({ code }) => code)).size).toBe(rows.length);
  });

  it('names the same messages, commands, views and objects', () => {
    expect(named('message')).toEqual(Object.keys(MESSAGES).sort());
    expect(named('command')).toEqual(Object.keys(COMMANDS).sort());
    expect(named('view')).toEqual(Object.keys(VIEWS).sort());
    expect(named('object')).toEqual(Object.keys(OBJECTS).sort());
  });

  it.each(Object.keys(OBJECTS))('has the same fields for the object %s', (name) => {
    compare(table(`object ${name}`, 'field'), OBJECTS[name]?.fields ?? {});
  });

  it.each(Object.keys(VIEWS) as (keyof typeof VIEWS)[])('has the same fields and answer for the view %s', (name) => {
    compare(table(`view ${name}`, 'field'), VIEWS[name].fields ?? {});
    compare(table(`view ${name}`, 'answer'), (ANSWERS as Record<string, Shape<unknown>>)[name]?.fields ?? {});
  });

  it.each(Object.keys(COMMANDS) as (keyof typeof COMMANDS)[])('has the same arguments and result for the command %s', (name) => {
    const command: { arguments: Fields; result: Shape<unknown> } = COMMANDS[name];
    const rows = table(`command ${name}`, 'argument');
    // The host judges what a page put in: here only the types count.
    expect(rows.map(([field, type]) => [unquoted(field ?? ''), type])).toEqual(Object.entries(command.arguments).map(([field, { type }]) => [field, type]));
    compare(table(`command ${name}`, 'result'), command.result.fields ?? {});
  });

  it.each(Object.keys(MESSAGES) as (keyof typeof MESSAGES)[])('has the same fields for the message %s', (name) => {
    compare(table(`message ${name}`, 'field'), MESSAGES[name].fields ?? {});
  });
});

describe('a message of the host', () => {
  const site = { origin: 'https://portal.example.jp', host: 'portal.example.jp', unicodeHost: null, port: null };
  const view = { kind: 'reading-token', reader: 'R' };
  const error = { code: 301, name: 'no-token', blame: 'card', detail: {} };

  it.each<[string, unknown]>([
    ['hello', { type: 'hello', protocol: 1, version: '0.1.0' }],
    ['response', { type: 'response', request: 1, result: {} }],
    ['failure', { type: 'failure', request: null, error }],
    ['prompt', { type: 'prompt', request: 1, prompt: 1, operation: 'sign', site, view }],
    ['prompt of no known site', { type: 'prompt', request: 1, prompt: 1, operation: 'log-in', site: null, view }],
    ['logins', { type: 'logins', logins: [login] }],
    ['handshake', { type: 'handshake', certificate, waiting: 2 }],
    ['readers', { type: 'readers', readers: [{ name: 'R', state: 'mute' }] }],
    ['token-inserted', { type: 'token-inserted', token }],
    ['token-removed of a token that tells its memory', { type: 'token-removed', token: { ...token, memory: { total: 65_536, free: 12_345 } } }],
    ['handshake-ended well', { type: 'handshake-ended', certificate: certificate.id, error: null }],
    ['handshake-ended badly', { type: 'handshake-ended', certificate: certificate.id, error }],
  ])('%s is read', (_, message) => {
    expect(readMessage(message)).toEqual(message);
  });

  it.each<[string, unknown]>([
    ['nothing', null],
    ['a list', [1]],
    ['an unknown type', { type: 'greeting' }],
    ['a number as text', { type: 'response', request: '1', result: {} }],
    ['an unknown error', { type: 'failure', request: 1, error: { ...error, name: 'no-coffee' } }],
    ['a code that is not of its name', { type: 'failure', request: 1, error: { ...error, code: 302 } }],
    ['an unknown view', { type: 'prompt', request: 1, prompt: 1, operation: 'sign', site, view: { kind: 'enter-puk' } }],
    ['a view with a field missing', { type: 'prompt', request: 1, prompt: 1, operation: 'sign', site, view: { kind: 'reading-token' } }],
    ['logins of another shape', { type: 'logins', logins: [{ ...login, ends: 'soon' }] }],
    ['a handshake without certificate', { type: 'handshake', certificate: certificate.id, waiting: 1 }],
    ['a handshake that ended with an unknown error', { type: 'handshake-ended', certificate: '', error: { ...error, name: 'no-coffee' } }],
    ['readers in an unknown state', { type: 'readers', readers: [{ name: 'R', state: 'asleep' }] }],
    ['a token without layout', { type: 'token-inserted', token: { ...token, layout: undefined } }],
    ['an unknown operation', { type: 'prompt', request: 1, prompt: 1, operation: 'decrypt', site, view }],
  ])('%s is refused', (_, message) => {
    expect(readMessage(message)).toBeNull();
  });
});
