//! The public keys of certificates, as attributes.

use cryptoki_sys as ck;
use cryptoki_sys::CK_ULONG;
use x509_cert::der::asn1::{AnyRef, OctetStringRef, UintRef};
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::{Decode, Encode, Reader, SliceReader};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use super::{Attributes, number};

/// PKCS #1 `rsaEncryption` (RFC 8017, appendix A.1).
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// `id-ecPublicKey` (RFC 5480, section 2.1.1).
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// The curves of our tokens (RFC 5480, section 2.1.1.1), and the bytes of a
/// coordinate, which are also those of the order.
const CURVES: [(ObjectIdentifier, usize); 3] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), 32),
    (ObjectIdentifier::new_unwrap("1.3.132.0.34"), 48),
    (ObjectIdentifier::new_unwrap("1.3.132.0.35"), 66),
];

/// A kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// `CKK_RSA`
    Rsa,
    /// `CKK_EC`
    EllipticCurve,
}

/// A public key whose other half can sign.
pub enum PublicKey {
    /// Unsigned big-endian numbers without leading zeros.
    Rsa {
        /// `CKA_MODULUS`
        modulus: Vec<u8>,
        /// `CKA_PUBLIC_EXPONENT`
        exponent: Vec<u8>,
    },
    /// A point on a curve.
    EllipticCurve {
        /// `CKA_EC_PARAMS`: the name of the curve, in DER.
        parameters: Vec<u8>,
        /// `CKA_EC_POINT`: the point as an OCTET STRING, in DER.
        point: Vec<u8>,
        /// Bytes of the curve's order.
        order_size: usize,
    },
}

impl PublicKey {
    /// Reads a key; `None` if it is of another kind.
    pub fn read(info: &SubjectPublicKeyInfoOwned) -> Option<Self> {
        let bits = info.subject_public_key.as_bytes()?;
        let parameters = info.algorithm.parameters.as_ref();
        match info.algorithm.oid {
            RSA_ENCRYPTION if parameters.is_none_or(|it| AnyRef::from(it).is_null()) => {
                Self::read_rsa(bits)
            }
            EC_PUBLIC_KEY => {
                let curve: ObjectIdentifier = parameters?.decode_as().ok()?;
                let (_, order_size) = *CURVES.iter().find(|(known, _)| *known == curve)?;
                Some(Self::EllipticCurve {
                    parameters: curve.to_der().ok()?,
                    point: OctetStringRef::new(bits).ok()?.to_der().ok()?,
                    order_size,
                })
            }
            _ => None,
        }
    }

    /// `RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }`
    fn read_rsa(der: &[u8]) -> Option<Self> {
        let mut reader = SliceReader::new(der).ok()?;
        let key = reader
            .sequence(|reader| {
                Ok(Self::Rsa {
                    modulus: UintRef::decode(reader)?.as_bytes().to_vec(),
                    exponent: UintRef::decode(reader)?.as_bytes().to_vec(),
                })
            })
            .ok()?;
        reader.finish(key).ok()
    }

    /// What kind of key it is.
    pub fn kind(&self) -> KeyType {
        match self {
            Self::Rsa { .. } => KeyType::Rsa,
            Self::EllipticCurve { .. } => KeyType::EllipticCurve,
        }
    }

    /// The same in the standard's numbers.
    pub fn cryptoki_type(&self) -> ck::CK_KEY_TYPE {
        match self {
            Self::Rsa { .. } => ck::CKK_RSA,
            Self::EllipticCurve { .. } => ck::CKK_EC,
        }
    }

    /// Bytes of a signature: the modulus', or R ‖ S.
    pub fn signature_size(&self) -> usize {
        match self {
            Self::Rsa { modulus, .. } => modulus.len(),
            Self::EllipticCurve { order_size, .. } => 2 * order_size,
        }
    }

    /// The attributes that both halves of the pair have.
    pub fn of_both(&self) -> Attributes {
        match self {
            Self::Rsa { modulus, exponent } => vec![
                (ck::CKA_MODULUS, modulus.clone()),
                (ck::CKA_PUBLIC_EXPONENT, exponent.clone()),
            ],
            // By the standard the private half has no point; programs look for
            // it there all the same, as not every token shows the public half.
            Self::EllipticCurve {
                parameters, point, ..
            } => vec![
                (ck::CKA_EC_PARAMS, parameters.clone()),
                (ck::CKA_EC_POINT, point.clone()),
            ],
        }
    }

    /// Those of the public half alone.
    pub fn of_public(&self) -> Attributes {
        match self {
            Self::Rsa { modulus, .. } => vec![(ck::CKA_MODULUS_BITS, number(bits(modulus)))],
            Self::EllipticCurve { .. } => vec![],
        }
    }
}

/// Bits of a number without leading zero bytes.
fn bits(number: &[u8]) -> CK_ULONG {
    let leading = number.first().map_or(0, |byte| byte.leading_zeros());
    let bits = number.len() * 8 - leading as usize;
    CK_ULONG::try_from(bits).unwrap_or(CK_ULONG::MAX)
}
