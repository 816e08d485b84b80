//! Checks every signature before it leaves, so that a defective card or an error in our own padding
//! is noticed here and not by a portal. The only file that names `rsa`.

use der::Decode;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, Pss, RsaPublicKey};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use crate::algorithm::{HashFunction, Padding, SignatureAlgorithm};
use crate::error::TokenError;

/// Checks a signature over a digest with a key given as `SubjectPublicKeyInfo`.
pub(crate) fn verify(
    public_key: &[u8],
    algorithm: SignatureAlgorithm,
    digest: &[u8],
    signature: &[u8],
) -> Result<(), TokenError> {
    let key = SubjectPublicKeyInfoOwned::from_der(public_key)
        .ok()
        .and_then(|key| rsa_key(&key))
        .ok_or(TokenError::AlgorithmUnsupported)?;
    let verified = match (algorithm.padding(), algorithm.hash_function()) {
        (Padding::Pkcs1, HashFunction::Sha1) => {
            key.verify(Pkcs1v15Sign::new::<Sha1>(), digest, signature)
        }
        (Padding::Pss, HashFunction::Sha1) => return Err(TokenError::AlgorithmUnsupported),
        (Padding::Pkcs1, HashFunction::Sha256) => {
            key.verify(Pkcs1v15Sign::new::<Sha256>(), digest, signature)
        }
        (Padding::Pkcs1, HashFunction::Sha384) => {
            key.verify(Pkcs1v15Sign::new::<Sha384>(), digest, signature)
        }
        (Padding::Pkcs1, HashFunction::Sha512) => {
            key.verify(Pkcs1v15Sign::new::<Sha512>(), digest, signature)
        }
        (Padding::Pss, HashFunction::Sha256) => key.verify(Pss::new::<Sha256>(), digest, signature),
        (Padding::Pss, HashFunction::Sha384) => key.verify(Pss::new::<Sha384>(), digest, signature),
        (Padding::Pss, HashFunction::Sha512) => key.verify(Pss::new::<Sha512>(), digest, signature),
    };
    verified.map_err(|_| TokenError::SignatureInvalid)
}

/// The length of an RSA key's modulus in bits; `None` if it is not a readable RSA key.
pub(crate) fn modulus_bits(key: &SubjectPublicKeyInfoOwned) -> Option<u32> {
    u32::try_from(rsa_key(key)?.n().bits()).ok()
}

/// The modulus of an RSA key given as `SubjectPublicKeyInfo`, big-endian without leading zeros.
pub(crate) fn modulus(public_key: &[u8]) -> Option<Vec<u8>> {
    let key = SubjectPublicKeyInfoOwned::from_der(public_key).ok()?;
    Some(rsa_key(&key)?.n().to_bytes_be())
}

fn rsa_key(key: &SubjectPublicKeyInfoOwned) -> Option<RsaPublicKey> {
    RsaPublicKey::from_pkcs1_der(key.subject_public_key.as_bytes()?).ok()
}
