//! Public keys and the check of a signature over a finished hash.

use der::Encode;
use der::oid::ObjectIdentifier;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::pkcs8::DecodePublicKey;
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, Pss, RsaPublicKey};
use sha2::{Sha256, Sha384, Sha512};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use super::{Algorithm, HashFunction, Scheme, VerifyError};

/// Shorter RSA keys are refused, in bits (as NIST SP 800-131A does).
const MIN_RSA_BITS: usize = 2048;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// How an ECDSA signature's two numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EcdsaEncoding {
    /// `R || S`, each as wide as the curve's order (tokens, document signatures).
    Raw,
    /// `SEQUENCE { r, s }` (certificates).
    Der,
}

/// The public key of a certificate.
#[derive(Debug, Clone)]
pub enum PublicKey {
    /// RSA of at least 2048 bits.
    Rsa(RsaPublicKey),
    /// ECDSA on NIST P-256.
    P256(p256::ecdsa::VerifyingKey),
    /// ECDSA on NIST P-384.
    P384(p384::ecdsa::VerifyingKey),
    /// ECDSA on NIST P-521, as a SEC1 point: the curve's verifying key prints
    /// nothing of itself.
    P521(p521::PublicKey),
}

impl TryFrom<&SubjectPublicKeyInfoOwned> for PublicKey {
    type Error = VerifyError;

    fn try_from(info: &SubjectPublicKeyInfoOwned) -> Result<Self, VerifyError> {
        let algorithm = info.algorithm.oid;
        if algorithm == RSA {
            let key = info
                .to_der()
                .ok()
                .and_then(|der| RsaPublicKey::from_public_key_der(&der).ok())
                .ok_or_else(|| refused("not a usable RSA key"))?;
            let bits = key.n().bits();
            if bits < MIN_RSA_BITS {
                return Err(refused(format!("an RSA key of {bits} bits is too short")));
            }
            return Ok(Self::Rsa(key));
        }
        if algorithm != EC {
            return Err(refused(format!("key algorithm {algorithm}")));
        }
        let curve = info
            .algorithm
            .parameters
            .as_ref()
            .and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok())
            .ok_or_else(|| refused("no named curve"))?;
        let point = info.subject_public_key.raw_bytes();
        let key = match curve {
            P256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(point)
                .ok()
                .map(Self::P256),
            P384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(point)
                .ok()
                .map(Self::P384),
            P521 => p521::PublicKey::from_sec1_bytes(point).ok().map(Self::P521),
            other => return Err(refused(format!("curve {other}"))),
        };
        key.ok_or_else(|| refused("not a point of its curve"))
    }
}

fn refused(reason: impl Into<String>) -> VerifyError {
    VerifyError::PublicKey(reason.into())
}

