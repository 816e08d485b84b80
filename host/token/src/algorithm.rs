//! Signature algorithms and hash functions, by their names in JWA and in Web eID.

use std::fmt;
use std::str::FromStr;

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// A signature algorithm of JWA (RFC 7518, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-1 (RFC 8812, section 2): only for programs that ask for it by
    /// PKCS#11, and therefore in no list.
    Rs1,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256, MGF1 with the same, and a salt as long as the hash.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// ECDSA with SHA-256; the signature is R ‖ S, each as long as the curve's order. JWA has it with
    /// P-256 alone; TLS 1.2 and PKCS#11 have any hash with any curve, and so has it here.
    Es256,
    /// ECDSA with SHA-384.
    Es384,
    /// ECDSA with SHA-512.
    Es512,
}

/// How a signature is made of a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2).
    Pkcs1,
    /// RSASSA-PSS (RFC 8017, section 8.1).
    Pss,
    /// ECDSA (FIPS 186-5, section 6).
    Ecdsa,
}

/// A hash function by its name in Web eID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HashFunction {
    /// SHA-1; see [`SignatureAlgorithm::Rs1`].
    Sha1,
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

/// A name that none of ours has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no algorithm has this name")]
pub struct UnknownAlgorithm;

impl SignatureAlgorithm {
    /// Those that are offered: for RSA keys, PKCS#1 first, then for elliptic curves.
    pub const ALL: [Self; 9] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
    ];

    /// The algorithm of that scheme and hash function. SHA-1 has no place outside of PKCS#1.
    pub fn new(scheme: Scheme, hash: HashFunction) -> Option<Self> {
        match (scheme, hash) {
            (Scheme::Pkcs1, HashFunction::Sha1) => Some(Self::Rs1),
            (Scheme::Pkcs1, HashFunction::Sha256) => Some(Self::Rs256),
            (Scheme::Pkcs1, HashFunction::Sha384) => Some(Self::Rs384),
            (Scheme::Pkcs1, HashFunction::Sha512) => Some(Self::Rs512),
            (Scheme::Pss, HashFunction::Sha256) => Some(Self::Ps256),
            (Scheme::Pss, HashFunction::Sha384) => Some(Self::Ps384),
            (Scheme::Pss, HashFunction::Sha512) => Some(Self::Ps512),
            (Scheme::Ecdsa, HashFunction::Sha256) => Some(Self::Es256),
            (Scheme::Ecdsa, HashFunction::Sha384) => Some(Self::Es384),
            (Scheme::Ecdsa, HashFunction::Sha512) => Some(Self::Es512),
            (Scheme::Pss | Scheme::Ecdsa, HashFunction::Sha1) => None,
        }
    }

    /// How the signature is made of the digest.
    pub fn scheme(self) -> Scheme {
        match self {
            Self::Rs1 | Self::Rs256 | Self::Rs384 | Self::Rs512 => Scheme::Pkcs1,
            Self::Ps256 | Self::Ps384 | Self::Ps512 => Scheme::Pss,
            Self::Es256 | Self::Es384 | Self::Es512 => Scheme::Ecdsa,
        }
    }

    /// What hashes the message.
    pub fn hash_function(self) -> HashFunction {
        match self {
            Self::Rs1 => HashFunction::Sha1,
            Self::Rs256 | Self::Ps256 | Self::Es256 => HashFunction::Sha256,
            Self::Rs384 | Self::Ps384 | Self::Es384 => HashFunction::Sha384,
            Self::Rs512 | Self::Ps512 | Self::Es512 => HashFunction::Sha512,
        }
    }

    /// The JWA name, such as `RS256`.
    pub fn jwa(self) -> &'static str {
        match self {
            Self::Rs1 => "RS1",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
        }
    }
}

impl HashFunction {
    /// The three that are offered.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// The name in Web eID, such as `SHA-256`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    /// The length of a digest in bytes.
    pub fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

impl HashFunction {
    /// The digest of a message.
    pub fn hash(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(message).to_vec(),
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }
}

/// By the JWA name.
impl FromStr for SignatureAlgorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.jwa() == name)
            .ok_or(UnknownAlgorithm)
    }
}

/// By the Web eID name.
impl FromStr for HashFunction {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|hash| hash.name() == name)
            .ok_or(UnknownAlgorithm)
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.jwa())
    }
}

impl fmt::Display for HashFunction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_parts_round_trip() {
        for algorithm in SignatureAlgorithm::ALL {
            assert_eq!(algorithm.jwa().parse(), Ok(algorithm));
            let (scheme, hash) = (algorithm.scheme(), algorithm.hash_function());
            assert_eq!(SignatureAlgorithm::new(scheme, hash), Some(algorithm));
            let name = match scheme {
                Scheme::Pkcs1 => "RS",
                Scheme::Pss => "PS",
                Scheme::Ecdsa => "ES",
            };
            let bits = hash.length() * 8;
            assert_eq!(algorithm.jwa(), format!("{name}{bits}"));
        }
        for hash in HashFunction::ALL {
            assert_eq!(hash.name().parse(), Ok(hash));
            assert_eq!(hash.name(), format!("SHA-{}", hash.length() * 8));
        }
        assert_eq!("RS1".parse::<SignatureAlgorithm>(), Err(UnknownAlgorithm));
        assert_eq!("SHA256".parse::<HashFunction>(), Err(UnknownAlgorithm));
    }
}
