import { describe, expect, it } from 'vitest';
import { authenticated, NONCE, ORIGIN } from '../tests/samples';
import { type ErrorName, ERRORS, makeError } from './errors';
import { WORKER_GONE } from './page-channel';
import { toCommand, toPageError, toStatus, toSuccess, userInteractionTimeout, webEidVersion } from './web-eid';

const versions = { library: '2.0.2', extension: '0.1.0', nativeApp: '0.1.0' };

describe('a page’s request', () => {
  it.each([
    ['authenticate', { challengeNonce: NONCE, origin: 'https://evil.example' }, { origin: ORIGIN, challengeNonce: NONCE }],
    ['get-signing-certificate', { lang: 'et' }, { origin: ORIGIN }],
    ['sign', { certificate: 'Yw==', hash: 'aA==', hashFunction: 'SHA-256', origin: 'x' }, { origin: ORIGIN, certificate: 'Yw==', hash: 'aA==', hashFunction: 'SHA-256' }],
  ] as const)('%s becomes exactly the host’s arguments, with the browser’s origin', (command, fields, args) => {
    expect(toCommand(command, fields, ORIGIN)).toEqual({ ok: true, result: { command, arguments: args } });
  });

  it.each([
    ['authenticate', {}, 'invalid-nonce'],
    ['authenticate', { challengeNonce: 44 }, 'invalid-nonce'],
    ['sign', { hash: 'aA==', hashFunction: 'SHA-256' }, 'invalid-certificate'],
    ['sign', { certificate: 'Yw==', hash: {}, hashFunction: 'SHA-256' }, 'invalid-hash'],
    ['sign', { certificate: 'Yw==', hash: 'aA==', hashFunction: null }, 'unknown-hash-function'],
  ] as const)('%s with %j is %s', (command, fields, name) => {
    expect(toCommand(command, fields, ORIGIN)).toMatchObject({ ok: false, error: { name } });
  });

  it.each([
    [undefined, 120_000],
    [null, 120_000],
    [{}, 120_000],
    [{ userInteractionTimeout: 0 }, 120_000],
    [{ userInteractionTimeout: '5000' }, 120_000],
    [{ userInteractionTimeout: Number.NaN }, 120_000],
    [{ userInteractionTimeout: -5 }, 1_000],
    [{ userInteractionTimeout: 10 }, 1_000],
    [{ userInteractionTimeout: 30_000 }, 30_000],
    [{ userInteractionTimeout: 1e9 }, 600_000],
  ])('with options %j may take %d ms', (options, timeout) => {
    expect(userInteractionTimeout({ options })).toBe(timeout);
  });
});

describe('a page’s answer', () => {
  it('holds exactly the fields of the page protocol', () => {
    const more = { ...authenticated, secret: 1 };
    expect(toSuccess('authenticate', more)).toEqual(authenticated);
    const signed = { signature: 'c2ln', signatureAlgorithm: { cryptoAlgorithm: 'RSA', hashFunction: 'SHA-256', paddingScheme: 'PKCS1.5' } } as const;
    expect(toSuccess('sign', signed)).toEqual(signed);
    expect(Object.keys(toSuccess('get-signing-certificate', { certificate: 'Yw==', supportedSignatureAlgorithms: [] }))).toEqual([
      'certificate',
      'supportedSignatureAlgorithms',
    ]);
  });

  it.each(Object.keys(ERRORS) as ErrorName[])('for %s is the table’s code, without details of the token', (name) => {
    const error = toPageError(makeError(name, { triesLeft: 7, statusWord: '6A88', path: '/home/taro' }), versions);
    expect(error.code).toBe(ERRORS[name].webEid);
    expect(error.message).toContain(String(ERRORS[name].code));
    expect(JSON.stringify(error)).not.toMatch(/triesLeft|6A88|taro/);
    expect(error.name).toMatch(/Error$/);
  });

  it('for a worker that went away is the same as the table’s', () => {
    expect(WORKER_GONE).toEqual(toPageError(makeError('extension-restarted'), versions));
  });
});

describe('versions', () => {
  it.each([
    ['0.1.0', '2.0.0+kagibashi.0.1.0'],
    ['0.1.0-rc.1+g123', '2.0.0+kagibashi.0.1.0-rc.1.g123'],
    ['1..2 é', '2.0.0+kagibashi.1.2'],
    ['', '2.0.0+kagibashi.0'],
  ])('%j is told to pages as %s, which is SemVer of major 2', (version, told) => {
    expect(webEidVersion(version)).toBe(told);
    expect(told).toMatch(/^2\.0\.0\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*$/);
  });

  it('are what status answers', () => {
    expect(toStatus(versions)).toEqual({
      success: { library: '2.0.2', extension: '2.0.0+kagibashi.0.1.0', nativeApp: '2.0.0+kagibashi.0.1.0' },
    });
  });

  it.each([
    ['3.0.0', 'ERR_WEBEID_VERSION_MISMATCH'],
    ['two', 'ERR_WEBEID_VERSION_INVALID'],
    [undefined, 'ERR_WEBEID_VERSION_INVALID'],
  ])('of a library %j make status fail with %s', (library, code) => {
    expect(toStatus({ ...versions, library })).toMatchObject({ failure: { code } });
  });

  it('of a newer library replace a failure, but not a cancel and not while no host is known', () => {
    const newer = { ...versions, library: '3.1.0' };
    expect(toPageError(makeError('token-refused'), newer)).toMatchObject({
      code: 'ERR_WEBEID_VERSION_MISMATCH',
      requiresUpdate: { extension: true, nativeApp: true },
    });
    expect(toPageError(makeError('cancelled'), newer).code).toBe('ERR_WEBEID_USER_CANCELLED');
    expect(toPageError(makeError('host-missing'), { ...newer, nativeApp: null }).code).toBe('ERR_WEBEID_NATIVE_UNAVAILABLE');
  });

  it('that do not go together say which to update', () => {
    expect(toPageError(makeError('host-incompatible', { version: '9' }), versions)).toMatchObject({
      code: 'ERR_WEBEID_VERSION_MISMATCH',
      requiresUpdate: { extension: false, nativeApp: true },
    });
  });
});
