/** The same items in an order that nobody can foresee. */
export function shuffled<T>(items: readonly T[]): T[] {
  const mixed = [...items];
  for (let last = mixed.length - 1; last > 0; last -= 1) {
    const other = randomBelow(last + 1);
    [mixed[last], mixed[other]] = [mixed[other] as T, mixed[last] as T];
  }
  return mixed;
}

/** Uniform: values of the last, incomplete round of `bound` are drawn again. */
function randomBelow(bound: number): number {
  const limit = 256 - (256 % bound);
  const bytes = new Uint8Array(1);
  do crypto.getRandomValues(bytes);
  while ((bytes[0] ?? 0) >= limit);
  return (bytes[0] ?? 0) % bound;
}
