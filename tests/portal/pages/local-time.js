/** Shows the times of a page in the reader's own zone, with the zone on hover. */

import { language } from './status.js';

const day = new Intl.DateTimeFormat(language, { dateStyle: 'medium' });
const moment = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' });
const exact = new Intl.DateTimeFormat(language, { dateStyle: 'full', timeStyle: 'full' });

/** Puts local text into a `<time>` element; `data-show="moment"` adds the time of day. */
export function localise(time) {
  const instant = new Date(time.dateTime);
  if (Number.isNaN(instant.valueOf())) return;
  time.textContent = (time.dataset.show === 'moment' ? moment : day).format(instant);
  time.title = exact.format(instant);
}
