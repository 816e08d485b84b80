//! The authentication token: its text, its format, what its signature covers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::{Algorithm, Certificate, EcdsaEncoding, Origin, Scheme, VerifyError};

/// Shortest and longest token text that is looked at, in characters.
const TEXT_LENGTH: std::ops::RangeInclusive<usize> = 100..=10_000;

/// A Web eID authentication token, decoded but not verified.
///
/// Unknown members are ignored, as the published validators do: a token of
/// format 1.1 carries some that mean nothing to a 1.0 verifier.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// The holder's certificate, base64 DER.
    #[serde(default)]
    pub unverified_certificate: String,
    /// The JWA name of the signature algorithm.
    #[serde(default)]
    pub algorithm: String,
    /// The signature, base64; for ECDSA the raw `R || S`.
    #[serde(default)]
    pub signature: String,
    /// `web-eid:1` or `web-eid:1.` and a minor number.
    #[serde(default)]
    pub format: String,
}

impl Token {
    /// Decodes the token's JSON and checks its length and format.
    pub fn parse(text: &str) -> Result<Self, VerifyError> {
        // Counting stops early: the text may be as long as the sender likes.
        let length = text.chars().take(TEXT_LENGTH.end() + 1).count();
        if !TEXT_LENGTH.contains(&length) {
            return Err(VerifyError::TokenLength(length));
        }
        // A derived struct would also be read from an array of its members.
        if !text.trim_start().starts_with('{') {
            return Err(VerifyError::TokenJson("not an object".to_owned()));
        }
        let token: Self =
            serde_json::from_str(text).map_err(|e| VerifyError::TokenJson(e.to_string()))?;
        if !is_version_1(&token.format) {
            return Err(VerifyError::TokenFormat(token.format));
        }
        Ok(token)
    }

    /// Checks the signature over `H(origin) || H(nonce)`, where `H` is the
    /// algorithm's own hash function.
    pub fn check_signature(
        &self,
        certificate: &Certificate,
        algorithm: Algorithm,
        origin: &Origin,
        nonce: &str,
    ) -> Result<(), VerifyError> {
        let signature = STANDARD
            .decode(&self.signature)
            .map_err(|_| VerifyError::SignatureDecode)?;
        let key = certificate.public_key()?;
        if algorithm.scheme == Scheme::Ecdsa && key.jwa_curve_hash() != Some(algorithm.hash) {
            return Err(VerifyError::AlgorithmUnfit {
                algorithm: algorithm.jwa(),
                key: key.kind(),
            });
        }
        let hash = algorithm.hash;
        let signed = [
            hash.digest(origin.as_str().as_bytes()),
            hash.digest(nonce.as_bytes()),
        ]
        .concat();
        key.verify_hash(
            algorithm,
            &hash.digest(&signed),
            &signature,
            EcdsaEncoding::Raw,
        )
    }
}

/// `web-eid:1`, or `web-eid:1.` and digits. The published rule is only "starts
/// with web-eid:1", which would let `web-eid:10` in.
fn is_version_1(format: &str) -> bool {
    match format.strip_prefix("web-eid:1") {
        Some("") => true,
        Some(rest) => rest
            .strip_prefix('.')
            .is_some_and(|minor| !minor.is_empty() && minor.bytes().all(|b| b.is_ascii_digit())),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A token text of exactly `length` characters.
    fn text_of(length: usize) -> String {
        let frame = r#"{"format":"web-eid:1.0","signature":""}"#;
        frame.replace(
            r#":"""#,
            &format!(r#":"{}""#, "あ".repeat(length - frame.len())),
        )
    }

    #[test]
    fn length_is_counted_in_characters() {
        for length in [99, 10_001] {
            assert_eq!(
                Token::parse(&text_of(length)).unwrap_err(),
                VerifyError::TokenLength(length)
            );
        }
        for length in [100, 10_000] {
            assert!(Token::parse(&text_of(length)).is_ok());
        }
    }

    #[test]
    fn other_json_is_no_token() {
        let padding = " ".repeat(100);
        for text in [
            "",
            "[]",
            "null",
            "{\"format\":1}",
            "{\"format\":\"web-eid:1\"} x",
        ] {
            let error = Token::parse(&format!("{padding}{text}")).unwrap_err();
            assert!(
                matches!(error, VerifyError::TokenJson(_)),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn only_major_version_1_is_read() {
        for (format, good) in [
            ("web-eid:1", true),
            ("web-eid:1.0", true),
            ("web-eid:1.12", true),
            ("", false),
            ("web-eid:", false),
            ("web-eid:1.", false),
            ("web-eid:10", false),
            ("web-eid:2.0", false),
            ("web-eid:1.0x", false),
            ("WEB-EID:1.0", false),
        ] {
            assert_eq!(is_version_1(format), good, "{format}");
        }
    }
}
