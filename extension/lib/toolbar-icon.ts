/**
 * The toolbar icon: in colour while a token is plugged in, with a badge of the minutes left while a login is open, and both
 * in words for those who hover or listen.
 */
import { browser } from 'wxt/browser';
import { clipped } from './card-text';
import { minutesLeft, secondsLeft } from './open-logins';
import type { Login, Token } from './protocol';
import { text } from './texts';

/** The design's green with paper on it: AA, on toolbars of either theme. */
const BADGE = { background: '#2E7D4F', text: '#FFFFFF' } as const;
/** A badge holds three narrow characters on every screen. */
const MINUTES_MAX = 99;

const SIZES = [16, 32, 48] as const;

export class ToolbarIcon {
  #logins: readonly Login[] = [];
  #tokens: readonly Token[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  show(logins: readonly Login[]): void {
    this.#logins = logins;
    this.#draw();
  }

  showTokens(tokens: readonly Token[]): void {
    this.#tokens = tokens;
    const folder = tokens.length > 0 ? '/icon' : '/icon/no-token';
    // A browser without a toolbar, as on phones.
    void browser.action.setIcon({ path: Object.fromEntries(SIZES.map((size) => [size, `${folder}/${size}.png`])) }).catch(() => {});
    this.#draw();
  }

  /** Says it all anew, in another language. */
  redraw(): void {
    this.#draw();
  }

  #draw(): void {
    clearTimeout(this.#timer);
    const now = Date.now();
    const open = this.#logins.filter((login) => secondsLeft(login, now) > 0);
    const minutes = Math.max(0, ...open.map((login) => minutesLeft(login, now)));
    const words = open.map((login) => text('icon_login', clipped(login.label), minutesLeft(login, now)));
    const plugged = this.#tokens.length > 0 ? this.#tokens.map(({ label }) => text('icon_token', clipped(label))) : [text('icon_no_token')];
    void this.#set(open.length > 0 ? badge(minutes) : '', [text('product_name'), ...plugged, ...words].join('\n'));
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
