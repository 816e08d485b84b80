/** The numbered errors, equal to the table in PROTOCOL.md by test. A code never changes its meaning. */

export type Blame = 'page' | 'user' | 'card' | 'host' | 'policy' | 'extension';

const PAGE_ARGUMENT = 'ERR_WEBEID_NATIVE_INVALID_ARGUMENT';
const UNKNOWN = 'ERR_WEBEID_UNKNOWN_ERROR';
const CANCELLED = 'ERR_WEBEID_USER_CANCELLED';
const FATAL = 'ERR_WEBEID_NATIVE_FATAL';
const UNAVAILABLE = 'ERR_WEBEID_NATIVE_UNAVAILABLE';

interface ErrorRow {
  readonly code: number;
  readonly blame: Blame;
  readonly detail?: string;
  /** What a Web eID page is told. */
  readonly webEid: string;
}

export const ERRORS = {
  'invalid-origin': { code: 101, blame: 'page', webEid: PAGE_ARGUMENT },
  'invalid-nonce': { code: 102, blame: 'page', webEid: PAGE_ARGUMENT },
  'invalid-hash': { code: 103, blame: 'page', webEid: PAGE_ARGUMENT },
  'unknown-hash-function': { code: 104, blame: 'page', webEid: PAGE_ARGUMENT },
  'invalid-certificate': { code: 105, blame: 'page', webEid: PAGE_ARGUMENT },
  busy: { code: 106, blame: 'page', webEid: UNKNOWN },
  'too-many-requests': { code: 107, blame: 'page', webEid: UNKNOWN },
  'page-gone': { code: 108, blame: 'page', webEid: CANCELLED },
  cancelled: { code: 201, blame: 'user', webEid: CANCELLED },
  'timed-out': { code: 202, blame: 'user', webEid: 'ERR_WEBEID_USER_TIMEOUT' },
  'wrong-pin': { code: 203, blame: 'user', detail: 'triesLeft', webEid: FATAL },
  'pin-too-short': { code: 204, blame: 'user', webEid: FATAL },
  'pin-too-long': { code: 205, blame: 'user', webEid: FATAL },
  'pin-not-ascii': { code: 206, blame: 'user', webEid: FATAL },
  'last-try-not-confirmed': { code: 207, blame: 'user', webEid: FATAL },
  'pin-unchanged': { code: 208, blame: 'user', webEid: FATAL },
  'pin-missing': { code: 209, blame: 'user', webEid: FATAL },
  'ambiguous-certificate': { code: 210, blame: 'user', webEid: FATAL },
  'wrong-puk': { code: 211, blame: 'user', detail: 'triesLeft', webEid: FATAL },
  'no-token': { code: 301, blame: 'card', webEid: FATAL },
  'unsupported-token': { code: 302, blame: 'card', webEid: FATAL },
  'token-removed': { code: 303, blame: 'card', webEid: FATAL },
  'mute-token': { code: 304, blame: 'card', webEid: FATAL },
  'token-in-use': { code: 305, blame: 'card', webEid: FATAL },
  'other-token': { code: 306, blame: 'card', webEid: FATAL },
  'pin-locked': { code: 307, blame: 'card', webEid: CANCELLED },
  'certificate-not-found': { code: 308, blame: 'card', webEid: FATAL },
  'no-usable-certificate': { code: 309, blame: 'card', webEid: FATAL },
  'session-stolen': { code: 310, blame: 'card', webEid: FATAL },
  'bad-token-data': { code: 311, blame: 'card', webEid: FATAL },
  'secure-messaging-failed': { code: 312, blame: 'card', webEid: FATAL },
  'signature-check-failed': { code: 313, blame: 'card', webEid: FATAL },
  'token-refused': { code: 314, blame: 'card', detail: 'statusWord', webEid: FATAL },
  'pin-change-uncertain': { code: 315, blame: 'card', webEid: FATAL },
  'puk-locked': { code: 316, blame: 'card', webEid: FATAL },
  'no-puk': { code: 317, blame: 'card', webEid: FATAL },
  'signature-unsupported': { code: 318, blame: 'card', detail: 'statusWord', webEid: FATAL },
  'no-smart-card-service': { code: 401, blame: 'host', webEid: FATAL },
  'no-reader': { code: 402, blame: 'host', webEid: FATAL },
  'host-fault': { code: 403, blame: 'host', webEid: FATAL },
  'answer-too-large': { code: 404, blame: 'host', webEid: FATAL },
  'storage-failed': { code: 405, blame: 'host', webEid: FATAL },
  'file-not-written': { code: 406, blame: 'host', detail: 'path', webEid: FATAL },
  'trust-tool-missing': { code: 407, blame: 'host', webEid: FATAL },
  'module-failed': { code: 408, blame: 'host', webEid: FATAL },
  'host-missing': { code: 411, blame: 'host', webEid: UNAVAILABLE },
  'host-gone': { code: 412, blame: 'host', webEid: UNAVAILABLE },
  'host-incompatible': { code: 413, blame: 'host', detail: 'version', webEid: 'ERR_WEBEID_VERSION_MISMATCH' },
  'signing-not-granted': { code: 501, blame: 'policy', webEid: CANCELLED },
  'message-too-large': { code: 601, blame: 'extension', webEid: UNKNOWN },
  'message-truncated': { code: 602, blame: 'extension', webEid: UNKNOWN },
  'message-empty': { code: 603, blame: 'extension', webEid: UNKNOWN },
  'message-not-utf8': { code: 604, blame: 'extension', webEid: UNKNOWN },
  'message-not-object': { code: 605, blame: 'extension', webEid: UNKNOWN },
  'unknown-message': { code: 606, blame: 'extension', webEid: UNKNOWN },
  'unknown-command': { code: 607, blame: 'extension', webEid: UNKNOWN },
  'invalid-arguments': { code: 608, blame: 'extension', detail: 'field', webEid: UNKNOWN },
  'request-in-use': { code: 609, blame: 'extension', webEid: UNKNOWN },
  'caller-not-allowed': { code: 610, blame: 'extension', webEid: UNAVAILABLE },
  'insecure-page': { code: 701, blame: 'page', webEid: 'ERR_WEBEID_CONTEXT_INSECURE' },
  'extension-restarted': { code: 702, blame: 'extension', webEid: UNKNOWN },
} as const satisfies Record<string, ErrorRow>;

export type ErrorName = keyof typeof ERRORS;

export interface ProtocolError {
  readonly code: number;
  readonly name: ErrorName;
  readonly blame: Blame;
  readonly detail: Readonly<Record<string, unknown>>;
}

export type Outcome<T> = { readonly ok: true; readonly result: T } | { readonly ok: false; readonly error: ProtocolError };

export function makeError(name: ErrorName, detail: Record<string, unknown> = {}): ProtocolError {
  return { code: ERRORS[name].code, name, blame: ERRORS[name].blame, detail };
}

export function fail(name: ErrorName, detail?: Record<string, unknown>): { readonly ok: false; readonly error: ProtocolError } {
  return { ok: false, error: makeError(name, detail) };
}

export function isErrorName(name: string): name is ErrorName {
  return Object.hasOwn(ERRORS, name);
}
