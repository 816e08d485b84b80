/** What can be said about a typed PIN without asking the card, which counts every wrong one. */
import { LIMITS } from './protocol';

export type PinTrouble = 'empty' | 'full-width' | 'not-ascii' | 'too-short' | 'too-long' | 'unchanged' | 'different';

export interface PinLength {
  readonly minimum: number;
  readonly maximum: number;
}

export const ANY_PIN: PinLength = { minimum: LIMITS.PIN_MIN, maximum: LIMITS.PIN_MAX };

const FULL_WIDTH = /[\u3000-\u30FF\u4E00-\u9FFF\uFF01-\uFFEE]/u;
const NOT_ASCII = /[^\x20-\x7E]/u;

/** Trouble that is there while the person still types: more typing does not mend it. */
export function troubleWhileTyping(pin: string, { maximum } = ANY_PIN): PinTrouble | null {
  if (FULL_WIDTH.test(pin)) return 'full-width';
  if (NOT_ASCII.test(pin)) return 'not-ascii';
  if (pin.length > maximum) return 'too-long';
  return null;
}

export function troubleWithPin(pin: string, length = ANY_PIN): PinTrouble | null {
  if (pin === '') return 'empty';
  return troubleWhileTyping(pin, length) ?? (pin.length < length.minimum ? 'too-short' : null);
}

/** @param again the new PIN as it was typed the second time */
export function troubleWithNewPin(current: string | null, pin: string, again: string, length: PinLength): { readonly pin: PinTrouble | null; readonly again: PinTrouble | null } {
  const trouble = troubleWithPin(pin, length) ?? (pin === current ? 'unchanged' : null);
  if (trouble !== null || again === pin) return { pin: trouble, again: null };
  return { pin: null, again: again === '' ? 'empty' : 'different' };
}
