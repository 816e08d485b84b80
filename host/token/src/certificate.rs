//! A certificate as a person and a page need it: names, purpose, validity, chain.

mod chain;
mod name;

use der::{Decode, Encode};
use sha2::{Digest, Sha256};
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies, ExtendedKeyUsage,
    KeyUsage as KeyUsageExtension, KeyUsages, SubjectKeyIdentifier,
};
use x509_cert::spki::{ObjectIdentifier, SubjectPublicKeyInfoOwned};

use crate::key::{Curve, KeyKind};

pub use chain::chain;
pub use name::{Attribute, Name, text};

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const CLIENT_AUTHENTICATION: &str = "1.3.6.1.5.5.7.3.2";
const ANY_EXTENDED_KEY_USAGE: &str = "2.5.29.37.0";

/// What a certificate says. Extensions that cannot be read count as absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Who it is for.
    pub subject: Name,
    /// Who says so.
    pub issuer: Name,
    /// Serial number in upper-case hexadecimal, as many bytes as the issuer wrote.
    pub serial: String,
    /// First second of validity, in seconds since 1970 UTC.
    pub not_before: i64,
    /// Last second of validity, in seconds since 1970 UTC.
    pub not_after: i64,
    /// The kind of key.
    pub key_algorithm: KeyAlgorithm,
    /// `SubjectPublicKeyInfo` in DER.
    pub public_key: Vec<u8>,
    /// What the key may be used for; `None` without the extension.
    pub key_usage: Option<Vec<KeyUsage>>,
    /// What for in particular, as object identifiers; `None` without the extension.
    pub extended_key_usage: Option<Vec<String>>,
    /// Certificate policies as object identifiers.
    pub policies: Vec<String>,
    /// Whether it is an authority's (basicConstraints).
    pub is_ca: bool,
    /// The identifier that Japanese certificate services print on their contracts: `FC` and capital
    /// letters or digits, in an organizational unit or the common name.
    pub certificate_id: Option<String>,
    /// SHA-256 of the whole certificate in lower-case hexadecimal; by this a certificate is named.
    pub fingerprint: String,
    /// Subject key identifier.
    pub subject_key_id: Option<Vec<u8>>,
    /// Key identifier of the issuer.
    pub authority_key_id: Option<Vec<u8>>,
}

/// A kind of public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// RSA
    Rsa {
        /// Length of the modulus.
        bits: u32,
    },
    /// A point on an elliptic curve.
    EllipticCurve {
        /// The curve's object identifier, such as `1.2.840.10045.3.1.7`.
        curve: String,
    },
    /// Anything else, by its object identifier.
    Other(String),
}

/// The bits of the keyUsage extension (RFC 5280, section 4.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum KeyUsage {
    DigitalSignature,
    NonRepudiation,
    KeyEncipherment,
    DataEncipherment,
    KeyAgreement,
    KeyCertSign,
    CrlSign,
    EncipherOnly,
    DecipherOnly,
}

/// The certificate cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// It is not DER, or not a certificate.
    #[error("this is not a certificate in DER")]
    Malformed,
    /// There is none where the directory points.
    #[error("the directory points to a certificate that is not there")]
    Missing,
}

/// Whether a certificate can be used to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usability {
    /// It can.
    Usable,
    /// It was valid once.
    Expired,
    /// It will be valid one day.
    NotYetValid,
    /// Its issuer did not mean it for this.
    WrongPurpose {
        /// keyUsage lacks digitalSignature.
        key_usage: bool,
        /// extKeyUsage lacks clientAuth.
        extended_key_usage: bool,
    },
    /// It is the certificate of an authority.
    Authority,
    /// Its private key is not on the token.
    NoPrivateKey,
}

