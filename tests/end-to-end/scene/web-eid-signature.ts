/** What a Web eID authentication token says, verified without any code of this project. */
import { constants, createHash, verify, X509Certificate } from 'node:crypto';

export interface AuthenticationToken {
  readonly unverifiedCertificate: string;
  readonly algorithm: string;
  readonly signature: string;
}

const certificateOf = (base64: string) => new X509Certificate(Buffer.from(base64, 'base64'));

const sha256 = (text: string) => createHash('sha256').update(text).digest();

/** Whether the token was signed for that origin and nonce (format 1.0: the hash of both hashes). */
export function isSignedFor(token: AuthenticationToken, origin: string, nonce: string): boolean {
  if (token.algorithm !== 'RS256') return false;
  const signed = Buffer.concat([sha256(origin), sha256(nonce)]);
  return verify('sha256', signed, certificateOf(token.unverifiedCertificate).publicKey, Buffer.from(token.signature, 'base64'));
}

/** Whether a raw signature, PKCS#1 v1.5 with SHA-256, is that of a text. */
export function isSignatureOf(text: string, signature: string, certificate: string): boolean {
  const key = { key: certificateOf(certificate).publicKey, padding: constants.RSA_PKCS1_PADDING };
  return verify('sha256', Buffer.from(text), key, Buffer.from(signature, 'base64'));
}

/** Base64 of the hash of a text. */
export const hashOf = (text: string) => sha256(text).toString('base64');
