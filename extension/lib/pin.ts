/** What can be said about a typed PIN without asking the card, which counts every wrong one. */
import { LIMITS } from './protocol';

export type PinTrouble = 'full-width' | 'not-ascii' | 'too-short' | 'too-long';

const FULL_WIDTH = /[\u3000-\u30FF\u4E00-\u9FFF\uFF01-\uFFEE]/u;
const NOT_ASCII = /[^\x20-\x7E]/u;

/** Trouble that is there while the person still types: more typing does not mend it. */
export function troubleWhileTyping(pin: string): PinTrouble | null {
  if (FULL_WIDTH.test(pin)) return 'full-width';
  if (NOT_ASCII.test(pin)) return 'not-ascii';
  if (pin.length > LIMITS.PIN_MAX) return 'too-long';
  return null;
}

export function troubleWithPin(pin: string): PinTrouble | null {
  return troubleWhileTyping(pin) ?? (pin.length < LIMITS.PIN_MIN ? 'too-short' : null);
}
