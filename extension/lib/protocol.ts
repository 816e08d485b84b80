/**
 * The messages between extension and host as PROTOCOL.md writes them down (host/protocol/PROTOCOL.md). The tables
 * there and the shapes here are held against each other by protocol.test.ts: change both together, and the host's.
 */
import { ERRORS, isErrorName, type ProtocolError } from './errors';
import { anyObject, boolean, type Fields, integer, listOf, object, type ObjectOf, type Of, oneOf, orNull, type Shape, string } from './shape';

export const PROTOCOL_VERSION = 1;

export const LIMITS = {
  MESSAGE_TO_HOST_MAX: 65536,
  MESSAGE_TO_EXTENSION_MAX: 1000000,
  ORIGIN_MAX: 255,
  NONCE_MIN: 44,
  NONCE_MAX: 128,
  CERTIFICATE_MAX: 16384,
  PIN_MIN: 4,
  PIN_MAX: 16,
  TEXT_MAX: 128,
  CERTIFICATES_MAX: 64,
  TOKENS_MAX: 16,
  WAITING_MAX: 32,
  GRANTS_MAX: 1000,
  LOGIN_IDLE_MAX: 28800,
} as const;

// Objects

const site = object('site', {
  origin: string,
  host: string,
  unicodeHost: orNull(string),
  port: orNull(integer),
});

const reader = object('reader', {
  name: string,
  state: oneOf('empty', 'mute', 'unsupported', 'token'),
});

const pinStatus = object('pin-status', {
  triesLeft: orNull(integer),
  maximum: orNull(integer),
  locked: boolean,
});

const memory = object('memory', { total: integer, free: integer });

const token = object('token', {
  id: string,
  reader: string,
  label: string,
  serial: string,
  manufacturer: string,
  model: string,
  firmware: orNull(string),
  pin: pinStatus,
  canUnblock: boolean,
  pinPad: boolean,
  layout: string,
  mode: orNull(oneOf('AES', 'CMAC', '3DES')),
  memory: orNull(memory),
});

const certificate = object('certificate', {
  id: string,
  token: string,
  holder: string,
  organisation: orNull(string),
  certificateId: orNull(string),
  issuer: string,
  serial: string,
  notBefore: integer,
  notAfter: integer,
  state: oneOf('usable', 'expired', 'not-yet-valid', 'wrong-purpose', 'no-private-key', 'unsupported-key', 'token-out', 'authority', 'unreadable'),
  canAuthenticate: boolean,
});

const publicKey = object('public-key', { algorithm: string, bits: orNull(integer) });

const attribute = object('attribute', { oid: string, name: orNull(string), value: string, encoding: string });

const extension = object('extension', {
  oid: string,
  name: orNull(string),
  critical: boolean,
  values: listOf(string),
  raw: orNull(string),
});

const fingerprints = object('fingerprints', { sha256: string, sha1: string });

const trustedAuthority = object('trusted-authority', {
  certificate: string,
  holder: string,
  trusted: integer,
  stores: listOf(string),
});

const check = object('check', {
  id: string,
  name: string,
  at: orNull(string),
  state: oneOf('ok', 'trouble', 'not-applicable', 'unknown'),
  situation: string,
  advice: orNull(string),
  detail: orNull(string),
});

const moduleTrouble = object('module-trouble', { id: string, situation: string, advice: string });

/** A PKCS#11 module of another maker that the person has added. */
const module = object('module', {
  name: string,
  path: string,
  beforeOwn: boolean,
  description: orNull(string),
  tokens: orNull(integer),
  trouble: orNull(moduleTrouble),
});

const moduleSuggestion = object('module-suggestion', { name: string, path: string });

const login = object('login', {
  token: string,
  label: string,
  since: integer,
  idleSeconds: integer,
  ends: integer,
});

const hashFunction = oneOf('SHA-256', 'SHA-384', 'SHA-512');

const signatureAlgorithm = object('signature-algorithm', {
  cryptoAlgorithm: oneOf('RSA', 'ECC'),
  hashFunction,
  paddingScheme: oneOf('PKCS1.5', 'PSS', 'NONE'),
});

const grant = object('grant', { origin: string, granted: integer });