impl PublicKey {
    /// The kind of key in words.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RSA",
            Self::P256(_) => "EC P-256",
            Self::P384(_) => "EC P-384",
            Self::P521(_) => "EC P-521",
        }
    }

    /// The one hash function that JWA pairs with the key's curve (RFC 7518,
    /// section 3.4).
    pub(super) fn jwa_curve_hash(&self) -> Option<HashFunction> {
        match self {
            Self::Rsa(_) => None,
            Self::P256(_) => Some(HashFunction::Sha256),
            Self::P384(_) => Some(HashFunction::Sha384),
            Self::P521(_) => Some(HashFunction::Sha512),
        }
    }

    /// Checks `signature` over the finished `hash`, which must be as long as
    /// the algorithm's hash function gives.
    pub fn verify_hash(
        &self,
        algorithm: Algorithm,
        hash: &[u8],
        signature: &[u8],
        encoding: EcdsaEncoding,
    ) -> Result<(), VerifyError> {
        if hash.len() != algorithm.hash.length() {
            return Err(VerifyError::HashLength {
                function: algorithm.hash.name(),
                actual: hash.len(),
            });
        }
        match (self, algorithm.scheme) {
            (Self::Rsa(key), Scheme::RsaPkcs1) => {
                check_rsa_length(key, signature)?;
                let scheme = match algorithm.hash {
                    HashFunction::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
                    HashFunction::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
                    HashFunction::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
                };
                matches(key.verify(scheme, hash, signature))
            }
            (Self::Rsa(key), Scheme::RsaPss) => {
                check_rsa_length(key, signature)?;
                let scheme = match algorithm.hash {
                    HashFunction::Sha256 => Pss::new::<Sha256>(),
                    HashFunction::Sha384 => Pss::new::<Sha384>(),
                    HashFunction::Sha512 => Pss::new::<Sha512>(),
                };
                matches(key.verify(scheme, hash, signature))
            }
            (Self::P256(key), Scheme::Ecdsa) => {
                let signature = match encoding {
                    EcdsaEncoding::Raw => p256::ecdsa::Signature::from_slice(signature),
                    EcdsaEncoding::Der => p256::ecdsa::Signature::from_der(signature),
                };
                matches(key.verify_prehash(hash, &decoded(signature)?))
            }
            (Self::P384(key), Scheme::Ecdsa) => {
                let signature = match encoding {
                    EcdsaEncoding::Raw => p384::ecdsa::Signature::from_slice(signature),
                    EcdsaEncoding::Der => p384::ecdsa::Signature::from_der(signature),
                };
                matches(key.verify_prehash(hash, &decoded(signature)?))
            }
            (Self::P521(key), Scheme::Ecdsa) => {
                let signature = match encoding {
                    EcdsaEncoding::Raw => p521::ecdsa::Signature::from_slice(signature),
                    EcdsaEncoding::Der => p521::ecdsa::Signature::from_der(signature),
                };
                let key = decoded(p521::ecdsa::VerifyingKey::from_affine(*key.as_affine()))?;
                // As a number it stays what it is; a digest much shorter than
                // the curve's order is refused as it is.
                let number = [&vec![0; 66 - hash.len()], hash].concat();
                matches(key.verify_prehash(&number, &decoded(signature)?))
            }
            _ => Err(VerifyError::AlgorithmUnfit {
                algorithm: algorithm.jwa(),
                key: self.kind(),
            }),
        }
    }
}

fn check_rsa_length(key: &RsaPublicKey, signature: &[u8]) -> Result<(), VerifyError> {
    if signature.len() == key.size() {
        Ok(())
    } else {
        Err(VerifyError::SignatureDecode)
    }
}

fn decoded<T, E>(signature: Result<T, E>) -> Result<T, VerifyError> {
    signature.map_err(|_| VerifyError::SignatureDecode)
}

fn matches<E>(outcome: Result<(), E>) -> Result<(), VerifyError> {
    outcome.map_err(|_| VerifyError::SignatureMismatch)
}

#[cfg(test)]
mod tests {
    use p521::ecdsa::signature::hazmat::PrehashSigner;
    use p521::ecdsa::{Signature, SigningKey, VerifyingKey};

    use super::*;

    #[test]
    fn a_long_curve_signs_a_short_hash() {
        let mut secret = [0; 66];
        secret[65] = 7;
        let key = SigningKey::from_slice(&secret).unwrap();
        let point = VerifyingKey::from(&key).to_encoded_point(false);
        let public = p521::PublicKey::from_sec1_bytes(point.as_bytes()).unwrap();
        let public = PublicKey::P521(public);
        for name in ["ES256", "ES384", "ES512"] {
            let algorithm = Algorithm::from_jwa(name).unwrap();
            let hash = vec![0xA5; algorithm.hash.length()];
            let number = [vec![0; 66 - hash.len()], hash.clone()].concat();
            let signature: Signature = key.sign_prehash(&number).unwrap();
            let raw = EcdsaEncoding::Raw;
            let verified = public.verify_hash(algorithm, &hash, &signature.to_bytes(), raw);
            assert!(verified.is_ok(), "{name}: {verified:?}");
            let other = vec![0xA4; hash.len()];
            let verified = public.verify_hash(algorithm, &other, &signature.to_bytes(), raw);
            assert!(matches!(verified, Err(VerifyError::SignatureMismatch)));
        }
    }
}
