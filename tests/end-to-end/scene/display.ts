/** A screen of its own, with eyes and hands: pictures of windows, and keys that programs cannot tell from a person's. */
import { join } from 'node:path';
import { Background, type Environment, output } from './background.ts';
import { pause, until } from './deadline.ts';
import { type Area, type Picture, png, readFramebuffer } from './framebuffer.ts';

const SCREEN = { width: 1280, height: 1024 };
/** Milliseconds without a change after which a picture counts as still. */
const STILL = 500;
const LOOK_INTERVAL = 100;

export class Display {
  readonly environment: Environment;
  readonly #server: Background;
  readonly #framebuffer: string;

  private constructor(server: Background, number: string, framebuffer: string) {
    this.#server = server;
    this.#framebuffer = framebuffer;
    this.environment = { DISPLAY: `:${number}` };
  }

  /** @param folder gets what is on the screen */
  static async start(folder: string): Promise<Display> {
    // It takes a free number, and prints it when it is ready.
    const server = new Background('Xvfb', ['-displayfd', '1', '-screen', '0', `${SCREEN.width}x${SCREEN.height}x24`, '-nolisten', 'tcp', '-fbdir', folder]);
    return new Display(server, (await server.line()).trim(), join(folder, 'Xvfb_screen0'));
  }

  /** The window of that name, a regular expression, if it is there. */
  async window(name: string): Promise<DisplayWindow | null> {
    // Fails when it finds none.
    const found = await this.hands('search', '--onlyvisible', '--name', name).catch(() => '');
    const [id] = found.trim().split('\n');
    return id ? new DisplayWindow(this, id) : null;
  }

  /** Presses keys and looks up windows, with xdotool: the X server takes its keys for those of a keyboard. */
  hands(...args: string[]): Promise<string> {
    return output('xdotool', args, this.environment);
  }

  /** All of it, as PNG. */
  screen(): Buffer {
    return png(this.picture({ x: 0, y: 0, ...SCREEN }));
  }

  picture(area: Area): Picture {
    return readFramebuffer(this.#framebuffer, area);
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}

export class DisplayWindow {
  readonly #display: Display;
  readonly #id: string;

  constructor(display: Display, id: string) {
    this.#display = display;
    this.#id = id;
  }

  async isThere(): Promise<boolean> {
    return (await this.#area()) !== null;
  }

  /** Types into whatever has the focus in it. */
  async type(text: string): Promise<void> {
    await this.#display.hands('windowfocus', '--sync', this.#id, 'type', '--delay', '40', text);
  }

  /** Presses a key, by its name in X. */
  async press(key: string): Promise<void> {
    // Nobody minds a key that closes the window before it is released.
    await this.#display.hands('windowfocus', '--sync', this.#id, 'key', key).catch(() => {});
  }

  /** What it shows once that no longer changes, and is something else than before. */
  async still(before?: Picture): Promise<Picture> {
    let last: Picture | undefined;
    let since = performance.now();
    return until('a still picture of the window', async () => {
      const area = await this.#area();
      if (!area) return null;
      const picture = this.#display.picture(area);
      if (last?.pixels.equals(picture.pixels) !== true) since = performance.now();
      last = picture;
      await pause(LOOK_INTERVAL);
      const isNew = before?.pixels.equals(picture.pixels) !== true && !isPlain(picture);
      return isNew && performance.now() - since >= STILL ? picture : null;
    });
  }

  async photograph(): Promise<Buffer> {
    return png(await this.still());
  }

  async #area(): Promise<Area | null> {
    const told = await this.#display.hands('getwindowgeometry', '--shell', this.#id).catch(() => '');
    const number = (name: string) => Number(new RegExp(`^${name}=(\\d+)$`, 'm').exec(told)?.[1]);
    const area = { x: number('X'), y: number('Y'), width: number('WIDTH'), height: number('HEIGHT') };
    return Number.isNaN(area.x + area.y + area.width + area.height) ? null : area;
  }
}

/** Whether nothing is drawn yet. */
function isPlain({ pixels }: Picture): boolean {
  return pixels.subarray(3).equals(pixels.subarray(0, -3));
}
