import { expect, it } from 'vitest';
import { strengthOf } from './pin-strength';

it.each([
  ['1234', 'low', 'common'],
  ['12345678', 'low', 'common'],
  ['11111111', 'low', 'repeat'],
  ['abcabcabc', 'low', 'repeat'],
  ['23456789', 'low', 'sequence'],
  ['fghijk', 'low', 'sequence'],
  ['qwertyui', 'low', 'row'],
  ['asdfghjk', 'low', 'row'],
  ['14789632', 'low', 'row'],
  ['19830412', 'low', 'date'],
  ['P@ssw0rd', 'low', 'common'],
  ['0102030405060708', 'low', 'known'],
  ['8527', 'low', 'short'],
  ['71938264', 'medium', 'short'],
  ['Tw7#kd-Qz2', 'high', null],
] as const)('%s is %s: %s', (pin, level, weakness) => {
  expect(strengthOf(pin, ['0102030405060708', 'デモトークン'])).toEqual({ level, weakness });
});
