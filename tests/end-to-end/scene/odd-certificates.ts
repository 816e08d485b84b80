/** Certificates as nobody should issue them, and somebody will: made by OpenSSL, and put into the place of a token's own. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { output } from './background.ts';

/** How each odd one is called; the one that is none has no name. */
export const ODD_HOLDERS = {
  longSerial: 'Serial of 21 bytes',
  large: 'Ten kilobytes of extensions',
  tricks: `山田\u202Eゆるぎ\u200B\u0007🔑<img src=x>${'長'.repeat(40)}`,
} as const;

const CONFIGURATION = `
[req]
prompt = no
utf8 = yes
string_mask = utf8only
distinguished_name = holder
x509_extensions = client
[holder]
[client]
basicConstraints = CA:FALSE
keyUsage = digitalSignature
extendedKeyUsage = clientAuth
[large]
basicConstraints = CA:FALSE
keyUsage = digitalSignature
extendedKeyUsage = clientAuth
2.5.29.99 = DER:03020780
1.2.3.4 = ASN1:FORMAT:UTF8,UTF8String:${'長い拡張'.repeat(850)}
1.2.3.5 = DER:0500
`;

/** What OpenSSL would not write: the key usage for a second time, in the place of an extension that there is not. */
const NO_EXTENSION = '0603551d63';
const KEY_USAGE = '0603551d0f';

/**
 * @param state a token with six certificates of holders
 * @param certificates folder that they lie in
 */
export async function makeOdd(state: string, certificates: string): Promise<void> {
  const made = (file: string) => join(certificates, file);
  const configuration = made('odd.cnf');
  writeFileSync(configuration, CONFIGURATION);
  await output('openssl', ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', made('odd.key')]);
  const issued = async (holder: string | null, ...more: string[]): Promise<string> => {
    const subject = holder === null ? '/' : `/O=${holder}/CN=${holder}`;
    const file = made('odd.der');
    await output('openssl', ['req', '-new', '-x509', '-config', configuration, '-utf8', '-subj', subject, '-key', made('odd.key'), ...more, '-outform', 'DER', '-out', file]);
    return readFileSync(file).toString('hex');
  };
  const odd = [
    await issued(ODD_HOLDERS.longSerial, '-set_serial', `0x7f${'5a'.repeat(20)}`),
    await issued(null, '-days', '2900000'),
    (await issued(ODD_HOLDERS.large, '-extensions', 'large')).replace(NO_EXTENSION, KEY_USAGE),
    await issued(ODD_HOLDERS.tricks),
    // A length of four bytes that are none.
    (await issued('nobody')).replace(/^30../, '3084'),
  ];
  let card = readFileSync(state, 'utf8');
  for (const [index, certificate] of odd.entries()) {
    const own = readFileSync(made(`client-${index + 1}.pem`), 'utf8').replaceAll(/-----[^-]+-----|\s/g, '');
    const replaced = card.replace(Buffer.from(own, 'base64').toString('hex'), certificate);
    if (replaced === card) throw new Error(`certificate ${index + 1} is not in ${state}`);
    card = replaced;
  }
  writeFileSync(state, card);
}
