/** What the standards' names in a certificate mean, in words. Names that are not here are shown as they are. */
import type { TextName } from './texts';

const ATTRIBUTES: Readonly<Record<string, TextName>> = {
  CN: 'attribute_cn',
  O: 'attribute_o',
  OU: 'attribute_ou',
  C: 'attribute_c',
  ST: 'attribute_st',
  L: 'attribute_l',
  serialNumber: 'attribute_serial',
  emailAddress: 'attribute_email',
  title: 'attribute_title',
  street: 'attribute_street',
};

const EXTENSIONS: Readonly<Record<string, TextName>> = {
  keyUsage: 'extension_key_usage',
  extKeyUsage: 'extension_extended_key_usage',
  basicConstraints: 'extension_basic_constraints',
  subjectKeyIdentifier: 'extension_subject_key',
  authorityKeyIdentifier: 'extension_authority_key',
  certificatePolicies: 'extension_policies',
  cRLDistributionPoints: 'extension_crl',
  authorityInfoAccess: 'extension_authority_info',
  subjectAltName: 'extension_subject_names',
  issuerAltName: 'extension_issuer_names',
  netscapeCertType: 'extension_netscape_type',
};

const USAGES: Readonly<Record<string, TextName>> = {
  digitalSignature: 'usage_digital_signature',
  nonRepudiation: 'usage_non_repudiation',
  keyEncipherment: 'usage_key_encipherment',
  dataEncipherment: 'usage_data_encipherment',
  keyAgreement: 'usage_key_agreement',
  keyCertSign: 'usage_key_cert_sign',
  cRLSign: 'usage_crl_sign',
  encipherOnly: 'usage_encipher_only',
  decipherOnly: 'usage_decipher_only',
};

const PURPOSES: Readonly<Record<string, TextName>> = {
  clientAuth: 'purpose_client',
  serverAuth: 'purpose_server',
  emailProtection: 'purpose_email',
  codeSigning: 'purpose_code',
  documentSigning: 'purpose_document',
  msDocumentSigning: 'purpose_document',
  timeStamping: 'purpose_time',
  OCSPSigning: 'purpose_ocsp',
  smartcardLogon: 'purpose_smart_card',
  anyExtendedKeyUsage: 'purpose_any',
};

const CONSTRAINTS: Readonly<Record<string, TextName>> = { 'cA: TRUE': 'word_ca', 'cA: FALSE': 'word_not_ca' };

const WORDS: Readonly<Record<string, Readonly<Record<string, TextName>>>> = {
  keyUsage: USAGES,
  extKeyUsage: PURPOSES,
  basicConstraints: CONSTRAINTS,
};

const own = (words: Readonly<Record<string, TextName>>, name: string): TextName | null => (Object.hasOwn(words, name) ? (words[name] ?? null) : null);

export const attributeWord = (name: string | null): TextName | null => (name === null ? null : own(ATTRIBUTES, name));
export const extensionWord = (name: string | null): TextName | null => (name === null ? null : own(EXTENSIONS, name));

/** @param extension name of the extension that says it */
export function valueWord(extension: string | null, value: string): TextName | null {
  const words = extension !== null && Object.hasOwn(WORDS, extension) ? WORDS[extension] : undefined;
  return words ? own(words, value) : null;
}

/** The extensions that say what a certificate is for. */
export function saysPurpose(extension: string | null): boolean {
  return extension === 'keyUsage' || extension === 'extKeyUsage';
}
