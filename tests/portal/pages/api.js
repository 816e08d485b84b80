/** Requests to this site's own JSON interface. */

/** A refusal by the site, or no answer from it; `code` says which. */
export class SiteError extends Error {
  constructor(code, message) {
    super(message);
    this.name = 'SiteError';
    this.code = code;
  }
}

/** Posts `body` and returns the answer; throws a `SiteError` for anything but success. */
export function post(path, body = {}) {
  return request(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** Gets an answer; throws a `SiteError` for anything but success. */
export function get(path) {
  return request(path);
}

async function request(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    throw new SiteError('site_unreachable', error.message);
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new SiteError(answer.code ?? 'internal', answer.message ?? response.statusText);
  return answer;
}
