/**
 * The Web eID page protocol, mapped to ours and back: what a page may ask, what it is answered, in its own error codes.
 */
import { ERRORS, fail, type Outcome, type ProtocolError } from './errors';
import type { Outward } from './page-channel';
import { type Arguments, COMMANDS, type PageCommand, type Result } from './protocol';

export const TIMEOUT_DEFAULT = 120_000;
export const TIMEOUT_MIN = 1_000;
export const TIMEOUT_MAX = 600_000;

/** The major version of the Web eID page library whose protocol this is. */
const WEB_EID_MAJOR = 2;

export type PageFields = Readonly<Record<string, unknown>>;

export type PageCommandRequest = {
  [C in PageCommand]: { readonly command: C; readonly arguments: Arguments<C> };
}[PageCommand];

/** The host's command for what the page asked. Values are looked at by the host; here only their types. */
export function toCommand(command: PageCommand, fields: PageFields, origin: string): Outcome<PageCommandRequest> {
  const { challengeNonce, certificate, hash, hashFunction } = fields;
  switch (command) {
    case 'authenticate':
      if (typeof challengeNonce !== 'string') return fail('invalid-nonce');
      return { ok: true, result: { command, arguments: { origin, challengeNonce } } };
    case 'get-signing-certificate':
      return { ok: true, result: { command, arguments: { origin } } };
    case 'sign':
      if (typeof certificate !== 'string') return fail('invalid-certificate');
      if (typeof hash !== 'string') return fail('invalid-hash');
      if (typeof hashFunction !== 'string') return fail('unknown-hash-function');
      return { ok: true, result: { command, arguments: { origin, certificate, hash, hashFunction } } };
  }
}

/** How long the page lets the person take, in milliseconds. */
export function userInteractionTimeout(fields: PageFields): number {
  const { options } = fields;
  const asked =
    typeof options === 'object' && options !== null ? (options as Record<string, unknown>)['userInteractionTimeout'] : undefined;
  if (typeof asked !== 'number' || !Number.isFinite(asked) || asked === 0) return TIMEOUT_DEFAULT;
  return Math.min(Math.max(asked, TIMEOUT_MIN), TIMEOUT_MAX);
}

/** Exactly the fields the page protocol lists, whatever else the host said. */
export function toSuccess<C extends PageCommand>(command: C, result: Result<C>): Record<string, unknown> {
  const fields = Object.keys(COMMANDS[command].result.fields ?? {});
  return Object.fromEntries(fields.map((field) => [field, (result as Record<string, unknown>)[field]]));
}

export interface Versions {
  /** What the page library calls itself; whatever the page sent. */
  readonly library: unknown;
  readonly extension: string;
  /** Null while no host has answered. */
  readonly nativeApp: string | null;
}

/** Web eID's serialised error, as data for the page. */
export type PageError = Record<string, unknown> & { readonly code: string; readonly name: string; readonly message: string };

/** Page libraries compare majors only, so ours stands behind the `+`. */
export function webEidVersion(version: string): string {
  const build = version.replace(/[^0-9A-Za-z.-]+/g, '.').replace(/^\.+|\.+$|\.(?=\.)/g, '');
  return `${WEB_EID_MAJOR}.0.0+kagibashi.${build || '0'}`;
}

export function toStatus(versions: Versions & { readonly nativeApp: string }): Outward {
  if (libraryMajor(versions.library) === null) {
    return { failure: pageError('ERR_WEBEID_VERSION_INVALID', 'The version of the page library is not SemVer') };
  }
  if (libraryIsNewer(versions)) return { failure: versionMismatch(versions, { extension: true, nativeApp: true }) };
  return {
    success: {
      library: versions.library,
      extension: webEidVersion(versions.extension),
      nativeApp: webEidVersion(versions.nativeApp),
    },
  };
}

/** What the page is told. The message is for developers and help desks; details of the token stay here. */
export function toPageError(error: ProtocolError, versions: Versions): PageError {
  const { webEid } = ERRORS[error.name];
  if (webEid === 'ERR_WEBEID_VERSION_MISMATCH') return versionMismatch(versions, { extension: false, nativeApp: true });
  if (versions.nativeApp !== null && libraryIsNewer(versions) && webEid !== 'ERR_WEBEID_USER_CANCELLED') {
    return versionMismatch(versions, { extension: true, nativeApp: true });
  }
  return pageError(webEid, `Kagibashi ${error.code}: ${error.name}`);
}

function versionMismatch(versions: Versions, requiresUpdate: { extension: boolean; nativeApp: boolean }): PageError {
  return {
    ...pageError('ERR_WEBEID_VERSION_MISMATCH', `Kagibashi ${ERRORS['host-incompatible'].code}: the versions do not go together`),
    library: versions.library,
    extension: webEidVersion(versions.extension),
    nativeApp: webEidVersion(versions.nativeApp ?? ''),
    requiresUpdate,
  };
}

const CLASS_NAMES: Readonly<Record<string, string>> = {
  ERR_WEBEID_USER_TIMEOUT: 'UserTimeoutError',
  ERR_WEBEID_VERSION_MISMATCH: 'VersionMismatchError',
  ERR_WEBEID_VERSION_INVALID: 'VersionInvalidError',
  ERR_WEBEID_NATIVE_UNAVAILABLE: 'NativeUnavailableError',
  ERR_WEBEID_UNKNOWN_ERROR: 'UnknownError',
  ERR_WEBEID_CONTEXT_INSECURE: 'ContextInsecureError',
  ERR_WEBEID_USER_CANCELLED: 'UserCancelledError',
  ERR_WEBEID_NATIVE_INVALID_ARGUMENT: 'NativeInvalidArgumentError',
  ERR_WEBEID_NATIVE_FATAL: 'NativeFatalError',
};

function pageError(code: string, message: string): PageError {
  return { code, name: CLASS_NAMES[code] ?? 'UnknownError', message };
}

function libraryIsNewer(versions: Versions): boolean {
  return (libraryMajor(versions.library) ?? 0) > WEB_EID_MAJOR;
}

const SEMVER = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

function libraryMajor(version: unknown): number | null {
  const match = typeof version === 'string' && version.length <= 256 ? SEMVER.exec(version) : null;
  return match ? Number(match[1]) : null;
}
