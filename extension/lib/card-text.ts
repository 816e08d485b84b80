/** Characters that do not show, or that turn the text around them: controls, bidi marks, zero-width and tag characters. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\u034F\u115F\u1160\u17B4\u17B5\u3164\uFFA0\u180B-\u180F\uFE00-\uFE0F\u{E0100}-\u{E01EF}]/gu;

/** A text that comes from a card, with everything made visible that could hide or rearrange it. */
export function madeVisible(text: string): string {
  return text.replace(INVISIBLE, (character) => `⟨${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}⟩`);
}

/** Where browser or system draw the text, and a long one would push the rest away. */
const CLIPPED_MAX = 40;
const ISOLATE = '\u2068';
const POP = '\u2069';

/** The same for places that take no markup: shortened, and with marks that keep its direction to itself. */
export function clipped(text: string): string {
  const characters = [...madeVisible(text)];
  const short = characters.length > CLIPPED_MAX ? `${characters.slice(0, CLIPPED_MAX - 1).join('')}…` : characters.join('');
  return `${ISOLATE}${short}${POP}`;
}
