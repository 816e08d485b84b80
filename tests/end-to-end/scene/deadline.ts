/** Nothing in these tests waits without an end. */
import { setTimeout as pause } from 'node:timers/promises';

/** Long for a machine of two busy cores, short for a person at a failing test. */
export const PATIENCE = 15_000;

/** For each test: what is inside is bounded more tightly, this is for what nobody thought of. */
export const BOUNDED = { timeout: 90_000 };

const PROBE_INTERVAL = 25;

export class TooLate extends Error {
  override name = 'TooLate';
}

/** The promise's outcome, or a failure that names what was waited for. */
export async function within<T>(milliseconds: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TooLate(`${what}: not within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Takes a lateness for the outcome null. */
export function tooLate(error: unknown): null {
  if (error instanceof TooLate) return null;
  throw error;
}

/** Looks again and again until there is something other than undefined, null or false. */
export async function until<T>(what: string, probe: () => T | Promise<T>, milliseconds = PATIENCE): Promise<NonNullable<Exclude<T, false>>> {
  const end = performance.now() + milliseconds;
  for (;;) {
    const seen = await within(milliseconds, what, Promise.resolve(probe()));
    if (seen !== undefined && seen !== null && seen !== false) return seen as NonNullable<Exclude<T, false>>;
    if (performance.now() > end) throw new TooLate(`${what}: not within ${milliseconds} ms`);
    await pause(PROBE_INTERVAL);
  }
}

/** How long something took, in milliseconds, with its outcome. */
export async function timed<T>(act: () => Promise<T>): Promise<{ took: number; outcome: T }> {
  const start = performance.now();
  const outcome = await act();
  return { took: performance.now() - start, outcome };
}

export { pause };
