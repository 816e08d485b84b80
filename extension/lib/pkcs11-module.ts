/** Firefox takes PKCS#11 modules from extensions; Chromium's are registered by the installer. */

/** Name of the manifest that the installer lays down. */
export const MODULE = 'kagibashi';

/** What this file needs of Firefox's `pkcs11`. */
export interface Pkcs11 {
  isModuleInstalled(name: string): Promise<boolean>;
  installModule(name: string): Promise<void>;
}

/** Registers the module unless it is. Without its manifest both calls fail: that is `missing`, and no trouble of ours. */
export async function ensureModule(pkcs11: Pkcs11 | undefined): Promise<'installed' | 'missing' | null> {
  if (!pkcs11) return null;
  try {
    if (!(await pkcs11.isModuleInstalled(MODULE))) await pkcs11.installModule(MODULE);
    return 'installed';
  } catch {
    return 'missing';
  }
}
