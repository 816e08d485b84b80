/** The toolbar icon while a login is open: a badge with the time left, and the same in words for those who hover or listen. */
import { browser } from 'wxt/browser';
import { madeVisible } from './card-text';
import { minutesLeft, secondsLeft } from './open-logins';
import type { Login } from './protocol';
import { text } from './texts';

/** The design's green with paper on it: AA, on toolbars of either theme. */
const BADGE = { background: '#2E7D4F', text: '#FFFFFF' } as const;
/** A badge holds four narrow characters. */
const MINUTES_MAX = 99;

export class ToolbarIcon {
  #logins: readonly Login[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  show(logins: readonly Login[]): void {
    this.#logins = logins;
    this.#draw();
  }

  #draw(): void {
    clearTimeout(this.#timer);
    const now = Date.now();
    const open = this.#logins.filter((login) => secondsLeft(login, now) > 0);
    const minutes = Math.max(0, ...open.map((login) => minutesLeft(login, now)));
    const words = open.map((login) => text('icon_login', madeVisible(login.label), minutesLeft(login, now)));
    void this.#set(open.length > 0 ? badge(minutes) : '', [text('product_name'), ...words].join('\n'));
    if (open.length === 0) return;
    // To the moment when the first of them counts one minute less.
    const next = Math.min(...open.map((login) => ((secondsLeft(login, now) - 1) % 60) + 1));
    this.#timer = setTimeout(() => this.#draw(), next * 1000 - (now % 1000));
  }

  async #set(badgeText: string, title: string): Promise<void> {
    try {
      await browser.action.setBadgeBackgroundColor({ color: BADGE.background });
      await browser.action.setBadgeTextColor({ color: BADGE.text });
      await browser.action.setBadgeText({ text: badgeText });
      await browser.action.setTitle({ title });
    } catch {
      // A browser without a toolbar, as on phones.
    }
  }
}

function badge(minutes: number): string {
  return minutes > MINUTES_MAX ? text('badge_hours', Math.ceil(minutes / 60)) : text('badge_minutes', minutes);
}
