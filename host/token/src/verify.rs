//! Checks every signature before it leaves, so that a defective card or an error in our own padding
//! is noticed here and not by a portal. The only file that names `rsa`, and the
//! crates of the curves.

use der::Decode;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, Pss, RsaPublicKey};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use crate::algorithm::{HashFunction, Scheme, SignatureAlgorithm};
use crate::certificate::{KeyAlgorithm, key_algorithm};
use crate::error::TokenError;
use crate::key::Curve;

/// Checks a signature over a digest with a key given as `SubjectPublicKeyInfo`.
pub(crate) fn verify(
    public_key: &[u8],
    algorithm: SignatureAlgorithm,
    digest: &[u8],
    signature: &[u8],
) -> Result<(), TokenError> {
    let key = SubjectPublicKeyInfoOwned::from_der(public_key)
        .map_err(|_| TokenError::AlgorithmUnsupported)?;
    let verified = match (key_algorithm(&key), algorithm.scheme()) {
        (KeyAlgorithm::Rsa { .. }, Scheme::Pkcs1 | Scheme::Pss) => {
            let key = rsa_key(&key).ok_or(TokenError::AlgorithmUnsupported)?;
            verify_rsa(&key, algorithm, digest, signature)
        }
        (KeyAlgorithm::EllipticCurve { curve }, Scheme::Ecdsa) => {
            let point = key.subject_public_key.raw_bytes();
            let curve = Curve::of_identifier(&curve).ok_or(TokenError::AlgorithmUnsupported)?;
            verify_ecdsa(curve, point, digest, signature)
        }
        _ => return Err(TokenError::AlgorithmUnsupported),
    };
    verified.ok_or(TokenError::SignatureInvalid)
}

fn verify_rsa(
    key: &RsaPublicKey,
    algorithm: SignatureAlgorithm,
    digest: &[u8],
    signature: &[u8],
) -> Option<()> {
    let hash = algorithm.hash_function();
    let verified = if algorithm.scheme() == Scheme::Pss {
        let padding = match hash {
            HashFunction::Sha1 => Pss::new::<Sha1>(),
            HashFunction::Sha256 => Pss::new::<Sha256>(),
            HashFunction::Sha384 => Pss::new::<Sha384>(),
            HashFunction::Sha512 => Pss::new::<Sha512>(),
        };
        key.verify(padding, digest, signature)
    } else {
        let padding = match hash {
            HashFunction::Sha1 => Pkcs1v15Sign::new::<Sha1>(),
            HashFunction::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
            HashFunction::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
            HashFunction::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
        };
        key.verify(padding, digest, signature)
    };
    verified.ok()
}

fn verify_ecdsa(curve: Curve, point: &[u8], digest: &[u8], signature: &[u8]) -> Option<()> {
    // As a number it stays what it is; but the verifiers refuse one that is much shorter than the
    // curve's order, as SHA-256 is than that of P-521.
    let mut number = vec![0; curve.length().saturating_sub(digest.len())];
    number.extend_from_slice(digest);
    match curve {
        Curve::P256 => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
            let signature = p256::ecdsa::Signature::from_slice(signature).ok()?;
            key.verify_prehash(&number, &signature).ok()
        }
        Curve::P384 => {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
            let signature = p384::ecdsa::Signature::from_slice(signature).ok()?;
            key.verify_prehash(&number, &signature).ok()
        }
        Curve::P521 => {
            let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
            let signature = p521::ecdsa::Signature::from_slice(signature).ok()?;
            key.verify_prehash(&number, &signature).ok()
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyKind;
    use der::Encode;
    use der::asn1::BitString;
    use p256::ecdsa::signature::hazmat::PrehashSigner;
    use x509_cert::spki::AlgorithmIdentifierOwned;

    /// Signs a digest with a fixed key of the curve: public key and signature.
    fn signed(curve: Curve, digest: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let mut secret = vec![0; curve.length() - 1];
        secret.push(7);
        let mut number = vec![0; curve.length().saturating_sub(digest.len())];
        number.extend_from_slice(digest);
        let (point, signature): (Vec<u8>, Vec<u8>) = match curve {
            Curve::P256 => {
                let key = p256::ecdsa::SigningKey::from_slice(&secret).unwrap();
                let signature: p256::ecdsa::Signature = key.sign_prehash(&number).unwrap();
                let point = key.verifying_key().to_encoded_point(false);
                (point.as_bytes().into(), signature.to_vec())
            }
            Curve::P384 => {
                let key = p384::ecdsa::SigningKey::from_slice(&secret).unwrap();
                let signature: p384::ecdsa::Signature = key.sign_prehash(&number).unwrap();
                let point = key.verifying_key().to_encoded_point(false);
                (point.as_bytes().into(), signature.to_vec())
            }
            Curve::P521 => {
                let key = p521::ecdsa::SigningKey::from_slice(&secret).unwrap();
                let signature: p521::ecdsa::Signature = key.sign_prehash(&number).unwrap();
                let point = p521::ecdsa::VerifyingKey::from(&key).to_encoded_point(false);
                (point.as_bytes().into(), signature.to_vec())
            }
        };
        let info = SubjectPublicKeyInfoOwned {
            algorithm: AlgorithmIdentifierOwned {
                oid: "1.2.840.10045.2.1".parse().unwrap(),
                parameters: Some(curve.identifier().into()),
            },
            subject_public_key: BitString::from_bytes(&point).unwrap(),
        };
        (info.to_der().unwrap(), signature)
    }

    #[test]
    fn every_curve_confirms_every_hash_and_nothing_else() {
        for curve in Curve::ALL {
            for algorithm in KeyKind::EllipticCurve(curve).algorithms() {
                let digest = vec![0xA7; algorithm.hash_function().length()];
                let (key, signature) = signed(curve, &digest);
                assert_eq!(
                    signature.len(),
                    KeyKind::EllipticCurve(curve).signature_length()
                );
                let verified = verify(&key, algorithm, &digest, &signature);
                assert!(verified.is_ok(), "{curve:?} {algorithm}: {verified:?}");
                let mut other_digest = digest.clone();
                other_digest[0] ^= 1;
                let mut other_signature = signature.clone();
                other_signature[curve.length() + 1] ^= 1;
                for (digest, signature) in [
                    (&other_digest, &signature),
                    (&digest, &other_signature),
                    (&digest, &signature[1..].to_vec()),
                    (&digest, &vec![0; signature.len()]),
                ] {
                    assert!(matches!(
                        verify(&key, algorithm, digest, signature),
                        Err(TokenError::SignatureInvalid)
                    ));
                }
                assert!(matches!(
                    verify(&key, SignatureAlgorithm::Rs256, &digest, &signature),
                    Err(TokenError::AlgorithmUnsupported)
                ));
            }
        }
    }
}
