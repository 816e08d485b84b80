/** What a machine can see of a page: whether axe finds barriers in it, and whether it fits narrow and enlarged. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AnyPage } from './either-browser.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** One line for each element that a rule is broken by, and how many rules nothing breaks. */
interface Findings {
  readonly violations: readonly string[];
  readonly passed: number;
}

/** Colours on their way to others are nobody's design: what is in motion is waited for. */
const RUN = `(() => {
  ${AXE};
  const moving = document.getAnimations().filter((one) => one instanceof CSSTransition);
  return Promise.allSettled(moving.map(({ finished }) => finished)).then(() => axe.run()).then(({ violations, passes }) => ({
    violations: violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + ' ' + JSON.stringify(target) + ': ' + failureSummary)),
    passed: passes.length,
  }));
})()`;

/** Fails unless axe-core finds nothing; says what it looked at. */
export async function accessible(page: AnyPage, name: string): Promise<void> {
  const { violations, passed } = await page.evaluate<Findings>(RUN);
  console.log(`axe ${name}: ${violations.length} violations, ${passed} rules passed`);
  assert.deepEqual(violations, [], name);
}

/** Tabs only: widths in CSS pixels that stand for a phone, and for a window of 1280 pixels at 200 and 400 %. */
const WIDTHS = [320, 640, 1280];

/** Fails if something sticks out at the side, however narrow it is. */
export async function fits(page: AnyPage, name: string): Promise<void> {
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
