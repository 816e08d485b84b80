import { beforeEach, expect, it, vi } from 'vitest';
import { token } from '../tests/samples';
import { BEGINNING, STILL, TokenNotices } from './token-notices';

let told: string[];
let notices: TokenNotices;
const other = { ...token, id: 'token-2' };

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  notices = new TokenNotices(({ kind, token }) => told.push(`${token.id} ${kind}`));
  notices.opened();
});

const after = (milliseconds: number) => vi.advanceTimersByTime(milliseconds);

it('what was there when the host began is no news; its removal is', () => {
  notices.changed('inserted', token);
  after(BEGINNING);
  notices.changed('removed', token);
  expect(told).toEqual(['token-1 removed']);
});

it('what was removed since is inserted anew, however early', () => {
  notices.changed('inserted', token);
  notices.changed('removed', token);
  notices.changed('inserted', token);
  after(STILL);
  expect(told).toEqual(['token-1 removed', 'token-1 inserted']);
});

it('an insertion and a removal are told at once, each token for itself', () => {
  after(BEGINNING);
  notices.changed('inserted', token);
  notices.changed('inserted', other);
  after(STILL);
  notices.changed('removed', token);
  expect(told).toEqual(['token-1 inserted', 'token-2 inserted', 'token-1 removed']);
});

it.each([
  [20, ['token-1 inserted']],
  [21, ['token-1 inserted', 'token-1 removed']],
])('a loose plug with %i further changes makes no flood: %j', (changes, expected) => {
  after(BEGINNING);
  notices.changed('inserted', token);
  for (let change = 0; change < changes; change += 1) {
    after(300);
    notices.changed(change % 2 === 0 ? 'removed' : 'inserted', token);
  }
  expect(told).toEqual(['token-1 inserted']);
  after(10 * STILL);
  expect(told).toEqual(expected);
  expect(vi.getTimerCount()).toBe(0);
});
