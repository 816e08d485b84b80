/** A program that runs beside the test and never outlives it. */
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { PATIENCE, within } from './deadline.ts';

export type Environment = Readonly<Record<string, string>>;

const running = new Set<ChildProcessWithoutNullStreams>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const [signal, number] of [['SIGINT', 2], ['SIGTERM', 15], ['SIGHUP', 1]] as const) {
  process.once(signal, () => process.exit(128 + number));
}

/** What a short-lived program prints; fails when it fails. */
export async function output(program: string, args: readonly string[], env: Environment = {}): Promise<string> {
  const run = promisify(execFile)(program, args, { env: { ...process.env, ...env }, timeout: 4 * PATIENCE });
  return (await run).stdout;
}

export class Background {
  readonly name: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: string[] = [];
  readonly #waiting: ((line: string) => void)[] = [];
  #errors = '';

  constructor(name: string, args: readonly string[], env: Environment = {}) {
    this.name = name;
    this.#child = spawn(name, args, { env: { ...process.env, ...env }, stdio: 'pipe' });
    running.add(this.#child);
    this.#child.once('close', () => {
      running.delete(this.#child);
    });
    this.#child.once('error', (error) => {
      this.#errors += error.message;
    });
    // Writing to a program that has just ended is no failure of its own.
    this.#child.stdin.on('error', () => {});
    this.#child.stderr.on('data', (data) => {
      this.#errors += data;
    });
    createInterface(this.#child.stdout).on('line', (line) => {
      const next = this.#waiting.shift();
      if (next) next(line);
      else this.#lines.push(line);
    });
  }

  /** What it wrote to stderr so far. */
  get errors(): string {
    return this.#errors;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** The next line that it prints. */
  async line(): Promise<string> {
    const listening = new AbortController();
    const ended = once(this.#child, 'close', listening).then(() => {
      throw new Error(`${this.name} has ended: ${this.#errors}`);
    });
    ended.catch(() => {});
    const line = this.#lines.shift() ?? new Promise<string>((resolve) => this.#waiting.push(resolve));
    try {
      return await within(PATIENCE, `a line from ${this.name}`, Promise.race([line, ended]));
    } finally {
      listening.abort();
    }
  }

  write(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Closes its stdin or, where that does not end a program, terminates it. */
  async stop(how: 'end-of-input' | 'terminate' = 'terminate'): Promise<void> {
    if (this.hasEnded) return;
    const closed = once(this.#child, 'close');
    if (how === 'terminate') this.#child.kill('SIGTERM');
    else this.#child.stdin.end();
    try {
      await within(PATIENCE, `the end of ${this.name}`, closed);
    } catch (error) {
      this.#child.kill('SIGKILL');
      throw error;
    }
  }
}
