//! `get-signing-certificate`: the person chooses what to sign with later.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kagibashi_protocol::Failure;
use kagibashi_protocol::message::Outcome;
use kagibashi_protocol::object::{HashFunction, PaddingScheme, SignatureAlgorithm};
use kagibashi_protocol::view::Answer;

use crate::command::choice::{Choice, Wanted};
use crate::inventory::Inventory;
use crate::prompt::{Happening, Prompt};

/// Asks which certificate. No PIN, no signature.
pub fn get_signing_certificate(
    inventory: &Inventory,
    prompt: &mut dyn Prompt,
) -> Result<Outcome, Failure> {
    let wanted = Wanted::Signing;
    let mut choice = Choice::offer(prompt, &wanted, inventory)?;
    loop {
        prompt.show(choice.certificates_view())?;
        match prompt.next()? {
            Happening::TokensChanged => choice = Choice::offer(prompt, &wanted, inventory)?,
            Happening::Answered(Answer::Certificate { certificate }) => {
                if let Some(found) = choice.usable(&certificate) {
                    return Ok(Outcome::GetSigningCertificate {
                        certificate: STANDARD.encode(&found.der),
                        supported_signature_algorithms: supported(),
                    });
                }
            }
            Happening::Answered(_) => {}
        }
    }
}

/// What `sign` makes of a hash from a page.
fn supported() -> Vec<SignatureAlgorithm> {
    HashFunction::ALL
        .iter()
        .map(|&hash_function| SignatureAlgorithm {
            crypto_algorithm: "RSA",
            hash_function,
            padding_scheme: PaddingScheme::Pkcs1,
        })
        .collect()
}
