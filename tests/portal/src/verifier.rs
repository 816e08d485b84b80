//! Verification of Web eID authentication tokens and of document signatures.
//!
//! One module per rule. [`Verifier`] strings them together in the order in
//! which the published validation libraries apply them: token text, format,
//! certificate, purpose, validity and trust, algorithm, signature. Revocation
//! is not checked.

mod algorithm;
mod certificate;
mod chain;
mod document;
mod error;
mod holder;
mod nonce;
mod origin;
mod public_key;
mod purpose;
mod token;

use std::time::SystemTime;

pub use algorithm::{Algorithm, HashFunction, Scheme, SignatureAlgorithm};
pub use certificate::Certificate;
pub use chain::{TrustError, TrustStore};
pub use error::VerifyError;
pub use holder::{Holder, date_of};
pub use nonce::{LIFETIME as NONCE_LIFETIME, Nonce, NonceError, NonceStore};
pub use origin::{Origin, OriginError};
pub use public_key::{EcdsaEncoding, PublicKey};
pub use token::Token;

/// What a relying party is configured with: its own origin and whom it trusts.
#[derive(Debug)]
pub struct Verifier {
    origin: Origin,
    trust: TrustStore,
}

impl Verifier {
    /// A verifier for the site at `origin` that accepts certificates with a
    /// path to `trust`.
    pub fn new(origin: Origin, trust: TrustStore) -> Self {
        Self { origin, trust }
    }

    /// The origin that tokens must be signed for.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Checks the authentication token `text` (its JSON as received) against
    /// the `nonce` this site gave out, with certificates judged at `now`.
    ///
    /// Returns the certificate of the person who signed in, or the first rule
    /// that failed.
    pub fn verify_token(
        &self,
        text: &str,
        nonce: &str,
        now: SystemTime,
    ) -> Result<Certificate, VerifyError> {
        let token = Token::parse(text)?;
        let certificate = Certificate::from_base64(&token.unverified_certificate)?;
        check_client_certificate(&certificate, &self.trust, now)?;
        let algorithm = Algorithm::from_jwa(&token.algorithm)?;
        token.check_signature(&certificate, algorithm, &self.origin, nonce)?;
        Ok(certificate)
    }

    /// Checks that `certificate` (base64 DER) may sign documents for this
    /// site: purpose, validity at `now`, and trust.
    pub fn check_signing_certificate(
        &self,
        certificate: &str,
        now: SystemTime,
    ) -> Result<Certificate, VerifyError> {
        let certificate = Certificate::from_base64(certificate)?;
        purpose::check_signing(&certificate)?;
        certificate.check_validity(now)?;
        self.trust.path_of(&certificate, now)?;
        Ok(certificate)
    }

    /// Checks a document signature: `signature` (base64) over `hash` (raw
    /// bytes, as long as the hash function says) by `certificate` (base64
    /// DER), made as `algorithm` claims. Returns the signer's certificate and
    /// the algorithm in its checked form.
    pub fn verify_document(
        &self,
        certificate: &str,
        hash: &[u8],
        signature: &str,
        algorithm: &SignatureAlgorithm,
        now: SystemTime,
    ) -> Result<(Certificate, Algorithm), VerifyError> {
        let certificate = self.check_signing_certificate(certificate, now)?;
        let algorithm = document::check_signature(&certificate, hash, signature, algorithm)?;
        Ok((certificate, algorithm))
    }
}

/// Checks that `certificate` may sign somebody in: purpose, validity at
/// `now`, and a path to `trust`. That its private key was used is for the
/// caller to know.
pub fn check_client_certificate(
    certificate: &Certificate,
    trust: &TrustStore,
    now: SystemTime,
) -> Result<(), VerifyError> {
    purpose::check_authentication(certificate)?;
    certificate.check_validity(now)?;
    trust.path_of(certificate, now).map(|_| ())
}
