//! What a signature can be made with, by the names of JWA and COSE.

use serde::{Deserialize, Serialize};

use crate::object::{HashFunction, PaddingScheme};

/// A signature algorithm (RFC 7518, section 3.1; `RS1`: RFC 8812, section 2).
/// The salt of the PSS ones is as long as the hash. Those of ECDSA are for keys
/// on any curve, as TLS 1.2 has them; their signature is R ‖ S.
///
/// SHA-1 is for programs that still ask for it, such as old TLS and SSH. A
/// browser's host refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "the names are the field's")]
pub enum Algorithm {
    Rs1,
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    Es512,
}

impl Algorithm {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Rs1,
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

    /// The algorithm of that padding and hash function; without padding it is of ECDSA.
    pub fn new(padding: PaddingScheme, hash: HashFunction) -> Self {
        match (padding, hash) {
            (PaddingScheme::Pkcs1, HashFunction::Sha256) => Self::Rs256,
            (PaddingScheme::Pkcs1, HashFunction::Sha384) => Self::Rs384,
            (PaddingScheme::Pkcs1, HashFunction::Sha512) => Self::Rs512,
            (PaddingScheme::Pss, HashFunction::Sha256) => Self::Ps256,
            (PaddingScheme::Pss, HashFunction::Sha384) => Self::Ps384,
            (PaddingScheme::Pss, HashFunction::Sha512) => Self::Ps512,
            (PaddingScheme::None, HashFunction::Sha256) => Self::Es256,
            (PaddingScheme::None, HashFunction::Sha384) => Self::Es384,
            (PaddingScheme::None, HashFunction::Sha512) => Self::Es512,
        }
    }

    /// The JWA or COSE name.
    pub fn name(self) -> &'static str {
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

    /// What made the digest; `None` for SHA-1, which has no place elsewhere.
    pub fn hash(self) -> Option<HashFunction> {
        match self {
            Self::Rs1 => None,
            Self::Rs256 | Self::Ps256 | Self::Es256 => Some(HashFunction::Sha256),
            Self::Rs384 | Self::Ps384 | Self::Es384 => Some(HashFunction::Sha384),
            Self::Rs512 | Self::Ps512 | Self::Es512 => Some(HashFunction::Sha512),
        }
    }

    /// Bytes of the digest.
    pub fn digest_size(self) -> usize {
        self.hash().map_or(20, HashFunction::size)
    }

    /// How the digest is padded; for ECDSA it is not.
    pub fn padding(self) -> PaddingScheme {
        match self {
            Self::Rs1 | Self::Rs256 | Self::Rs384 | Self::Rs512 => PaddingScheme::Pkcs1,
            Self::Ps256 | Self::Ps384 | Self::Ps512 => PaddingScheme::Pss,
            Self::Es256 | Self::Es384 | Self::Es512 => PaddingScheme::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parts_and_wire_agree() {
        for algorithm in Algorithm::ALL {
            if let Some(hash) = algorithm.hash() {
                assert_eq!(*algorithm, Algorithm::new(algorithm.padding(), hash));
            }
            assert_eq!(serde_json::to_value(algorithm).unwrap(), algorithm.name());
        }
    }
}
