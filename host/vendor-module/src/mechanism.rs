//! How a key is used.

use cryptoki_sys as ck;

/// A way to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// `CKM_RSA_X_509`: the number as it is, as long as the modulus.
    RsaRaw,
    /// `CKM_RSA_PKCS`: a `DigestInfo`.
    RsaPkcs1,
    /// `CKM_SHA*_RSA_PKCS`: the whole message.
    RsaPkcs1Hashing(HashFunction),
    /// `CKM_RSA_PKCS_PSS`: a digest; the mask is made with the same hash function, and the salt as
    /// long as the digest.
    RsaPss(HashFunction),
    /// `CKM_ECDSA`: a digest.
    Ecdsa,
}

/// A hash function of a mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the documentation")]
pub enum HashFunction {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Mechanism {
    pub(crate) fn number(self) -> ck::CK_MECHANISM_TYPE {
        match self {
            Self::RsaRaw => ck::CKM_RSA_X_509,
            Self::RsaPkcs1 => ck::CKM_RSA_PKCS,
            Self::RsaPkcs1Hashing(HashFunction::Sha1) => ck::CKM_SHA1_RSA_PKCS,
            Self::RsaPkcs1Hashing(HashFunction::Sha256) => ck::CKM_SHA256_RSA_PKCS,
            Self::RsaPkcs1Hashing(HashFunction::Sha384) => ck::CKM_SHA384_RSA_PKCS,
            Self::RsaPkcs1Hashing(HashFunction::Sha512) => ck::CKM_SHA512_RSA_PKCS,
            Self::RsaPss(_) => ck::CKM_RSA_PKCS_PSS,
            Self::Ecdsa => ck::CKM_ECDSA,
        }
    }

    pub(crate) fn parameter(self) -> Option<ck::CK_RSA_PKCS_PSS_PARAMS> {
        let Self::RsaPss(hash) = self else {
            return None;
        };
        let (hash, mask, salt) = match hash {
            HashFunction::Sha1 => (ck::CKM_SHA_1, ck::CKG_MGF1_SHA1, 20),
            HashFunction::Sha256 => (ck::CKM_SHA256, ck::CKG_MGF1_SHA256, 32),
            HashFunction::Sha384 => (ck::CKM_SHA384, ck::CKG_MGF1_SHA384, 48),
            HashFunction::Sha512 => (ck::CKM_SHA512, ck::CKG_MGF1_SHA512, 64),
        };
        Some(ck::CK_RSA_PKCS_PSS_PARAMS {
            hashAlg: hash,
            mgf: mask,
            sLen: salt,
        })
    }
}
