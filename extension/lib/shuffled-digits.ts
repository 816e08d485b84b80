/** The ten digits in an order that nobody can foresee. */
export function shuffledDigits(): string[] {
  const digits = [...'0123456789'];
  for (let last = digits.length - 1; last > 0; last -= 1) {
    const other = randomBelow(last + 1);
    [digits[last], digits[other]] = [digits[other] as string, digits[last] as string];
  }
  return digits;
}

/** Uniform: values of the last, incomplete round of `bound` are drawn again. */
function randomBelow(bound: number): number {
  const limit = 256 - (256 % bound);
  const bytes = new Uint8Array(1);
  do crypto.getRandomValues(bytes);
  while ((bytes[0] ?? 0) >= limit);
  return (bytes[0] ?? 0) % bound;
}
