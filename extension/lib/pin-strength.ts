/** How hard a new PIN is to guess for somebody who has the token and its few tries, or has seen its owner's other PINs. */
import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { KEYBOARD_GRAPHS } from './keyboard-graph';

export type StrengthLevel = 'low' | 'medium' | 'high';
/** Why it is not higher. */
export type Weakness = 'common' | 'known' | 'repeat' | 'sequence' | 'row' | 'date' | 'short';

export interface Strength {
  readonly level: StrengthLevel;
  readonly weakness: Weakness | null;
}

/** What people choose first, the most frequent ahead. A large list would outweigh the rest of the extension; digits are guessed anyway. */
const COMMON = (
  'password 123456 12345678 1234 qwerty 12345 111111 000000 abc123 admin welcome letmein iloveyou monkey dragon master sunshine ' +
  'princess football secret passw0rd test guest login hello freedom whatever trustno1 sakura naruto pokemon doraemon arigatou konnichiwa ' +
  'himitsu tokyo osaka nippon japan yamada tanaka suzuki satou takahashi pin userpin token epass epass2003 feitian kagibashi certificate keiri soumu kaisha'
).split(' ');

const meter = new ZxcvbnFactory({ dictionary: { passwords: COMMON }, graphs: KEYBOARD_GRAPHS });

/** The meter's own names of what it found. */
const WEAKNESSES: Readonly<Record<string, Weakness>> = {
  topTen: 'common',
  topHundred: 'common',
  common: 'common',
  similarToCommon: 'common',
  wordByItself: 'common',
  userInputs: 'known',
  namesByThemselves: 'known',
  commonNames: 'known',
  simpleRepeat: 'repeat',
  extendedRepeat: 'repeat',
  sequences: 'sequence',
  straightRow: 'row',
  keyPattern: 'row',
  recentYears: 'date',
  dates: 'date',
};

/** Orders of magnitude of guesses from which a PIN is no longer low, and is high. */
const MEDIUM_FROM = 6;
const HIGH_FROM = 8;
/** Below this many characters length is what is wrong with a PIN, whatever else is. */
const SHORT = 6;

/** @param known what stands on the token and in its certificates: whoever finds it knows that as well */
export function strengthOf(pin: string, known: readonly string[]): Strength {
  const words = known.flatMap((text) => [text, ...text.split(/\W+/)]).filter((word) => word.length >= 3);
  const { guessesLog10, feedback, sequence } = meter.check(pin, words);
  const found = WEAKNESSES[feedback.warning ?? ''] ?? 'short';
  // Every row of digits holds something like a date. Only one that is nothing else was chosen as such.
  const byChance = found === 'date' && !sequence.some(({ pattern, token }) => pattern === 'date' && token === pin && pin.length >= SHORT);
  const guesses = byChance ? pin.length : guessesLog10;
  const level = guesses < MEDIUM_FROM ? 'low' : guesses < HIGH_FROM + 0.1 ? 'medium' : 'high';
  return { level, weakness: level === 'high' ? null : byChance ? 'short' : found };
}