const error = object('error', {
  code: integer,
  name: string,
  blame: oneOf('page', 'user', 'card', 'host', 'policy', 'extension'),
  detail: anyObject,
});

/** Two tokens may hold the same certificate. */
const choice = object('choice', { certificate: string, token: string });

export const OBJECTS: Readonly<Record<string, Shape<unknown>>> = {
  site,
  reader,
  token,
  'pin-status': pinStatus,
  memory,
  certificate,
  choice,
  'public-key': publicKey,
  attribute,
  extension,
  fingerprints,
  'trusted-authority': trustedAuthority,
  check,
  module,
  'module-suggestion': moduleSuggestion,
  'module-trouble': moduleTrouble,
  login,
  'signature-algorithm': signatureAlgorithm,
  grant,
  error,
};

export type Site = Of<typeof site>;
export type Reader = Of<typeof reader>;
export type Token = Of<typeof token>;
export type Certificate = Of<typeof certificate>;
export type Choice = Of<typeof choice>;
export type PinStatus = Of<typeof pinStatus>;
export type Attribute = Of<typeof attribute>;
export type Extension = Of<typeof extension>;
export type TrustedAuthority = Of<typeof trustedAuthority>;
export type Check = Of<typeof check>;
export type ModuleTrouble = Of<typeof moduleTrouble>;
export type Login = Of<typeof login>;
export type Grant = Of<typeof grant>;

// Views

const reason = oneOf(
  'no-smart-card-service',
  'no-reader',
  'no-token',
  'unsupported-token',
  'mute-token',
  'token-in-use',
  'token-removed',
  'bad-token-data',
  'no-usable-certificate',
  'certificate-not-found',
);

const notice = oneOf(
  'wrong-pin',
  'pin-too-short',
  'pin-too-long',
  'pin-not-ascii',
  'last-try-not-confirmed',
  'session-stolen',
  'token-in-use',
);

const waitingForToken = object('waiting-for-token', {
  kind: oneOf('waiting-for-token'),
  reason,
  readers: listOf(reader),
  certificates: listOf(certificate),
  tokens: listOf(token),
});

const readingToken = object('reading-token', { kind: oneOf('reading-token'), reader: string });

const chooseCertificate = object('choose-certificate', {
  kind: oneOf('choose-certificate'),
  tokens: listOf(token),
  certificates: listOf(certificate),
});

const grantSigning = object('grant-signing', { kind: oneOf('grant-signing'), certificate });

const enterPin = object('enter-pin', {
  kind: oneOf('enter-pin'),
  tokens: listOf(token),
  certificates: listOf(certificate),
  notice: orNull(notice),
  chosen: orNull(choice),
});

const changePinNotice = oneOf(
  'wrong-pin',
  'pin-too-short',
  'pin-too-long',
  'pin-not-ascii',
  'pin-unchanged',
  'last-try-not-confirmed',
  'session-stolen',
  'token-in-use',
);

const changePin = object('change-pin', {
  kind: oneOf('change-pin'),
  token,
  notice: orNull(changePinNotice),
  minimum: integer,
  maximum: integer,
});

const unblockPinNotice = oneOf(
  'wrong-puk',
  'pin-too-short',
  'pin-too-long',
  'pin-not-ascii',
  'last-try-not-confirmed',
  'session-stolen',
  'token-in-use',
);

const unblockPin = object('unblock-pin', {
  kind: oneOf('unblock-pin'),
  token,
  puk: pinStatus,
  notice: orNull(unblockPinNotice),
  minimum: integer,
  maximum: integer,
});

const stage = oneOf('verifying-pin', 'pin-at-token', 'signing', 'changing-pin');

const working = object('working', { kind: oneOf('working'), stage });

export const VIEWS = {
  'waiting-for-token': waitingForToken,
  'reading-token': readingToken,
  'choose-certificate': chooseCertificate,
  'grant-signing': grantSigning,
  'enter-pin': enterPin,
  'change-pin': changePin,
  'unblock-pin': unblockPin,
  working,
} as const;

