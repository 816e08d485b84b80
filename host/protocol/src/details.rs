//! Everything that one certificate says, for a person who wants to know it all.
//!
//! The texts here are not cut: what bounds them is the certificate itself.

use serde::Serialize;

use crate::object::Certificate;

/// The result of `certificate-details`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct CertificateDetails {
    pub certificate: Certificate,
    pub der: String,
    pub version: u8,
    pub signature_algorithm: String,
    pub public_key: PublicKey,
    pub subject: Vec<Attribute>,
    pub issuer: Vec<Attribute>,
    pub not_before: i64,
    pub not_after: i64,
    pub serial: String,
    pub extensions: Vec<Extension>,
    pub fingerprints: Fingerprints,
    pub chain: Vec<String>,
}

/// The key that a certificate is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct PublicKey {
    pub algorithm: String,
    pub bits: Option<u32>,
}

/// One attribute of a distinguished name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct Attribute {
    pub oid: String,
    pub name: Option<String>,
    pub value: String,
    pub encoding: String,
}

/// An extension of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct Extension {
    pub oid: String,
    pub name: Option<String>,
    pub critical: bool,
    pub values: Vec<String>,
    pub raw: Option<String>,
}

/// Hashes of a whole certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct Fingerprints {
    pub sha256: String,
    pub sha1: String,
}

/// The certificate of an authority that `trust-authority` has put in place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct TrustedAuthority {
    pub certificate: String,
    pub holder: String,
    pub trusted: i64,
    pub stores: Vec<String>,
}

/// Something that was looked at between browser and card, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct Check {
    pub id: String,
    pub name: String,
    pub at: Option<String>,
    pub state: CheckState,
    pub situation: String,
    pub advice: Option<String>,
    pub detail: Option<String>,
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the values are the document's")]
pub enum CheckState {
    Ok,
    Trouble,
    NotApplicable,
    Unknown,
}
