/** Programs that are no browsers load the module and find an ordinary token: TLS with OpenSSL, GnuTLS and curl. */
import assert from 'node:assert/strict';
import { dirname, resolve } from 'node:path';
import { test } from 'node:test';
import { output } from '../scene/background.ts';
import { BOUNDED } from '../scene/deadline.ts';
import { Home } from '../scene/home.ts';
import { Host } from '../scene/host.ts';
import { program } from '../scene/places.ts';
import { TLS_VERSIONS, TlsPortal } from '../scene/tls-portal.ts';
import { PIN } from '../scene/token.ts';
import { tokenAlone } from '../scene/token-alone.ts';
import { VendorToken } from '../scene/vendor-token.ts';

const { room, service, takeDown, token } = await tokenAlone();
const authorities = await token.authorities();
const vendor = await VendorToken.make(room('vendor'));
const portal = await TlsPortal.start(room('portal'), [authorities, vendor.authorities]);
takeDown.add(() => portal.stop());

const module = resolve(dirname(program('kagibashi')), 'libkagibashi_pkcs11.so');
const certificate = resolve(authorities, 'client-0.pem');
const home = new Home(room('home'));
await new Host(home).addModule(vendor.module, vendor.environment);
const environment = { ...home.environment, ...service.environment, ...vendor.environment, PKCS11_MODULE_PATH: module };
const run = (name: string, args: readonly string[]) => output(name, args, environment);

const EPASS2003 = 'pkcs11:model=ePass2003';
const SOFTHSM = 'pkcs11:model=SoftHSM%20v2';

/** The PKCS#11 addresses (RFC 7512) of the certificate on such a token and of its key, with the PIN. */
async function addresses(onToken = EPASS2003): Promise<{ certificate: string; key: string }> {
  const listed = await run('p11tool', ['--provider', module, '--list-all-certs', onToken]);
  const url = /URL: (pkcs11:\S*object=%E5%B1%B1%E7%94%B0\S*)/.exec(listed)?.[1];
  assert.ok(url, listed);
  const key = url.replace(/;type=cert.*/, '').replace(/;object=[^;]*/, '');
  return { certificate: url, key: `${key};type=private;pin-value=${PIN}` };
}

/** Asks the site by a program that reads a request from its stdin and prints the answer. */
function visit(origin: string, command: readonly string[]): Promise<string> {
  const { host } = new URL(origin);
  const request = `GET /api/me HTTP/1.1\\r\\nHost: ${host}\\r\\nConnection: close\\r\\n\\r\\n`;
  // The program must not see the end of its input before it has the answer.
  return run('sh', ['-c', `(printf "$0"; sleep 3) | timeout 20 "$@" 2>&1`, request, ...command]);
}

for (const version of TLS_VERSIONS) {
  const origin = portal.origin(version);
  const { port } = new URL(origin);
  const recognises = (answer: string) => {
    assert.match(answer, /"name":"山田 太郎"/);
    assert.match(answer, new RegExp(`"tlsVersion":"TLSv${version}"`));
  };

  test(`openssl s_client signs in over TLS ${version}`, BOUNDED, async () => {
    const { key } = await addresses();
    const server = ['-connect', `127.0.0.1:${port}`, '-servername', 'portal.localhost', '-CAfile', portal.authority];
    const identity = ['-engine', 'pkcs11', '-keyform', 'engine', '-key', key, '-cert', certificate];
    recognises(await visit(origin, ['openssl', 's_client', ...server, ...identity, '-quiet', '-ign_eof']));
  });

  test(`gnutls-cli signs in over TLS ${version}`, BOUNDED, async () => {
    const { certificate: address, key } = await addresses();
    const identity = ['--provider', module, '--x509certfile', address, '--x509keyfile', key];
    recognises(await visit(origin, ['gnutls-cli', ...identity, '--x509cafile', portal.authority, '--port', port, 'localhost']));
  });

  for (const [what, onToken] of [['an RSA key', EPASS2003], ['a key on a curve', SOFTHSM]] as const) {
    test(`curl signs in over TLS ${version} with ${what}`, BOUNDED, async () => {
      const { certificate: address, key } = await addresses(onToken);
      const identity = ['--engine', 'pkcs11', '--cert-type', 'ENG', '--cert', address, '--key-type', 'ENG', '--key', key];
      recognises(await run('curl', ['--noproxy', '*', '-sS', '--cacert', portal.authority, ...identity, `${origin}/api/me`]));
    });
  }
}
