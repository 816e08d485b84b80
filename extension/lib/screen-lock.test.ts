import { expect, it, vi } from 'vitest';
import type { HostConnection } from './native-port';
import { logOutWhenLocked } from './screen-lock';

function locked(states: readonly string[], any: boolean): unknown[][] {
  let tell: (state: string) => void = () => {};
  const request = vi.fn();
  const idle = { onStateChanged: { addListener: (listener: typeof tell) => (tell = listener) } };
  logOutWhenLocked(idle, { any }, { request: request as unknown as HostConnection['request'] });
  for (const state of states) tell(state);
  return request.mock.calls;
}

it('a locked screen ends an open login, once for each lock', () => {
  expect(locked(['idle', 'active'], true)).toEqual([]);
  expect(locked(['idle', 'locked', 'active'], true)).toEqual([['log-out', { token: null }]]);
});

it('without a login there is nothing to tell the host', () => {
  expect(locked(['locked'], false)).toEqual([]);
});
