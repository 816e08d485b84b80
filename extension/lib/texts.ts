/** What the product says, in the browser's language. Texts live only in public/_locales. */
import { browser } from 'wxt/browser';
import type messages from '../public/_locales/ja/messages.json';
import type { ErrorName } from './errors';

export type TextName = keyof typeof messages;

export function text(name: TextName, ...values: (string | number)[]): string {
  return browser.i18n.getMessage(name, values.map(String));
}

/** The language the texts are in: the browser's, or Japanese where there is no translation. */
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

/** Seconds since 1970 as a date of this place; `full` with time and zone. */
export function date(seconds: number): { readonly short: string; readonly full: string } {
  const moment = new Date(seconds * 1000);
  if (Number.isNaN(moment.getTime())) return { short: '—', full: '—' };
  return {
    short: moment.toLocaleDateString(language(), { dateStyle: 'medium' }),
    full: moment.toLocaleString(language(), { dateStyle: 'long', timeStyle: 'long' }),
  };
}

/** Sets title and language of one of our pages. */
export function namePage(title: TextName): void {
  document.title = text(title);
  document.documentElement.lang = language();
}
