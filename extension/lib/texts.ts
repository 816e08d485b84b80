/** What the product says, in the browser's language or the one that the person chose. Texts live only in public/_locales. */
import { browser } from 'wxt/browser';
import type messages from '../public/_locales/ja/messages.json';
import type { ErrorName } from './errors';
import type { Settings } from './settings';

export type TextName = keyof typeof messages;

interface Message {
  readonly message: string;
  readonly placeholders?: Readonly<Record<string, { readonly content: string }>>;
}

/** The texts of the chosen language; null for the browser's, which the browser itself has at hand. */
let chosen: Readonly<Record<string, Message>> | null = null;

/** Has all texts come in this language from now on. A file that cannot be read leaves the browser's. */
export async function speak(language: Settings['language']): Promise<void> {
  if (language === 'auto') chosen = null;
  else if (chosen?.['language']?.message !== language) chosen = await read(language).catch(() => null);
}

async function read(language: string): Promise<Record<string, Message>> {
  const response = await fetch(`${browser.runtime.getURL('/')}_locales/${language}/messages.json`);
  return (await response.json()) as Record<string, Message>;
}

export function text(name: TextName, ...values: (string | number)[]): string {
  const message = chosen?.[name];
  return message ? fill(message, values.map(String)) : browser.i18n.getMessage(name, values.map(String));
}

/** Puts values into a text as browsers do: placeholders are named in it and numbered beside it. */
export function fill({ message, placeholders }: Message, values: readonly string[]): string {
  return message.replace(/\$([A-Z]+)\$/g, (_, name: string) => {
    const position = placeholders?.[name.toLowerCase()]?.content ?? '';
    return values[Number(position.slice(1)) - 1] ?? '';
  });
}

/** The language the texts are in; Japanese where there is no translation into the browser's. */
export function language(): string {
  return text('language');
}

type Underscored<S extends string> = S extends `${infer Head}-${infer Tail}` ? `${Head}_${Underscored<Tail>}` : S;

function underscored<S extends string>(name: S): Underscored<S> {
  return name.replaceAll('-', '_') as Underscored<S>;
}

/** What happened, in a sentence. */
export function situation(name: ErrorName, triesLeft?: number): string {
  return triesLeft === undefined ? text(`error_${underscored(name)}_situation`) : text(`error_${underscored(name)}_situation`, triesLeft);
}

/** What to do now. */
export function advice(name: ErrorName): string {
  return text(`error_${underscored(name)}_advice`);
}

/** Sentences one after the other: with a space between them where the language has spaces. */
export function sentences(...parts: string[]): string {
  return parts.join(language() === 'ja' ? '' : ' ');
}

/** Seconds since 1970 as a date of this place; `time` with hours and minutes, `full` with zone as well, `utc` as the world counts. */
export function date(seconds: number): { readonly short: string; readonly time: string; readonly full: string; readonly utc: string } {
  const moment = new Date(seconds * 1000);
  if (Number.isNaN(moment.getTime())) return { short: '—', time: '—', full: '—', utc: '—' };
  return {
    short: moment.toLocaleDateString(language(), { dateStyle: 'medium' }),
    time: moment.toLocaleString(language(), { dateStyle: 'medium', timeStyle: 'short' }),
    utc: `${moment.toISOString().slice(0, 19).replace('T', ' ')} UTC`,
    full: moment.toLocaleString(language(), { dateStyle: 'long', timeStyle: 'long' }),
  };
}

/** Seconds as minutes and seconds, as a clock shows them. */
export function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** Sets title and language of one of our pages. */
export function namePage(title: TextName): void {
  document.title = text(title);
  document.documentElement.lang = language();
}
