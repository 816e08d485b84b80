/** How soon a certificate expires, as far as that has to be said: renewing one takes weeks. */
const DAY = 86_400;
const STEPS = [7, 30, 60] as const;

export interface Expiry {
  /** Whole days left. */
  readonly days: number;
  /** The first of these days that has come. */
  readonly within: (typeof STEPS)[number];
}

/** @param now Unix seconds; null when there is nothing to say, or it is too late */
export function expiry(notAfter: number, now: number): Expiry | null {
  const left = notAfter - now;
  const within = STEPS.find((days) => left <= days * DAY);
  return left < 0 || within === undefined ? null : { days: Math.floor(left / DAY), within };
}
