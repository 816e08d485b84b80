/** The browser's own request events, for those who mind connections. Reads addresses only, never headers or bodies. */
import { browser } from 'wxt/browser';
import type { RequestEvent } from './connecting-sites';

export interface RequestListener {
  began(request: RequestEvent): void;
  /** The site has answered, perhaps with a redirection. */
  answered?(requestId: string): void;
  /** The browser gave up, in its own words. */
  failed?(requestId: string, error: string): void;
}

/** TLS is only below these. */
export const REQUESTS = { urls: ['https://*/*'] };

/** Firefox alone lets a request wait for a promise. */
export function holdPages(hold: (request: RequestEvent) => Promise<{ readonly cancel?: true }>): void {
  const listener = (details: RequestEvent) => hold(details);
  browser.webRequest.onBeforeRequest.addListener(listener as never, { ...REQUESTS, types: ['main_frame'] }, ['blocking']);
}

export function listenToRequests(...listeners: RequestListener[]): void {
  // Registered while the worker starts: a browser wakes a worker only for listeners that it saw then.
  browser.webRequest.onBeforeRequest.addListener((details) => {
    for (const listener of listeners) listener.began(details);
    return undefined;
  }, REQUESTS);
  browser.webRequest.onHeadersReceived.addListener(({ requestId }) => {
    for (const listener of listeners) listener.answered?.(requestId);
    return undefined;
  }, REQUESTS);
  browser.webRequest.onErrorOccurred.addListener(({ requestId, error }) => {
    for (const listener of listeners) listener.failed?.(requestId, error);
  }, REQUESTS);
}
