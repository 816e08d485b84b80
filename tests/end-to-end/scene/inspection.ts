/** What a machine can see of a page: whether axe finds barriers in it, and whether it fits narrow and enlarged. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

export const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: unknown; readonly failureSummary?: string }[];
}

/** Fails unless axe-core finds nothing; says what it looked at. */
export async function accessible(page: Page, name: string): Promise<void> {
  await page.evaluate(AXE);
  const { violations, passes } = (await page.evaluate('axe.run()')) as { violations: Violation[]; passes: unknown[] };
  console.log(`axe ${name}: ${violations.length} violations, ${passes.length} rules passed`);
  const told = violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${JSON.stringify(target)}: ${failureSummary}`));
  assert.deepEqual(told, [], name);
}

/** Tabs only: widths in CSS pixels that stand for a phone, and for a window of 1280 pixels at 200 and 400 %. */
const WIDTHS = [320, 640, 1280];

/** Fails if something sticks out at the side, however narrow it is. */
export async function fits(page: Page, name: string): Promise<void> {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    const sticksOut = await page.evaluate(() => {
      const limit = document.documentElement.clientWidth;
      const dialog = document.querySelector('dialog[open]');
      const sideways = [document.documentElement, ...(dialog ? [dialog] : [])].some(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth);
      const beyond = Array.from(document.querySelectorAll<HTMLElement>('button, input, select, h1, h2, h3, p, dd, dt, label')).filter((element) => {
        const { right, width } = element.getBoundingClientRect();
        // What is only for screen readers is one pixel wide.
        return width > 1 && right > limit + 0.5;
      });
      return sideways || beyond.length > 0 ? beyond.map(({ outerHTML }) => outerHTML.slice(0, 80)).join('\n') || 'the page' : null;
    });
    assert.equal(sticksOut, null, `${name} at ${width} px`);
  }
}
