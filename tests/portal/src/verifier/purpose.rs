//! What a certificate may be used for.

use der::oid::ObjectIdentifier;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage};

use super::{Certificate, VerifyError};

/// id-kp-clientAuth (RFC 5280, section 4.2.1.12).
const CLIENT_AUTHENTICATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");

/// A sign-in needs a key usage with digitalSignature; an extended key usage
/// may be absent, but if there is one it must name client authentication.
pub(super) fn check_authentication(certificate: &Certificate) -> Result<(), VerifyError> {
    let usage: KeyUsage = certificate
        .extension()?
        .ok_or(VerifyError::KeyUsageMissing)?;
    if !usage.digital_signature() {
        return Err(VerifyError::KeyUsage("authentication"));
    }
    match certificate.extension::<ExtendedKeyUsage>()? {
        Some(purposes) if !purposes.0.contains(&CLIENT_AUTHENTICATION) => {
            Err(VerifyError::ExtendedKeyUsage)
        }
        _ => Ok(()),
    }
}

/// A document may be signed by a key for non-repudiation or for digital
/// signatures: a token with a single key has nothing else to offer.
pub(super) fn check_signing(certificate: &Certificate) -> Result<(), VerifyError> {
    let usage: KeyUsage = certificate
        .extension()?
        .ok_or(VerifyError::KeyUsageMissing)?;
    if usage.digital_signature() || usage.non_repudiation() {
        Ok(())
    } else {
        Err(VerifyError::KeyUsage("signatures"))
    }
}
