import { beforeEach, expect, it, vi } from 'vitest';
import { HostKeeper, RESTART_DELAYS, STEADY } from './host-keeper';

const open = vi.fn(async () => ({ ok: true, result: '0.1.0' }) as const);
let keeper: HostKeeper;

beforeEach(() => {
  vi.useFakeTimers();
  open.mockClear();
  keeper = new HostKeeper({ open });
});

it('starts the host again ever later: 1 s, 5 s, then every 30 s', async () => {
  keeper.start();
  for (const delay of [1_000, 5_000, 30_000, 30_000]) {
    open.mockClear();
    keeper.opened();
    keeper.lost('host-gone');
    keeper.lost('host-gone');
    await vi.advanceTimersByTimeAsync(delay - 1);
    expect(open).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(open).toHaveBeenCalledTimes(1);
  }
});

it('begins anew after a host that ran for a while', async () => {
  for (let deaths = 0; deaths < 3; deaths += 1) {
    keeper.lost('host-gone');
    await vi.advanceTimersByTimeAsync(30_000);
  }
  keeper.opened();
  await vi.advanceTimersByTimeAsync(STEADY);
  open.mockClear();
  keeper.lost('host-gone');
  await vi.advanceTimersByTimeAsync(RESTART_DELAYS[0]);
  expect(open).toHaveBeenCalledTimes(1);
});

it.each(['host-missing', 'host-incompatible', 'caller-not-allowed'] as const)('leaves %s to the next who asks', async (name) => {
  keeper.lost(name);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(open).not.toHaveBeenCalled();
});

it('does not start what somebody else has started meanwhile', async () => {
  keeper.lost('host-gone');
  keeper.opened();
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(open).not.toHaveBeenCalled();
});
