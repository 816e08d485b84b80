//! An X.509 certificate, decoded, with the bytes it came from.

use std::ops::Range;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::oid::{AssociatedOid, ObjectIdentifier};
use der::{Decode, Encode, Reader, SliceReader};
use x509_cert::ext::pkix::{
    BasicConstraints, CertificatePolicies, ExtendedKeyUsage, KeyUsage, SubjectAltName,
};
use x509_cert::name::Name;

use super::{PublicKey, VerifyError};

/// Extensions that may be critical because this verifier applies them, or
/// because they only say more about the holder (RFC 5280, section 4.2).
const UNDERSTOOD: [ObjectIdentifier; 5] = [
    BasicConstraints::OID,
    KeyUsage::OID,
    ExtendedKeyUsage::OID,
    CertificatePolicies::OID,
    SubjectAltName::OID,
];

/// One certificate: holder's, intermediate's or root's.
#[derive(Debug, Clone)]
pub struct Certificate {
    der: Vec<u8>,
    signed_part: Range<usize>,
    decoded: x509_cert::Certificate,
}

impl Certificate {
    /// Decodes exactly one DER certificate.
    pub fn from_der(der: Vec<u8>) -> Result<Self, VerifyError> {
        let decode = || -> der::Result<_> {
            let decoded = x509_cert::Certificate::from_der(&der)?;
            Ok((decoded, signed_part(&der)?))
        };
        let (decoded, signed_part) =
            decode().map_err(|e| VerifyError::CertificateDecode(e.to_string()))?;
        Ok(Self {
            der,
            signed_part,
            decoded,
        })
    }

    /// Decodes base64 (with padding, without line breaks) of one DER
    /// certificate.
    pub fn from_base64(text: &str) -> Result<Self, VerifyError> {
        if text.is_empty() {
            return Err(VerifyError::CertificateMissing);
        }
        let der = STANDARD
            .decode(text)
            .map_err(|e| VerifyError::CertificateDecode(e.to_string()))?;
        Self::from_der(der)
    }

    /// The certificate's bytes.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whether it names itself as its issuer, as roots do.
    pub fn is_self_issued(&self) -> bool {
        same_name(self.subject(), self.issuer())
    }

    /// The fields by their names in RFC 5280.
    pub fn decoded(&self) -> &x509_cert::Certificate {
        &self.decoded
    }

    /// The bytes that the issuer signed, as received.
    pub(super) fn signed_part(&self) -> &[u8] {
        &self.der[self.signed_part.clone()]
    }

    /// Whose certificate it is.
    pub fn subject(&self) -> &Name {
        &self.decoded.tbs_certificate.subject
    }

    /// Who issued it.
    pub fn issuer(&self) -> &Name {
        &self.decoded.tbs_certificate.issuer
    }

    /// The key that signatures are checked with.
    pub fn public_key(&self) -> Result<PublicKey, VerifyError> {
        PublicKey::try_from(&self.decoded.tbs_certificate.subject_public_key_info)
    }

    /// The extension of type `T`, if the certificate has it.
    pub(super) fn extension<'a, T>(&'a self) -> Result<Option<T>, VerifyError>
    where
        T: Decode<'a> + AssociatedOid,
    {
        let found = self
            .decoded
            .tbs_certificate
            .get::<T>()
            .map_err(|e| VerifyError::CertificateDecode(e.to_string()))?;
        Ok(found.map(|(_critical, extension)| extension))
    }

    /// Fails when the certificate is not valid at `now`, or has a critical
    /// extension of which this verifier knows nothing.
    pub fn check_validity(&self, now: SystemTime) -> Result<(), VerifyError> {
        let validity = &self.decoded.tbs_certificate.validity;
        let (from, until) = (
            validity.not_before.to_system_time(),
            validity.not_after.to_system_time(),
        );
        let subject = self.subject().to_string();
        if now < from {
            return Err(VerifyError::NotYetValid { subject, from });
        }
        if now > until {
            return Err(VerifyError::Expired { subject, until });
        }
        self.check_critical_extensions()
    }

    fn check_critical_extensions(&self) -> Result<(), VerifyError> {
        let extensions = self.decoded.tbs_certificate.extensions.as_deref();
        match extensions
            .unwrap_or_default()
            .iter()
            .find(|extension| extension.critical && !UNDERSTOOD.contains(&extension.extn_id))
        {
            Some(unknown) => Err(VerifyError::CriticalExtension(unknown.extn_id.to_string())),
            None => Ok(()),
        }
    }

    /// Whether both certificates name the same holder, byte for byte.
    pub fn has_subject_of(&self, other: &Self) -> bool {
        same_name(self.subject(), other.subject())
    }
}

/// Names are compared in their encoded form: an issuer writes its own name
/// the same way twice.
pub(super) fn same_name(a: &Name, b: &Name) -> bool {
    matches!((a.to_der(), b.to_der()), (Ok(a), Ok(b)) if a == b)
}

/// Where the first element of the outer sequence lies. Signatures are checked
/// over these bytes and never over a second encoding of the decoded fields.
fn signed_part(der: &[u8]) -> der::Result<Range<usize>> {
    let mut reader = SliceReader::new(der)?;
    der::Header::decode(&mut reader)?;
    let start = usize::try_from(reader.position())?;
    let length = reader.tlv_bytes()?.len();
    Ok(start..start + length)
}
