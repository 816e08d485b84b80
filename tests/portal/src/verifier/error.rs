//! Which rule failed.

use std::time::SystemTime;

/// The first rule that a token or a document signature broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The token text is shorter or longer than any real token.
    #[error("the token text has {0} characters; 100 to 10000 are allowed")]
    TokenLength(usize),
    /// The token text is no JSON object, or a member has the wrong type.
    #[error("the token is not the expected JSON object: {0}")]
    TokenJson(String),
    /// The token names a format of another major version, or none.
    #[error("token format {0:?} is not a web-eid:1 format")]
    TokenFormat(String),
    /// The token carries no certificate.
    #[error("the token carries no certificate")]
    CertificateMissing,
    /// The certificate is not base64 of one DER certificate.
    #[error("the certificate cannot be decoded: {0}")]
    CertificateDecode(String),
    /// The certificate has no key usage extension.
    #[error("the certificate has no key usage extension")]
    KeyUsageMissing,
    /// The key usage does not cover what the key was used for.
    #[error("the certificate's key usage does not allow {0}")]
    KeyUsage(&'static str),
    /// An extended key usage extension is there, without client authentication.
    #[error("the certificate's extended key usage does not include client authentication")]
    ExtendedKeyUsage,
    /// A certificate's validity begins in the future.
    #[error("the certificate of {subject} is not valid yet")]
    NotYetValid {
        /// Whose certificate: the holder's or an issuer's distinguished name.
        subject: String,
        /// When it becomes valid.
        from: SystemTime,
    },
    /// A certificate's validity is over.
    #[error("the certificate of {subject} has expired")]
    Expired {
        /// Whose certificate: the holder's or an issuer's distinguished name.
        subject: String,
        /// When it ended.
        until: SystemTime,
    },
    /// A certificate has a critical extension that this verifier cannot judge.
    #[error("critical extension {0} is not understood")]
    CriticalExtension(String),
    /// No configured certificate issued this one.
    #[error("{issuer} is not among the trusted issuers")]
    UntrustedIssuer {
        /// The issuer's distinguished name.
        issuer: String,
    },
    /// The issuer of that name is no certification authority, or not of one
    /// this deep.
    #[error("{0} must not issue this certificate")]
    NotAnIssuer(String),
    /// The issuer's signature over a certificate is wrong.
    #[error("the certificate was not signed by {issuer}")]
    CertificateSignature {
        /// The distinguished name of the issuer it claims.
        issuer: String,
    },
    /// A certificate is signed with an algorithm that is not accepted.
    #[error("certificates signed with algorithm {0} are not accepted")]
    CertificateAlgorithm(String),
    /// The public key is of an unknown kind or too short.
    #[error("the certificate's public key is not accepted: {0}")]
    PublicKey(String),
    /// The algorithm is not on the allow-list.
    #[error("algorithm {0:?} is not allowed")]
    AlgorithmNotAllowed(String),
    /// The algorithm is allowed, but not for a key of this kind.
    #[error("algorithm {algorithm} does not fit a key of type {key}")]
    AlgorithmUnfit {
        /// The algorithm's JWA name.
        algorithm: &'static str,
        /// The kind of the certificate's key.
        key: &'static str,
    },
    /// The hash has another length than its function gives.
    #[error("a hash of {actual} bytes does not fit {function}")]
    HashLength {
        /// The hash function's name.
        function: &'static str,
        /// The number of bytes received.
        actual: usize,
    },
    /// The signature is not base64, or has a length no such signature has.
    #[error("the signature cannot be decoded")]
    SignatureDecode,
    /// The signature is wrong: another key, origin, nonce or document.
    #[error("the signature does not match")]
    SignatureMismatch,
}

impl VerifyError {
    /// A stable name for programs; never changes its meaning.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TokenLength(_) => "token_length",
            Self::TokenJson(_) => "token_json",
            Self::TokenFormat(_) => "token_format",
            Self::CertificateMissing => "certificate_missing",
            Self::CertificateDecode(_) => "certificate_decode",
            Self::KeyUsageMissing => "key_usage_missing",
            Self::KeyUsage(_) => "key_usage",
            Self::ExtendedKeyUsage => "extended_key_usage",
            Self::NotYetValid { .. } => "certificate_not_yet_valid",
            Self::Expired { .. } => "certificate_expired",
            Self::CriticalExtension(_) => "critical_extension",
            Self::UntrustedIssuer { .. } => "untrusted_issuer",
            Self::NotAnIssuer(_) => "not_an_issuer",
            Self::CertificateSignature { .. } => "certificate_signature",
            Self::CertificateAlgorithm(_) => "certificate_algorithm",
            Self::PublicKey(_) => "public_key",
            Self::AlgorithmNotAllowed(_) => "algorithm_not_allowed",
            Self::AlgorithmUnfit { .. } => "algorithm_unfit",
            Self::HashLength { .. } => "hash_length",
            Self::SignatureDecode => "signature_decode",
            Self::SignatureMismatch => "signature_mismatch",
        }
    }
}
