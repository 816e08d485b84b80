//! Signature algorithms by their two sets of names.
//!
//! A token names its algorithm as in JWA (RFC 7518, section 3.1); a document
//! signature names it as a triple of key type, hash function and padding.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::VerifyError;

/// A hash function that signatures may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashFunction {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl HashFunction {
    /// The function of that name: `SHA-256`, `SHA-384` or `SHA-512`.
    pub fn from_name(name: &str) -> Result<Self, VerifyError> {
        match name {
            "SHA-256" => Ok(Self::Sha256),
            "SHA-384" => Ok(Self::Sha384),
            "SHA-512" => Ok(Self::Sha512),
            other => Err(VerifyError::AlgorithmNotAllowed(other.to_owned())),
        }
    }

    /// Its name in the page protocol.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    /// The number of bytes it gives.
    pub fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The hash of `data`.
    pub fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(data).to_vec(),
            Self::Sha384 => Sha384::digest(data).to_vec(),
            Self::Sha512 => Sha512::digest(data).to_vec(),
        }
    }
}

/// How a hash becomes a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2).
    RsaPkcs1,
    /// RSASSA-PSS, MGF1 with the same hash, salt as long as the hash.
    RsaPss,
    /// ECDSA.
    Ecdsa,
}

/// A scheme and its hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Algorithm {
    /// How the hash is signed.
    pub scheme: Scheme,
    /// What makes the hash.
    pub hash: HashFunction,
}

impl Algorithm {
    /// The algorithm of that JWA name, in exactly that spelling. The nine
    /// names here are the allow-list.
    pub fn from_jwa(name: &str) -> Result<Self, VerifyError> {
        let not_allowed = || VerifyError::AlgorithmNotAllowed(name.to_owned());
        let (scheme, bits) = name.split_at_checked(2).ok_or_else(not_allowed)?;
        let scheme = match scheme {
            "RS" => Scheme::RsaPkcs1,
            "PS" => Scheme::RsaPss,
            "ES" => Scheme::Ecdsa,
            _ => return Err(not_allowed()),
        };
        let hash = match bits {
            "256" => HashFunction::Sha256,
            "384" => HashFunction::Sha384,
            "512" => HashFunction::Sha512,
            _ => return Err(not_allowed()),
        };
        Ok(Self { scheme, hash })
    }

    /// Its JWA name.
    pub fn jwa(self) -> &'static str {
        match (self.scheme, self.hash) {
            (Scheme::RsaPkcs1, HashFunction::Sha256) => "RS256",
            (Scheme::RsaPkcs1, HashFunction::Sha384) => "RS384",
            (Scheme::RsaPkcs1, HashFunction::Sha512) => "RS512",
            (Scheme::RsaPss, HashFunction::Sha256) => "PS256",
            (Scheme::RsaPss, HashFunction::Sha384) => "PS384",
            (Scheme::RsaPss, HashFunction::Sha512) => "PS512",
            (Scheme::Ecdsa, HashFunction::Sha256) => "ES256",
            (Scheme::Ecdsa, HashFunction::Sha384) => "ES384",
            (Scheme::Ecdsa, HashFunction::Sha512) => "ES512",
        }
    }
}

/// An algorithm as a page receives it with a document signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignatureAlgorithm {
    /// `RSA` or `ECC`.
    pub crypto_algorithm: String,
    /// Such as `SHA-256`.
    pub hash_function: String,
    /// `PKCS1.5` or `PSS` for RSA, `NONE` for ECC.
    pub padding_scheme: String,
}

impl TryFrom<&SignatureAlgorithm> for Algorithm {
    type Error = VerifyError;

    fn try_from(named: &SignatureAlgorithm) -> Result<Self, VerifyError> {
        let hash = HashFunction::from_name(&named.hash_function)?;
        let scheme = match (
            named.crypto_algorithm.as_str(),
            named.padding_scheme.as_str(),
        ) {
            ("RSA", "PKCS1.5") => Scheme::RsaPkcs1,
            ("RSA", "PSS") => Scheme::RsaPss,
            ("ECC", "NONE") => Scheme::Ecdsa,
            (crypto, padding) => {
                return Err(VerifyError::AlgorithmNotAllowed(format!(
                    "{crypto} {padding}"
                )));
            }
        };
        Ok(Self { scheme, hash })
    }
}

impl From<Algorithm> for SignatureAlgorithm {
    fn from(algorithm: Algorithm) -> Self {
        let (crypto_algorithm, padding_scheme) = match algorithm.scheme {
            Scheme::RsaPkcs1 => ("RSA", "PKCS1.5"),
            Scheme::RsaPss => ("RSA", "PSS"),
            Scheme::Ecdsa => ("ECC", "NONE"),
        };
        Self {
            crypto_algorithm: crypto_algorithm.to_owned(),
            hash_function: algorithm.hash.name().to_owned(),
            padding_scheme: padding_scheme.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allow_list_is_nine_names_in_exact_spelling() {
        for name in [
            "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
        ] {
            let algorithm = Algorithm::from_jwa(name).expect(name);
            assert_eq!(algorithm.jwa(), name);
            let triple = SignatureAlgorithm::from(algorithm);
            assert_eq!(Algorithm::try_from(&triple), Ok(algorithm));
        }
        for name in [
            "", "R", "RS", "rs256", "RS1", "RS224", "RS256 ", "HS256", "none", "NONE", "EdDSA",
            "é256",
        ] {
            assert_eq!(
                Algorithm::from_jwa(name),
                Err(VerifyError::AlgorithmNotAllowed(name.to_owned()))
            );
        }
    }

    #[test]
    fn a_triple_must_fit_together() {
        for (crypto, hash, padding) in [
            ("RSA", "SHA-256", "NONE"),
            ("ECC", "SHA-256", "PKCS1.5"),
            ("RSA", "SHA-1", "PKCS1.5"),
            ("RSA", "sha-256", "PSS"),
            ("DSA", "SHA-256", "NONE"),
        ] {
            let triple = SignatureAlgorithm {
                crypto_algorithm: crypto.to_owned(),
                hash_function: hash.to_owned(),
                padding_scheme: padding.to_owned(),
            };
            assert!(Algorithm::try_from(&triple).is_err(), "{triple:?}");
        }
    }
}
