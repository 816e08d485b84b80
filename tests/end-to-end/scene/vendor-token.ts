/**
 * A token of another maker: SoftHSM's, which programs reach by its PKCS#11 module alone. The certificate is as a certificate
 * service would issue it, by an authority that was made for the test.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Environment, output } from './background.ts';
import { until } from './deadline.ts';
import { PIN } from './token.ts';

const MODULE = '/usr/lib/softhsm/libsofthsm2.so';
const LABEL = 'SoftHSM';
const ID = '01';

/** The kinds of key that such a token may have, as OpenSSL makes them. */
const KEYS = {
  'P-256': ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  'RSA-2048': ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
} as const;

export type VendorKey = keyof typeof KEYS;

/** What the certificate says of its holder; the identifier is as the services print it. */
const CONFIGURATION = `
[req]
prompt = no
utf8 = yes
string_mask = utf8only
distinguished_name = holder
[holder]
C = JP
O = 株式会社サンプル
OU = FC12345678
CN = 山田 太郎
[client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
`;

export class VendorToken {
  readonly module = MODULE;
  /** Folder with the certificate of the authority, PEM. */
  readonly authorities: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.authorities = join(folder, 'authorities');
  }

  /** @param folder keeps the token and the files that it is made of */
  static async make(folder: string, key: VendorKey = 'P-256'): Promise<VendorToken> {
    const token = new VendorToken(folder);
    const tokens = join(folder, 'tokens');
    mkdirSync(tokens);
    mkdirSync(token.authorities);
    writeFileSync(join(folder, 'softhsm2.conf'), `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`);
    await token.#issue(key);
    await token.#personalise();
    return token;
  }

  /** Lets the module find the token. */
  get environment(): Environment {
    return { SOFTHSM2_CONF: join(this.#folder, 'softhsm2.conf') };
  }

  /** Ends the processes that run the module for this token the hard way, as a crash would. */
  async killModule(): Promise<void> {
    const running = this.#processes();
    if (running.length === 0) throw new Error('no module is running');
    for (const id of running) process.kill(id, 'SIGKILL');
    await until('the end of the module', () => this.#processes().every((id) => !running.includes(id)));
  }

  #processes(): number[] {
    return readdirSync('/proc').map(Number).filter((id) => Number.isInteger(id) && this.#isOurs(id));
  }

  #isOurs(id: number): boolean {
    try {
      if (!readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0').includes('module-worker')) return false;
      return readFileSync(`/proc/${id}/environ`, 'utf8').split('\0').includes(`SOFTHSM2_CONF=${this.environment['SOFTHSM2_CONF']}`);
    } catch {
      // Gone since, or another person's.
      return false;
    }
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }

  /** Makes the authority, the key, and its certificate. */
  async #issue(key: VendorKey): Promise<void> {
    const authority = { key: this.#file('authority.key'), certificate: join(this.authorities, 'authority.pem') };
    const configuration = this.#file('openssl.cnf');
    writeFileSync(configuration, CONFIGURATION);
    const openssl = (...args: string[]) => output('openssl', args);
    const makeKey = (file: string) => openssl('genpkey', ...KEYS[key], '-out', file);
    await Promise.all([makeKey(authority.key), makeKey(this.#file('client.key'))]);
    const days = ['-days', '30'];
    const root = ['-config', configuration, '-extensions', 'authority', '-subj', '/CN=Other Test CA'];
    await openssl('req', '-new', '-x509', ...root, ...days, '-key', authority.key, '-out', authority.certificate);
    await openssl('req', '-new', '-config', configuration, '-key', this.#file('client.key'), '-out', this.#file('client.csr'));
    const issuer = ['-CA', authority.certificate, '-CAkey', authority.key, '-set_serial', '0x1234'];
    const extensions = ['-extfile', configuration, '-extensions', 'client'];
    const certificate = ['-outform', 'DER', '-out', this.#file('client.der')];
    await openssl('x509', '-req', '-in', this.#file('client.csr'), ...issuer, ...extensions, ...days, ...certificate);
  }

  async #personalise(): Promise<void> {
    const run = (name: string, ...args: string[]) => output(name, args, this.environment);
    await run('softhsm2-util', '--init-token', '--free', '--label', LABEL, '--pin', PIN, '--so-pin', PIN);
    const object = ['--token', LABEL, '--label', 'client', '--id', ID, '--pin', PIN];
    await run('softhsm2-util', '--import', this.#file('client.key'), ...object);
    const login = ['--module', MODULE, '--token-label', LABEL, '--login', '--pin', PIN];
    const certificate = ['--type', 'cert', '--id', ID, '--label', 'client', '--write-object', this.#file('client.der')];
    await run('pkcs11-tool', ...login, ...certificate);
  }
}
