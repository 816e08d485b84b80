/** The software token, as the hand that holds it. */
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { Background, output } from './background.ts';
import { pause } from './deadline.ts';
import { makeOdd } from './odd-certificates.ts';
import { program } from './places.ts';

/** Milliseconds. The service looks at the reader every 400: a faster change of tokens would go unseen. */
const ABSENCE = 800;

export const PIN = '12345678';
export const WRONG_PIN = '00000000';
export const PUK = '87654321';
/** Whom every token's certificate is for, as portal and window show it. */
export const HOLDER = { holder: '山田 太郎', organisation: '株式会社サンプル', certificateId: 'FC12345678' };

export type TokenKind = 'company' | 'two-certificates' | 'eight-certificates' | 'odd-certificates';

/** Instruction with which the card is told another PIN. */
export const SET_PIN = 'E5';
/** Instruction that comes before a PIN is proved. */
export const GET_CHALLENGE = '84';

export interface Making {
  readonly kind?: TokenKind;
  /** Tries of the PIN. */
  readonly tries?: number;
  /** Its name. */
  readonly label?: string;
}

/** How a token behaves while it is plugged in. */
export interface Manner {
  /** Milliseconds that each operation with a private key takes longer. */
  readonly delay?: number;
}

export class Token {
  readonly #folder: string;
  readonly #slot: string;
  #program: Background | undefined;
  /** When the last one was taken away, on the clock of `performance.now()`. */
  #left = -ABSENCE;

  /**
   * @param folder keeps the tokens' states and the certificates of their authorities
   * @param slot where the virtual reader waits
   */
  constructor(folder: string, slot: string) {
    this.#folder = folder;
    this.#slot = slot;
  }

  /** The folder with the certificates of the authorities behind a token, PEM. */
  async authorities(making: Making = {}): Promise<string> {
    return (await this.#made(making)).authorities;
  }

  /** Takes out what is plugged in and plugs in a token that nobody has used. */
  async renew(making: Making = {}, manner: Manner = {}): Promise<void> {
    const { state } = await this.#made(making);
    await this.unplug();
    const used = join(this.#folder, 'token.json');
    copyFileSync(state, used);
    await pause(Math.max(0, this.#left + ABSENCE - performance.now()));
    const args = ['run', '--vpcd', this.#slot, '--state', used, '--delay-ms', String(manner.delay ?? 0)];
    const simulator = new Background(program('kagibashi-card-simulator'), args);
    this.#program = simulator;
    const said = await simulator.line();
    if (said !== 'ready') throw new Error(`the software token said ${said}`);
  }

  /** Pulls it out of the reader; what it holds stays as it is. */
  remove(): Promise<void> {
    return this.#tell('remove');
  }

  insert(): Promise<void> {
    return this.#tell('insert');
  }

  /** Pulls it out once it has done the next command with that instruction, before it answers. */
  removeAfter(instruction: string): Promise<void> {
    return this.#tell(`remove-after ${instruction}`);
  }

  /** Takes it away for good. */
  async unplug(): Promise<void> {
    if (!this.#program) return;
    await this.#program.stop();
    this.#program = undefined;
    this.#left = performance.now();
  }

  async #tell(command: string): Promise<void> {
    if (!this.#program) throw new Error('no token is plugged in');
    this.#program.write(command);
    const said = await this.#program.line();
    if (said !== 'ok') throw new Error(`${command}: ${said}`);
  }

  async #made({ kind = 'company', tries = 10, label }: Making): Promise<{ state: string; authorities: string }> {
    const state = join(this.#folder, `${kind}-${tries}${label === undefined ? '' : `-${Buffer.from(label).toString('hex')}`}.json`);
    const authorities = join(this.#folder, `${kind}-authorities`);
    if (!existsSync(state)) {
      const made = kind === 'odd-certificates' ? 'eight-certificates' : kind;
      const args = ['make', '--kind', made, '--tries', String(tries), '--state', state, '--ca-out', authorities, ...(label === undefined ? [] : ['--label', label])];
      await output(program('kagibashi-card-simulator'), args);
      if (kind === 'odd-certificates') await makeOdd(state, authorities);
    }
    return { state, authorities };
  }
}