/** What the person's answer to a view holds. */
export const ANSWERS = {
  'choose-certificate': object('answer', { certificate: string }),
  'grant-signing': object('answer', { grant: boolean }),
  'enter-pin': object('answer', { certificate: string, token: string, pin: string, lastTryConfirmed: boolean }),
  'change-pin': object('answer', { pin: string, newPin: string, lastTryConfirmed: boolean }),
  'unblock-pin': object('answer', { puk: string, newPin: string, lastTryConfirmed: boolean }),
} as const;

export type ViewKind = keyof typeof VIEWS;
export type View = Of<(typeof VIEWS)[ViewKind]>;
export type EnterPinView = Of<typeof enterPin>;
export type ChangePinView = Of<typeof changePin>;
export type UnblockPinView = Of<typeof unblockPin>;
export type Stage = Of<typeof stage>;
export type Notice = Of<typeof notice>;
export type Answer = Of<(typeof ANSWERS)[keyof typeof ANSWERS]>;

// Commands

const moduleChanged = object('result', { refusal: orNull(moduleTrouble) });

export const COMMANDS = {
  status: {
    arguments: {},
    result: object('result', { version: string, service: oneOf('running', 'stopped'), readers: listOf(reader) }),
  },
  tokens: { arguments: {}, result: object('result', { tokens: listOf(token) }) },
  certificates: {
    arguments: {},
    result: object('result', { tokens: listOf(token), certificates: listOf(certificate) }),
  },
  'certificate-details': {
    arguments: { certificate: string },
    result: object('result', {
      certificate,
      der: string,
      version: integer,
      signatureAlgorithm: string,
      publicKey,
      subject: listOf(attribute),
      issuer: listOf(attribute),
      notBefore: integer,
      notAfter: integer,
      serial: string,
      extensions: listOf(extension),
      fingerprints,
      chain: listOf(string),
    }),
  },
  'export-certificate': {
    arguments: { certificate: string, format: oneOf('pem', 'der', 'p7b') },
    result: object('result', { path: string }),
  },
  'trust-authority': { arguments: { certificate: string }, result: object('result', { stores: listOf(string) }) },
  'distrust-authority': { arguments: { certificate: string }, result: object('result', {}) },
  'trusted-authorities': { arguments: {}, result: object('result', { authorities: listOf(trustedAuthority) }) },
  authenticate: {
    arguments: { origin: string, challengeNonce: string },
    result: object('result', {
      unverifiedCertificate: string,
      algorithm: string,
      signature: string,
      format: string,
      appVersion: string,
    }),
  },
  'get-signing-certificate': {
    arguments: { origin: string },
    result: object('result', {
      certificate: string,
      supportedSignatureAlgorithms: listOf(signatureAlgorithm),
    }),
  },
  sign: {
    arguments: { origin: string, certificate: string, hash: string, hashFunction: string },
    result: object('result', { signature: string, signatureAlgorithm }),
  },
  'log-in': {
    arguments: { origin: orNull(string), certificate: orNull(string), token: orNull(string), idleSeconds: integer },
    result: object('result', { login: orNull(login) }),
  },
  'log-out': { arguments: { token: orNull(string) }, result: object('result', { ended: integer }) },
  'change-pin': { arguments: { token: string }, result: object('result', {}) },
  'unblock-pin': { arguments: { token: string }, result: object('result', {}) },
  diagnose: { arguments: { language: string }, result: object('result', { checks: listOf(check) }) },
  modules: {
    arguments: { language: string },
    result: object('result', { modules: listOf(module), suggestions: listOf(moduleSuggestion) }),
  },
  'add-module': { arguments: { path: string, name: orNull(string), language: string }, result: moduleChanged },
  'remove-module': { arguments: { name: string, language: string }, result: moduleChanged },
  'prefer-module': { arguments: { name: string, beforeOwn: boolean, language: string }, result: moduleChanged },
  grants: { arguments: {}, result: object('result', { grants: listOf(grant) }) },
  'revoke-grant': { arguments: { origin: string }, result: object('result', { revoked: boolean }) },
} as const satisfies Record<string, { arguments: Fields; result: Shape<unknown> }>;

