import type { RequestEvent } from '../lib/connecting-sites';
import type { Certificate, ChangePinView, EnterPinView, Login, Result, Token } from '../lib/protocol';

export const ORIGIN = 'https://portal.example.jp';
export const NONCE = 'dGVzdC1ub25jZS10ZXN0LW5vbmNlLXRlc3Qtbm9uY2U=';

export const site = { origin: ORIGIN, host: 'portal.example.jp', unicodeHost: null, port: null };

export const token: Token = {
  id: 'token-1',
  reader: 'Feitian ePass2003 00 00',
  label: 'デモトークン',
  serial: '0102030405060708',
  manufacturer: 'EnterSafe',
  model: 'ePass2003',
  firmware: '01.00.11',
  pin: { triesLeft: 10, maximum: 10, locked: false },
  canUnblock: true,
  pinPad: false,
  layout: 'PKCS#15',
  mode: 'AES',
  memory: null,
};

export const certificate: Certificate = {
  id: 'a'.repeat(64),
  token: token.id,
  holder: '山田 太郎',
  organisation: '株式会社サンプル',
  certificateId: 'FC12345678',
  issuer: 'Enterprise Premium CA - G3 (Demo)',
  serial: '3A7F09C2D41E88B0',
  notBefore: 1_700_000_000,
  notAfter: 1_900_000_000,
  state: 'usable',
  canAuthenticate: true,
};

export const expired: Certificate = { ...certificate, id: 'b'.repeat(64), notAfter: 1_710_000_000, state: 'expired' };

export const authority: Certificate = { ...certificate, id: 'd'.repeat(64), holder: 'デモ認証局', organisation: null, certificateId: null, state: 'authority', canAuthenticate: false };

export const details: Result<'certificate-details'> = {
  certificate,
  der: 'MIIB',
  version: 3,
  signatureAlgorithm: 'sha256WithRSAEncryption',
  publicKey: { algorithm: 'RSA', bits: 2048 },
  subject: [
    { oid: '2.5.4.6', name: 'C', value: 'JP', encoding: 'PrintableString' },
    { oid: '2.5.4.10', name: 'O', value: '㈱サンプル', encoding: 'BMPString' },
    { oid: '1.2.392.1', name: null, value: 'FC12345678', encoding: 'UTF8String' },
  ],
  issuer: [],
  notBefore: certificate.notBefore,
  notAfter: certificate.notAfter,
  serial: certificate.serial,
  extensions: [
    { oid: '2.5.29.15', name: 'keyUsage', critical: true, values: ['digitalSignature'], raw: null },
    { oid: '2.5.29.37', name: 'extKeyUsage', critical: false, values: ['clientAuth', '1.2.392.9999'], raw: null },
    { oid: '1.2.3.4', name: null, critical: false, values: [], raw: '0C03ABCDEF' },
  ],
  fingerprints: { sha256: 'ab12'.repeat(16), sha1: 'cd34'.repeat(10) },
  chain: [authority.id],
};

let lastRequest = 0;

/** A page's request, of the tab in front. */
export function request(over: Partial<RequestEvent> = {}): RequestEvent {
  return { requestId: `r${(lastRequest += 1)}`, url: `${ORIGIN}/`, type: 'main_frame', method: 'GET', tabId: 1, ...over };
}

/** 2026-11-23 10:00 in Tokyo, ten minutes long. */
export const login: Login = { token: token.id, label: token.label, since: 1_795_395_600, idleSeconds: 600, ends: 1_795_396_200 };

export function enterPin(over: Partial<EnterPinView> = {}, pin: Partial<Token['pin']> = {}): EnterPinView {
  return {
    kind: 'enter-pin',
    tokens: [{ ...token, pin: { ...token.pin, ...pin } }],
    certificates: [certificate],
    notice: null,
    chosen: null,
    ...over,
  };
}

export const authenticated = {
  unverifiedCertificate: 'Y2VydA==',
  algorithm: 'RS256',
  signature: 'c2ln',
  format: 'web-eid:1.0',
  appVersion: 'https://example.org/kagibashi/0.1.0',
};

export function changePin(over: Partial<ChangePinView> = {}, pin: Partial<Token['pin']> = {}): ChangePinView {
  return { kind: 'change-pin', token: { ...token, pin: { ...token.pin, ...pin } }, notice: null, minimum: 4, maximum: 16, ...over };
}