impl Certificate {
    /// Reads a certificate. Serial numbers longer than RFC 5280 allows are taken as they are.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let certificate =
            CertificateInner::<Raw>::from_der(der).map_err(|_| CertificateError::Malformed)?;
        let body = &certificate.tbs_certificate;
        let extensions = body.extensions.as_deref().unwrap_or_default();
        let subject = Name::from(&body.subject);
        let key_identifiers = (
            extension::<SubjectKeyIdentifier>(extensions)
                .map(|identifier| identifier.0.as_bytes().to_vec()),
            extension::<AuthorityKeyIdentifier>(extensions)
                .and_then(|identifier| Some(identifier.key_identifier?.as_bytes().to_vec())),
        );
        let seconds = |time: x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
        };
        Ok(Self {
            certificate_id: certificate_id(&subject),
            issuer: Name::from(&body.issuer),
            subject,
            serial: hex::encode_upper(body.serial_number.as_bytes()),
            not_before: seconds(body.validity.not_before),
            not_after: seconds(body.validity.not_after),
            key_algorithm: key_algorithm(&body.subject_public_key_info),
            public_key: body
                .subject_public_key_info
                .to_der()
                .map_err(|_| CertificateError::Malformed)?,
            key_usage: extension::<KeyUsageExtension>(extensions).map(key_usages),
            extended_key_usage: extension::<ExtendedKeyUsage>(extensions)
                .map(|usage| usage.0.iter().map(ToString::to_string).collect()),
            policies: extension::<CertificatePolicies>(extensions)
                .map(|policies| {
                    policies
                        .0
                        .iter()
                        .map(|policy| policy.policy_identifier.to_string())
                        .collect()
                })
                .unwrap_or_default(),
            is_ca: extension::<BasicConstraints>(extensions).is_some_and(|basic| basic.ca),
            fingerprint: hex::encode(Sha256::digest(der)),
            subject_key_id: key_identifiers.0,
            authority_key_id: key_identifiers.1,
        })
    }

    /// What kind of key it is for, if it is one that can sign.
    pub fn key_kind(&self) -> Option<KeyKind> {
        match &self.key_algorithm {
            KeyAlgorithm::Rsa { bits } => Some(KeyKind::Rsa(*bits)),
            KeyAlgorithm::EllipticCurve { curve } => {
                Curve::of_identifier(curve).map(KeyKind::EllipticCurve)
            }
            KeyAlgorithm::Other(_) => None,
        }
    }

    /// Whether it can be used to sign in at a time given in seconds since 1970 UTC. Where several
    /// things speak against it, the one that can be mended least is told.
    pub fn usability(&self, has_private_key: bool, now: i64) -> Usability {
        let key_usage = self
            .key_usage
            .as_ref()
            .is_some_and(|usages| !usages.contains(&KeyUsage::DigitalSignature));
        let extended_key_usage = self.extended_key_usage.as_ref().is_some_and(|usages| {
            !usages
                .iter()
                .any(|usage| usage == CLIENT_AUTHENTICATION || usage == ANY_EXTENDED_KEY_USAGE)
        });
        if self.is_ca {
            Usability::Authority
        } else if !has_private_key {
            Usability::NoPrivateKey
        } else if key_usage || extended_key_usage {
            Usability::WrongPurpose {
                key_usage,
                extended_key_usage,
            }
        } else if now > self.not_after {
            Usability::Expired
        } else if now < self.not_before {
            Usability::NotYetValid
        } else {
            Usability::Usable
        }
    }
}

fn extension<'a, T: der::oid::AssociatedOid + Decode<'a>>(
    extensions: &'a [x509_cert::ext::Extension],
) -> Option<T> {
    let extension = extensions
        .iter()
        .find(|extension| extension.extn_id == T::OID)?;
    T::from_der(extension.extn_value.as_bytes()).ok()
}

fn key_usages(extension: KeyUsageExtension) -> Vec<KeyUsage> {
    [
        (KeyUsages::DigitalSignature, KeyUsage::DigitalSignature),
        (KeyUsages::NonRepudiation, KeyUsage::NonRepudiation),
        (KeyUsages::KeyEncipherment, KeyUsage::KeyEncipherment),
        (KeyUsages::DataEncipherment, KeyUsage::DataEncipherment),
        (KeyUsages::KeyAgreement, KeyUsage::KeyAgreement),
        (KeyUsages::KeyCertSign, KeyUsage::KeyCertSign),
        (KeyUsages::CRLSign, KeyUsage::CrlSign),
        (KeyUsages::EncipherOnly, KeyUsage::EncipherOnly),
        (KeyUsages::DecipherOnly, KeyUsage::DecipherOnly),
    ]
    .into_iter()
    .filter_map(|(bit, usage)| extension.0.contains(bit).then_some(usage))
    .collect()
}

pub(crate) fn key_algorithm(key: &SubjectPublicKeyInfoOwned) -> KeyAlgorithm {
    match key.algorithm.oid {
        RSA_ENCRYPTION => match crate::verify::modulus_bits(key) {
            Some(bits) => KeyAlgorithm::Rsa { bits },
            None => KeyAlgorithm::Other(RSA_ENCRYPTION.to_string()),
        },
        EC_PUBLIC_KEY => KeyAlgorithm::EllipticCurve {
            curve: key
                .algorithm
                .parameters
                .as_ref()
                .and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok())
                .map(|curve| curve.to_string())
                .unwrap_or_default(),
        },
        other => KeyAlgorithm::Other(other.to_string()),
    }
}

fn certificate_id(subject: &Name) -> Option<String> {
    subject
        .organizational_units
        .iter()
        .chain(&subject.common_name)
        .find(|part| {
            part.strip_prefix("FC").is_some_and(|rest| {
                rest.len() >= 4
                    && rest
                        .bytes()
                        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
            })
        })
        .cloned()
}

#[cfg(test)]
mod tests;
