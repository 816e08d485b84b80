//! Objects on a token, as far as certificates and their keys need them.

use cryptoki_sys as ck;

/// The number of an object. It means nothing beyond the session it was told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object(pub(crate) ck::CK_OBJECT_HANDLE);

/// A class of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// `CKO_CERTIFICATE`
    Certificate,
    /// `CKO_PUBLIC_KEY`
    PublicKey,
    /// `CKO_PRIVATE_KEY`
    PrivateKey,
}

/// An attribute that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// `CKA_VALUE`: of a certificate, its DER.
    Value,
    /// `CKA_LABEL`
    Label,
    /// `CKA_ID`: what a certificate shares with its key.
    Id,
    /// `CKA_CERTIFICATE_CATEGORY`: 2 is an authority's.
    CertificateCategory,
    /// `CKA_MODULUS`: of an RSA key, big-endian.
    Modulus,
    /// `CKA_EC_POINT`: of a public key, an OCTET STRING with the point in it.
    EcPoint,
    /// `CKA_KEY_TYPE`
    KeyType,
    /// `CKA_ALWAYS_AUTHENTICATE`: the PIN is wanted anew for each signature.
    AlwaysAuthenticate,
}

/// A type of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// `CKK_RSA`
    Rsa,
    /// `CKK_EC`
    EllipticCurve,
}

impl Class {
    pub(crate) fn number(self) -> ck::CK_OBJECT_CLASS {
        match self {
            Self::Certificate => ck::CKO_CERTIFICATE,
            Self::PublicKey => ck::CKO_PUBLIC_KEY,
            Self::PrivateKey => ck::CKO_PRIVATE_KEY,
        }
    }
}

impl Attribute {
    pub(crate) fn number(self) -> ck::CK_ATTRIBUTE_TYPE {
        match self {
            Self::Value => ck::CKA_VALUE,
            Self::Label => ck::CKA_LABEL,
            Self::Id => ck::CKA_ID,
            Self::CertificateCategory => ck::CKA_CERTIFICATE_CATEGORY,
            Self::Modulus => ck::CKA_MODULUS,
            Self::EcPoint => ck::CKA_EC_POINT,
            Self::KeyType => ck::CKA_KEY_TYPE,
            Self::AlwaysAuthenticate => ck::CKA_ALWAYS_AUTHENTICATE,
        }
    }
}

impl KeyType {
    pub(crate) fn of_number(number: ck::CK_KEY_TYPE) -> Option<Self> {
        match number {
            ck::CKK_RSA => Some(Self::Rsa),
            ck::CKK_EC => Some(Self::EllipticCurve),
            _ => None,
        }
    }
}
