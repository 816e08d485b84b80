/** One of our own pages in Firefox, by test ids, while no handshake stands in the way. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BiDi } from './bidi.ts';
import { until } from './deadline.ts';
import { AXE } from './inspection.ts';
import { artefacts } from './places.ts';

const part = (name: string) => `document.querySelector(${JSON.stringify(name.startsWith('[') ? name : `[data-testid="${name}"]`)})`;

export class FirefoxPage {
  readonly #bidi: BiDi;
  readonly #context: string;

  constructor(bidi: BiDi, context: string) {
    this.#bidi = bidi;
    this.#context = context;
  }

  /** Waits for a part of the page, by its test id or by a selector in brackets. */
  async shows(name: string): Promise<void> {
    await until(name, () => this.#bidi.evaluate<boolean>(this.#context, `${part(name)} !== null`).catch(() => false));
  }

  async press(name: string): Promise<void> {
    await until(`${name} to be pressed`, () => this.#bidi.evaluate<boolean>(this.#context, `${part(name)}?.disabled === false`).catch(() => false));
    await this.#bidi.evaluate(this.#context, `${part(name)}.click()`).catch(() => {});
  }

  async fill(name: string, value: string): Promise<void> {
    await this.shows(name);
    await this.#bidi.evaluate(
      this.#context,
      `(() => { const field = ${part(name)}; field.value = ${JSON.stringify(value)}; field.dispatchEvent(new Event('input', { bubbles: true })); })()`,
    );
  }

  async text(name: string): Promise<string> {
    await this.shows(name);
    return this.#bidi.evaluate<string>(this.#context, `${part(name)}.innerText`);
  }

  async inspect(name: string): Promise<void> {
    const run = `(() => { ${AXE}; return axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes.map(({ target }) => target).join(' '))); })()`;
    const violations = await this.#bidi.evaluate<string[]>(this.#context, run);
    console.log(`axe ${name}: ${violations.length} violations`);
    assert.deepEqual(violations, [], name);
    writeFileSync(join(artefacts(), `${name}.png`), await this.#bidi.screenshot(this.#context));
  }

  async close(): Promise<void> {
    await this.#bidi.send('browsingContext.close', { context: this.#context });
  }
}
