/** Which keys lie beside each other, in the form that the strength meter takes: for each character its neighbours, in a fixed order. */
type Graph = Record<string, (string | null)[]>;
type Step = readonly [row: number, column: number];

/** Rows of a keyboard, each half a key further right than the one above: left, right, upper left, upper right, lower left, lower right. */
const SLANTED: readonly Step[] = [[0, -1], [0, 1], [-1, 0], [-1, 1], [1, -1], [1, 0]];
/** Keys in columns, as digits are on a phone. */
const SQUARE: readonly Step[] = [[0, -1], [0, 1], [-1, -1], [-1, 0], [-1, 1], [1, -1], [1, 0], [1, 1]];

/** Each key as its characters, the plain one first. */
function graph(rows: readonly (readonly string[])[], steps: readonly Step[]): Graph {
  const neighbours: Graph = {};
  rows.forEach((row, at) =>
    row.forEach((key, column) => {
      const around = steps.map(([down, right]) => rows[at + down]?.[column + right] ?? null);
      for (const character of key) neighbours[character] = around;
    }),
  );
  return neighbours;
}

const pairs = (plain: string, shifted: string) => [...plain].map((key, index) => key + (shifted[index] ?? ''));

export const KEYBOARD_GRAPHS: Readonly<Record<string, Graph>> = {
  qwerty: graph(
    [pairs('1234567890-=', '!@#$%^&*()_+'), pairs('qwertyuiop[]', 'QWERTYUIOP{}'), pairs("asdfghjkl;'", 'ASDFGHJKL:"'), pairs('zxcvbnm,./', 'ZXCVBNM<>?')],
    SLANTED,
  ),
  keypad: graph([['7', '8', '9'], ['4', '5', '6'], ['1', '2', '3'], ['', '0']], SQUARE),
};