export type Command = keyof typeof COMMANDS;
/** Commands that a page may cause. */
export type PageCommand = 'authenticate' | 'get-signing-certificate' | 'sign';
/** Commands for which the host asks a person. */
export type PersonCommand = PageCommand | 'log-in' | 'change-pin' | 'unblock-pin';
export type Arguments<C extends Command> = ObjectOf<(typeof COMMANDS)[C]['arguments']>;
export type Result<C extends Command> = Of<(typeof COMMANDS)[C]['result']>;

// Messages

const cancelReason = oneOf('cancelled', 'timed-out', 'page-gone');
const operation = oneOf('authenticate', 'select-certificate', 'sign', 'log-in', 'change-pin', 'unblock-pin');

export const MESSAGES = {
  request: object('request', {
    type: oneOf('request'),
    request: integer,
    command: string,
    arguments: anyObject,
  }),
  answer: object('answer', { type: oneOf('answer'), request: integer, prompt: integer, answer: anyObject }),
  cancel: object('cancel', { type: oneOf('cancel'), request: integer, reason: cancelReason }),
  hello: object('hello', { type: oneOf('hello'), protocol: integer, version: string }),
  response: object('response', { type: oneOf('response'), request: integer, result: anyObject }),
  failure: object('failure', { type: oneOf('failure'), request: orNull(integer), error }),
  prompt: object('prompt', {
    type: oneOf('prompt'),
    request: integer,
    prompt: integer,
    operation,
    site: orNull(site),
    view: anyObject,
  }),
  logins: object('logins', { type: oneOf('logins'), logins: listOf(login) }),
  handshake: object('handshake', { type: oneOf('handshake'), certificate, waiting: integer }),
  readers: object('readers', { type: oneOf('readers'), readers: listOf(reader) }),
  'token-inserted': object('token-inserted', { type: oneOf('token-inserted'), token }),
  'token-removed': object('token-removed', { type: oneOf('token-removed'), token }),
  'handshake-ended': object('handshake-ended', { type: oneOf('handshake-ended'), certificate: string, error: orNull(error) }),
} as const;

export type CancelReason = Of<typeof cancelReason>;
export type OperationName = Of<typeof operation>;
export type MessageToHost = Of<(typeof MESSAGES)['request' | 'answer' | 'cancel']>;
export type Prompt = Omit<Of<(typeof MESSAGES)['prompt']>, 'view'> & { readonly view: View };
export type MessageToExtension =
  | Of<(typeof MESSAGES)['hello' | 'response']>
  | (Omit<Of<(typeof MESSAGES)['failure']>, 'error'> & { readonly error: ProtocolError })
  | Prompt
  | HostNotice;
/** What the host says of its own accord. */
export type HostNotice =
  | Of<(typeof MESSAGES)['logins' | 'handshake' | 'readers' | 'token-inserted' | 'token-removed']>
  | (Omit<Of<(typeof MESSAGES)['handshake-ended']>, 'error'> & { readonly error: ProtocolError | null });

/** A message of the host, or null when it is none that this version of the protocol knows. */
export function readMessage(value: unknown): MessageToExtension | null {
  if (MESSAGES.hello.matches(value) || MESSAGES.response.matches(value)) return value;
  if (MESSAGES.logins.matches(value) || MESSAGES.handshake.matches(value) || MESSAGES.readers.matches(value)) return value;
  if (MESSAGES['token-inserted'].matches(value) || MESSAGES['token-removed'].matches(value)) return value;
  if (MESSAGES.failure.matches(value)) {
    const error = readError(value.error);
    return error && { ...value, error };
  }
  if (MESSAGES['handshake-ended'].matches(value)) {
    if (value.error === null) return { ...value, error: null };
    const error = readError(value.error);
    return error && { ...value, error };
  }
  if (MESSAGES.prompt.matches(value)) {
    const view: unknown = value.view;
    return isView(view) ? { ...value, view } : null;
  }
  return null;
}

function readError(value: Of<typeof error>): ProtocolError | null {
  if (!isErrorName(value.name) || ERRORS[value.name].code !== value.code) return null;
  return { ...value, name: value.name };
}

function isView(value: unknown): value is View {
  return Object.values<Shape<View>>(VIEWS).some((view) => view.matches(value));
}
