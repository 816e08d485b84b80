//! `authenticate`: signs a Web eID challenge.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kagibashi_protocol::Failure;
use kagibashi_protocol::message::AuthenticationToken;
use kagibashi_protocol::request::Authenticate;
use kagibashi_token::{HashFunction, Signable};

use crate::command::choice::{Choice, Wanted};
use crate::command::signature;
use crate::inventory::Inventory;
use crate::prompt::Prompt;

/// Asks for certificate and PIN, signs, and makes the authentication token.
pub fn authenticate(
    request: &Authenticate,
    inventory: &Inventory,
    prompt: &mut dyn Prompt,
) -> Result<AuthenticationToken, Failure> {
    let wanted = Wanted::Authentication;
    let choice = Choice::offer(prompt, &wanted, inventory)?;
    let signed = signature::sign(prompt, &wanted, inventory, choice, &mut |logged_in, key| {
        let algorithm = key.kind.authentication_algorithm();
        let origin = request.origin.as_str();
        let message = to_be_signed(algorithm.hash_function(), origin, &request.challenge_nonce);
        // In one piece: some tokens sign nothing but what they have hashed.
        logged_in.sign_content(key, algorithm, Signable::Message(&message))
    })?;
    Ok(AuthenticationToken {
        unverified_certificate: STANDARD.encode(&signed.certificate.der),
        algorithm: signed.kind.authentication_algorithm().jwa().to_owned(),
        signature: STANDARD.encode(&signed.signature),
        format: "web-eid:1.0".to_owned(),
        app_version: concat!("https://kagibashi.jp/releases/", env!("CARGO_PKG_VERSION"))
            .to_owned(),
    })
}

/// hash(origin) ‖ hash(nonce), both of the text as it came (Web eID
/// authentication token, format 1.0).
fn to_be_signed(function: HashFunction, origin: &str, nonce: &str) -> Vec<u8> {
    let mut data = function.hash(origin.as_bytes());
    data.extend_from_slice(&function.hash(nonce.as_bytes()));
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_what_the_format_says() {
        // Computed apart from this program, with origin and nonce hashed as text.
        let data = to_be_signed(
            HashFunction::Sha256,
            "https://portal.example.jp",
            "dGVzdC1ub25jZS10ZXN0LW5vbmNlLXRlc3Qtbm9uY2U=",
        );
        assert_eq!(
            hex::encode(&data),
            "b1be2ddc030e0b0777dfb136f83d5eef8837f4a5e399a5c91ed84fb5ae1e2755\
             60806d4c8de534fd08af18fa4f3ae208ae4a15b837f6c390460b7c245efdab1e"
        );
        assert_eq!(
            hex::encode(HashFunction::Sha256.hash(&data)),
            "f5ef09bfc6298d2e219d5807937e3ed84001c631be57d95866c124bc64ef2453"
        );
    }
}
