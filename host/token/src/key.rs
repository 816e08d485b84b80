//! The kinds of key that can sign, and what with.

use std::fmt;

use der::asn1::ObjectIdentifier;
use serde::{Deserialize, Serialize};

use crate::algorithm::{Scheme, SignatureAlgorithm};

/// The kind of a key that can sign.
///
/// Stored in a [`KeyHandle`](crate::KeyHandle), as one field among its others: an RSA key as
/// `modulus_bits`, which was there before other keys were, the others as `curve`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KeyKind {
    /// RSA, with the length of the modulus in bits.
    #[serde(rename = "modulus_bits")]
    Rsa(u32),
    /// A point on an elliptic curve.
    #[serde(rename = "curve")]
    EllipticCurve(Curve),
}

/// A prime curve of NIST (SP 800-186, section 3.2.1), by its name in JWA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Curve {
    /// secp256r1
    #[serde(rename = "P-256")]
    P256,
    /// secp384r1
    #[serde(rename = "P-384")]
    P384,
    /// secp521r1
    #[serde(rename = "P-521")]
    P521,
}

impl KeyKind {
    /// What signs a challenge. For RSA it is RS256, which every verifier takes from any RSA key; a
    /// curve has one algorithm of its own (RFC 7518, section 3.4).
    pub fn authentication_algorithm(self) -> SignatureAlgorithm {
        match self {
            Self::Rsa(_) => SignatureAlgorithm::Rs256,
            Self::EllipticCurve(Curve::P256) => SignatureAlgorithm::Es256,
            Self::EllipticCurve(Curve::P384) => SignatureAlgorithm::Es384,
            Self::EllipticCurve(Curve::P521) => SignatureAlgorithm::Es512,
        }
    }

    /// What such a key signs with when nothing else is asked for.
    pub fn usual_scheme(self) -> Scheme {
        match self {
            Self::Rsa(_) => Scheme::Pkcs1,
            Self::EllipticCurve(_) => Scheme::Ecdsa,
        }
    }

    /// What such a key signs with, with any hash function that is offered.
    pub fn algorithms(self) -> impl Iterator<Item = SignatureAlgorithm> {
        let all = SignatureAlgorithm::ALL.into_iter();
        all.filter(move |algorithm| self.signs_with(algorithm.scheme()))
    }

    /// Whether a key of this kind makes signatures of that scheme.
    pub fn signs_with(self, scheme: Scheme) -> bool {
        match self {
            Self::Rsa(_) => matches!(scheme, Scheme::Pkcs1 | Scheme::Pss),
            Self::EllipticCurve(_) => scheme == Scheme::Ecdsa,
        }
    }

    /// The length of its signatures in bytes.
    pub fn signature_length(self) -> usize {
        match self {
            Self::Rsa(bits) => (bits as usize).div_ceil(8),
            Self::EllipticCurve(curve) => 2 * curve.length(),
        }
    }
}

impl Curve {
    /// All of them, the shortest first.
    pub const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    /// The name in JWA, such as `P-256`.
    pub fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// The object identifier (RFC 5480, section 2.1.1.1).
    pub fn identifier(self) -> ObjectIdentifier {
        match self {
            Self::P256 => ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"),
            Self::P384 => ObjectIdentifier::new_unwrap("1.3.132.0.34"),
            Self::P521 => ObjectIdentifier::new_unwrap("1.3.132.0.35"),
        }
    }

    /// The curve of that object identifier, as digits with dots.
    pub fn of_identifier(identifier: &str) -> Option<Self> {
        let mut curves = Self::ALL.into_iter();
        curves.find(|curve| curve.identifier().to_string() == identifier)
    }

    /// The length in bytes of a coordinate, and of the curve's order: of each half of a signature.
    pub fn length(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

/// Such as `RSA 2048` or `EC P-256`.
impl fmt::Display for KeyKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(formatter, "RSA {bits}"),
            Self::EllipticCurve(curve) => write!(formatter, "EC {}", curve.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_signs_in_with_a_scheme_of_its_own() {
        for curve in Curve::ALL {
            assert_eq!(
                Curve::of_identifier(&curve.identifier().to_string()),
                Some(curve)
            );
        }
        let curves = Curve::ALL.into_iter().map(KeyKind::EllipticCurve);
        for kind in curves.chain([KeyKind::Rsa(2048)]) {
            let scheme = kind.authentication_algorithm().scheme();
            assert_eq!(scheme, kind.usual_scheme());
            for algorithm in SignatureAlgorithm::ALL {
                let same = (scheme == Scheme::Ecdsa) == (algorithm.scheme() == Scheme::Ecdsa);
                assert_eq!(kind.algorithms().any(|one| one == algorithm), same);
            }
        }
        assert_eq!(Curve::of_identifier("1.3.132.0.10"), None);
    }
}
