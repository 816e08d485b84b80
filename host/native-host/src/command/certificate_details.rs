//! `certificate-details`: everything that a certificate says.

mod extension;
mod identifier;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use der::Decode;
use kagibashi_protocol::details::{Attribute, CertificateDetails, Fingerprints, PublicKey};
use kagibashi_protocol::{ErrorCode, Failure};
use kagibashi_token::certificate::{KeyAlgorithm, Name};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use x509_cert::certificate::{CertificateInner, Raw};

use crate::command::certificate_by_id::CertificateById;

/// Decodes the certificate. Fails with `bad-token-data` if it can't be read.
pub fn details(certificate: &CertificateById) -> Result<CertificateDetails, Failure> {
    let found = &certificate.found;
    let unreadable = || Failure::new(ErrorCode::BadTokenData);
    let parsed = found.parsed.as_ref().ok_or_else(unreadable)?;
    let whole = CertificateInner::<Raw>::from_der(&found.der).map_err(|_| unreadable())?;
    let body = &whole.tbs_certificate;
    let extensions = body.extensions.as_deref().unwrap_or_default();
    Ok(CertificateDetails {
        certificate: found.shown.clone(),
        der: STANDARD.encode(&found.der),
        version: body.version as u8 + 1,
        signature_algorithm: identifier::named(&whole.signature_algorithm.oid.to_string()),
        public_key: public_key(&parsed.key_algorithm),
        subject: attributes(&parsed.subject),
        issuer: attributes(&parsed.issuer),
        not_before: parsed.not_before,
        not_after: parsed.not_after,
        serial: parsed.serial.clone(),
        extensions: extensions.iter().map(extension::decode).collect(),
        fingerprints: Fingerprints {
            sha256: hex::encode(Sha256::digest(&found.der)),
            sha1: hex::encode(Sha1::digest(&found.der)),
        },
        chain: certificate
            .issuers()
            .into_iter()
            .map(|issuer| issuer.shown.id.clone())
            .collect(),
    })
}

fn public_key(algorithm: &KeyAlgorithm) -> PublicKey {
    let (algorithm, bits) = match algorithm {
        KeyAlgorithm::Rsa { bits } => ("RSA".to_owned(), Some(*bits)),
        // Its name says how long it is.
        KeyAlgorithm::EllipticCurve { curve } => (format!("EC {}", identifier::named(curve)), None),
        KeyAlgorithm::Other(oid) => (identifier::named(oid), None),
    };
    PublicKey { algorithm, bits }
}

fn attributes(name: &Name) -> Vec<Attribute> {
    let attributes = name.attributes.iter();
    attributes
        .map(|attribute| Attribute {
            oid: attribute.oid.clone(),
            name: attribute.name.map(ToOwned::to_owned),
            value: attribute.value.clone(),
            encoding: attribute.encoding.to_owned(),
        })
        .collect()
}
