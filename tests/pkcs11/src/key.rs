//! Private keys that are software.

use kagibashi_protocol::agent::Algorithm;
use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rsa::pkcs8::EncodePublicKey;
use rsa::{Pkcs1v15Sign, Pss, RsaPrivateKey};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

/// A private key.
pub enum SoftKey {
    /// RSA
    Rsa(Box<RsaPrivateKey>),
    /// On the curve P-256
    P256(p256::ecdsa::SigningKey),
    /// On the curve P-521
    P521(p521::ecdsa::SigningKey),
}

impl SoftKey {
    /// An RSA key of so many bits.
    pub fn rsa(rng: &mut ChaCha20Rng, bits: usize) -> Self {
        let key = RsaPrivateKey::new(rng, bits).expect("there are primes enough");
        Self::Rsa(Box::new(key))
    }

    /// A key on P-256.
    pub fn p256(rng: &mut ChaCha20Rng) -> Self {
        Self::P256(p256::ecdsa::SigningKey::random(rng))
    }

    /// A key on P-521.
    pub fn p521(rng: &mut ChaCha20Rng) -> Self {
        Self::P521(p521::ecdsa::SigningKey::random(rng))
    }

    /// The public key, as a certificate has it.
    pub fn public_key_info(&self) -> SubjectPublicKeyInfoOwned {
        let der = match self {
            Self::Rsa(key) => key.to_public_key().to_public_key_der(),
            Self::P256(key) => p256::PublicKey::from(key.verifying_key()).to_public_key_der(),
            Self::P521(key) => {
                let point = p521::ecdsa::VerifyingKey::from(key).to_encoded_point(false);
                let key = p521::PublicKey::from_sec1_bytes(point.as_bytes());
                key.expect("a point of the curve").to_public_key_der()
            }
        };
        let der = der.expect("keys have a DER form");
        SubjectPublicKeyInfoOwned::try_from(der.as_bytes()).expect("as made")
    }

    /// Signs; `None` if that is no algorithm for such a key.
    pub fn sign(&self, algorithm: Algorithm, digest: &[u8]) -> Option<Vec<u8>> {
        let mut rng = ChaCha20Rng::from_seed([7; 32]);
        match (self, rsa_padding(algorithm)) {
            (Self::Rsa(key), Some(Padding::Pkcs1(padding))) => key.sign(padding, digest).ok(),
            (Self::Rsa(key), Some(Padding::Pss(padding))) => {
                key.sign_with_rng(&mut rng, padding, digest).ok()
            }
            (Self::P256(key), None) => {
                let signature: p256::ecdsa::Signature = key.sign_prehash(digest).ok()?;
                Some(signature.to_vec())
            }
            (Self::P521(key), None) => {
                let signature: p521::ecdsa::Signature = key.sign_prehash(&long(digest)).ok()?;
                Some(signature.to_vec())
            }
            _ => None,
        }
    }

    /// Whether a signature is good.
    pub fn verifies(&self, algorithm: Algorithm, digest: &[u8], signature: &[u8]) -> bool {
        match (self, rsa_padding(algorithm)) {
            (Self::Rsa(key), Some(Padding::Pkcs1(padding))) => {
                let key = key.to_public_key();
                key.verify(padding, digest, signature).is_ok()
            }
            (Self::Rsa(key), Some(Padding::Pss(padding))) => {
                let key = key.to_public_key();
                key.verify(padding, digest, signature).is_ok()
            }
            (Self::P256(key), None) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|made| key.verifying_key().verify_prehash(digest, &made).is_ok()),
            (Self::P521(key), None) => {
                let key = p521::ecdsa::VerifyingKey::from(key);
                p521::ecdsa::Signature::from_slice(signature)
                    .is_ok_and(|made| key.verify_prehash(&long(digest), &made).is_ok())
            }
            _ => false,
        }
    }
}

impl std::fmt::Debug for SoftKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SoftKey")
    }
}

/// The same number in as many bytes as P-521 has: its crate takes no digest
/// that is much shorter.
fn long(digest: &[u8]) -> Vec<u8> {
    [&vec![0; 66 - digest.len()], digest].concat()
}

enum Padding {
    Pkcs1(Pkcs1v15Sign),
    Pss(Pss),
}

fn rsa_padding(algorithm: Algorithm) -> Option<Padding> {
    Some(match algorithm {
        Algorithm::Rs1 => Padding::Pkcs1(Pkcs1v15Sign::new::<Sha1>()),
        Algorithm::Rs256 => Padding::Pkcs1(Pkcs1v15Sign::new::<Sha256>()),
        Algorithm::Rs384 => Padding::Pkcs1(Pkcs1v15Sign::new::<Sha384>()),
        Algorithm::Rs512 => Padding::Pkcs1(Pkcs1v15Sign::new::<Sha512>()),
        Algorithm::Ps256 => Padding::Pss(Pss::new::<Sha256>()),
        Algorithm::Ps384 => Padding::Pss(Pss::new::<Sha384>()),
        Algorithm::Ps512 => Padding::Pss(Pss::new::<Sha512>()),
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 => return None,
    })
}
