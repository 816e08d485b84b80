/**
 * The page's side of the Web eID protocol, version 2: requests go to the
 * browser extension as messages on this window, and its replies come back the
 * same way.
 *
 * Replies carry no request id, so one request per kind can be open. As in the
 * published page library, replies are matched by action name alone; the site
 * trusts nothing in them before its server has verified it.
 */

const PROTOCOL_VERSION = '2.0.0';

/** Every call waits this long after loading, so that a content script is there. */
const LOAD_DELAY = 1000;

/** An extension that is there acknowledges a request within this time. */
const ACK_TIMEOUT = 1000;

/** What the extension and its host may take besides the person's own time. */
const STARTUP_TIMEOUT = 5000;

/** The person's time for one dialog, unless the caller says otherwise. */
const DEFAULT_USER_TIMEOUT = 120_000;

const KNOWN_CODES = new Set([
  'ERR_WEBEID_ACTION_TIMEOUT',
  'ERR_WEBEID_USER_TIMEOUT',
  'ERR_WEBEID_VERSION_MISMATCH',
  'ERR_WEBEID_VERSION_INVALID',
  'ERR_WEBEID_EXTENSION_UNAVAILABLE',
  'ERR_WEBEID_NATIVE_UNAVAILABLE',
  'ERR_WEBEID_UNKNOWN_ERROR',
  'ERR_WEBEID_CONTEXT_INSECURE',
  'ERR_WEBEID_USER_CANCELLED',
  'ERR_WEBEID_NATIVE_INVALID_ARGUMENT',
  'ERR_WEBEID_NATIVE_FATAL',
  'ERR_WEBEID_ACTION_PENDING',
  'ERR_WEBEID_MISSING_PARAMETER',
]);

/** A failure with one of the protocol's codes in `code`. */
export class WebEidError extends Error {
  constructor(code, message) {
    super(message);
    this.name = 'WebEidError';
    this.code = code;
  }
}

const delay = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

const extensionHadTimeToLoad = delay(LOAD_DELAY);

/** Open requests by action: `{ acknowledged(), succeed(message), fail(error) }`. */
const pending = new Map();

const warningsShown = new Set();

window.addEventListener('message', ({ data }) => {
  const action = data?.action;
  if (typeof action !== 'string' || !action.startsWith('web-eid:')) return;
  if (action === 'web-eid:warning') {
    showWarnings(data.warnings);
    return;
  }
  const [, name, kind] = /^(.*)-(ack|success|failure)$/.exec(action) ?? [];
  const request = pending.get(name);
  if (request === undefined) return;
  if (kind === 'ack') request.acknowledged();
  else if (kind === 'success') request.succeed(data);
  else request.fail(revive(data.error));
});

function showWarnings(warnings) {
  if (!Array.isArray(warnings)) return;
  for (const warning of warnings) {
    if (typeof warning !== 'string' || warningsShown.has(warning)) continue;
    warningsShown.add(warning);
    console.warn(warning);
  }
}

/** Turns an error that crossed the message border back into a thrown one. */
function revive(serialised) {
  const { code, message, name: _name, stack, ...details } = serialised ?? {};
  const isKnown = KNOWN_CODES.has(code) && typeof message === 'string';
  const error = new WebEidError(isKnown ? code : 'ERR_WEBEID_UNKNOWN_ERROR', message);
  if (stack !== undefined) error.stack = stack;
  return isKnown ? Object.assign(error, details) : error;
}

/**
 * Posts one request and waits for its reply.
 * Resolves with exactly `fields` of the reply; other members are dropped.
 */
function request(action, members, fields, patience) {
  if (pending.has(action)) {
    throw new WebEidError('ERR_WEBEID_ACTION_PENDING', `${action} is waiting for its answer already`);
  }
  if (!window.isSecureContext) {
    throw new WebEidError('ERR_WEBEID_CONTEXT_INSECURE', 'the page was not loaded securely');
  }
  return new Promise((resolve, reject) => {
    const settle = (outcome) => {
      clearTimeout(ackTimer);
      clearTimeout(replyTimer);
      pending.delete(action);
      outcome();
    };
    const expire = (code, message) => settle(() => reject(new WebEidError(code, message)));
    const ackTimer = setTimeout(
      expire, ACK_TIMEOUT, 'ERR_WEBEID_EXTENSION_UNAVAILABLE', 'no extension answered',
    );
    const replyTimer = setTimeout(
      expire, patience, 'ERR_WEBEID_ACTION_TIMEOUT', `${action} was not answered in time`,
    );
    pending.set(action, {
      acknowledged: () => clearTimeout(ackTimer),
      succeed: (message) => settle(() => {
        resolve(Object.fromEntries(fields.map((field) => [field, message[field]])));
      }),
      fail: (error) => settle(() => reject(error)),
    });
    window.postMessage({ action, libraryVersion: PROTOCOL_VERSION, ...members }, '*');
  });
}

/** Fails when one of the named values is empty. */
function needed(values) {
  for (const [name, value] of Object.entries(values)) {
    if (!value) throw new WebEidError('ERR_WEBEID_MISSING_PARAMETER', `${name} is missing`);
  }
}

const userTimeout = (options) => options?.userInteractionTimeout || DEFAULT_USER_TIMEOUT;

/** The versions of page protocol, extension and host: `{ library, extension, nativeApp }`. */
export async function status() {
  await extensionHadTimeToLoad;
  return request(
    'web-eid:status', {}, ['library', 'extension', 'nativeApp'], ACK_TIMEOUT + STARTUP_TIMEOUT,
  );
}

/**
 * Has the person sign the site's challenge.
 * @param {string} challengeNonce 44 to 128 characters from the site's server
 * @param {{ lang?: string, userInteractionTimeout?: number }} [options] time in milliseconds
 */
export async function authenticate(challengeNonce, options) {
  await extensionHadTimeToLoad;
  needed({ challengeNonce });
  return request(
    'web-eid:authenticate',
    { challengeNonce, options },
    ['unverifiedCertificate', 'algorithm', 'signature', 'format', 'appVersion'],
    ACK_TIMEOUT + STARTUP_TIMEOUT + userTimeout(options),
  );
}

/** Has the person choose a certificate for signing. */
export async function getSigningCertificate(options) {
  await extensionHadTimeToLoad;
  return request(
    'web-eid:get-signing-certificate',
    { options },
    ['certificate', 'supportedSignatureAlgorithms'],
    ACK_TIMEOUT + STARTUP_TIMEOUT + 2 * userTimeout(options),
  );
}

/**
 * Has the person sign a hash.
 * @param {string} certificate from `getSigningCertificate`, base64
 * @param {string} hash base64
 * @param {string} hashFunction such as `SHA-256`
 */
export async function sign(certificate, hash, hashFunction, options) {
  await extensionHadTimeToLoad;
  needed({ certificate, hash, hashFunction });
  return request(
    'web-eid:sign',
    { certificate, hash, hashFunction, options },
    ['signature', 'signatureAlgorithm'],
    ACK_TIMEOUT + STARTUP_TIMEOUT + 2 * userTimeout(options),
  );
}
