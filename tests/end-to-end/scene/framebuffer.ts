/** The picture that Xvfb keeps in a file, in the format of xwd (X11/XWDFile.h), and pictures as PNG. */
import { readFileSync } from 'node:fs';
import { crc32, deflateSync } from 'node:zlib';

export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Rows of red, green and blue, a byte each. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Buffer;
}

/** Places of 32-bit numbers in the header. */
const HEADER = { size: 0, depth: 12, width: 16, height: 20, bitsPerPixel: 44, bytesPerLine: 48, colours: 76 } as const;
const COLOUR_SIZE = 12;

/** An area of the screen as it is now. */
export function readFramebuffer(file: string, area: Area): Picture {
  const content = readFileSync(file);
  const number = (place: keyof typeof HEADER) => content.readUInt32BE(HEADER[place]);
  if (number('depth') !== 24 || number('bitsPerPixel') !== 32) throw new Error('a screen of other colours than expected');
  const start = number('size') + number('colours') * COLOUR_SIZE;
  const width = Math.min(area.width, number('width') - area.x);
  const height = Math.min(area.height, number('height') - area.y);
  const pixels = Buffer.alloc(width * height * 3);
  let to = 0;
  for (let row = 0; row < height; row += 1) {
    let from = start + (area.y + row) * number('bytesPerLine') + area.x * 4;
    for (let column = 0; column < width; column += 1, from += 4, to += 3) {
      // Blue comes first.
      pixels[to] = content[from + 2] ?? 0;
      pixels[to + 1] = content[from + 1] ?? 0;
      pixels[to + 2] = content[from] ?? 0;
    }
  }
  return { width, height, pixels };
}

export function png({ width, height, pixels }: Picture): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits of each colour, no transparency.
  header.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (width * 3 + 1));
  for (let row = 0; row < height; row += 1) pixels.copy(rows, row * (width * 3 + 1) + 1, row * width * 3, (row + 1) * width * 3);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(name: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const whole = Buffer.alloc(named.length + 8);
  whole.writeUInt32BE(data.length, 0);
  named.copy(whole, 4);
  whole.writeUInt32BE(crc32(named), named.length + 4);
  return whole;
}
