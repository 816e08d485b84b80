/**
 * Shapes of messages: one description that is a TypeScript type, a check at run time and a row of the protocol document.
 */
export interface Shape<T> {
  /** What the document's type column says. */
  readonly type: string;
  /** Name of the document's object, for an object or a list of them. */
  readonly object?: string;
  /** The only texts allowed, where the document lists them. */
  readonly words?: readonly string[];
  readonly fields?: Fields;
  matches(value: unknown): value is T;
}

export type Fields = Readonly<Record<string, Shape<unknown>>>;
export type Of<S> = S extends Shape<infer T> ? T : never;
export type ObjectOf<F extends Fields> = { [K in keyof F]: Of<F[K]> };

export const string: Shape<string> = {
  type: 'string',
  matches: (value): value is string => typeof value === 'string',
};

export const integer: Shape<number> = {
  type: 'integer',
  matches: (value): value is number => Number.isSafeInteger(value),
};

export const boolean: Shape<boolean> = {
  type: 'boolean',
  matches: (value): value is boolean => typeof value === 'boolean',
};

/** An object whose fields depend on something else; checked where that is known. */
export const anyObject: Shape<Record<string, unknown>> = {
  type: 'object',
  matches: (value): value is Record<string, unknown> => isObject(value),
};

export function oneOf<const W extends readonly string[]>(...words: W): Shape<W[number]> {
  return {
    type: 'string',
    words,
    matches: (value): value is W[number] => typeof value === 'string' && words.includes(value),
  };
}

export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return {
    ...shape,
    type: `${shape.type} or null`,
    matches: (value): value is T | null => value === null || shape.matches(value),
  };
}

export function object<F extends Fields>(name: string, fields: F): Shape<ObjectOf<F>> {
  return {
    type: 'object',
    object: name,
    fields,
    matches: (value): value is ObjectOf<F> =>
      isObject(value) && Object.entries(fields).every(([field, shape]) => shape.matches(value[field])),
  };
}

export function listOf<T>(shape: Shape<T>): Shape<T[]> {
  return {
    type: `array of \`${shape.object ?? shape.type}\``,
    matches: (value): value is T[] => Array.isArray(value) && value.every((item) => shape.matches(item)),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
