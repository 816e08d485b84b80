//! The signature over a document's hash.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Algorithm, Certificate, EcdsaEncoding, SignatureAlgorithm, VerifyError};

/// Checks `signature` (base64; ECDSA as raw `R || S`) over the finished
/// `hash`. Unlike in a token, any hash function may go with any curve.
pub(super) fn check_signature(
    certificate: &Certificate,
    hash: &[u8],
    signature: &str,
    named: &SignatureAlgorithm,
) -> Result<Algorithm, VerifyError> {
    let algorithm = Algorithm::try_from(named)?;
    let signature = STANDARD
        .decode(signature)
        .map_err(|_| VerifyError::SignatureDecode)?;
    certificate
        .public_key()?
        .verify_hash(algorithm, hash, &signature, EcdsaEncoding::Raw)?;
    Ok(algorithm)
}
