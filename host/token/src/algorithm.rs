//! Signature algorithms and hash functions, by their names in JWA and in Web eID.

use std::fmt;
use std::str::FromStr;

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// An RSA signature algorithm of JWA (RFC 7518, section 3.1).
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
}

/// How a digest is made into a number for the RSA private key operation (RFC 8017).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Padding {
    /// EMSA-PKCS1-v1_5.
    Pkcs1,
    /// EMSA-PSS.
    Pss,
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
    /// The six that are offered, PKCS#1 first.
    pub const ALL: [Self; 6] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
    ];

    /// How the digest is padded.
    pub fn padding(self) -> Padding {
        match self {
            Self::Rs1 | Self::Rs256 | Self::Rs384 | Self::Rs512 => Padding::Pkcs1,
            Self::Ps256 | Self::Ps384 | Self::Ps512 => Padding::Pss,
        }
    }

    /// What hashes the message.
    pub fn hash_function(self) -> HashFunction {
        match self {
            Self::Rs1 => HashFunction::Sha1,
            Self::Rs256 | Self::Ps256 => HashFunction::Sha256,
            Self::Rs384 | Self::Ps384 => HashFunction::Sha384,
            Self::Rs512 | Self::Ps512 => HashFunction::Sha512,
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
    pub(crate) fn hash(self, message: &[u8]) -> Vec<u8> {
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
            let name = match algorithm.padding() {
                Padding::Pkcs1 => "RS",
                Padding::Pss => "PS",
            };
            let bits = algorithm.hash_function().length() * 8;
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
