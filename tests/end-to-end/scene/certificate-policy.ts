/** The browser's policy of which certificate to show. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const POLICY = { AutoSelectCertificateForUrls: [JSON.stringify({ pattern: 'https://[*.]localhost', filter: {} })] };

/** Lets Chromium show its one certificate without asking which: it has no chooser without a display. */
export function chooseCertificates(settings: string): void {
  const policies = join(settings, 'policies', 'managed');
  mkdirSync(policies, { recursive: true });
  writeFileSync(join(policies, 'certificate.json'), JSON.stringify(POLICY));
}
