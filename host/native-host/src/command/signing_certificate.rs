//! `get-signing-certificate`: the person chooses what to sign with later.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kagibashi_protocol::Failure;
use kagibashi_protocol::message::Outcome;
use kagibashi_protocol::object::{HashFunction, SignatureAlgorithm};
use kagibashi_protocol::view::Answer;
use kagibashi_token::KeyKind;

use crate::command::choice::{Choice, Wanted};
use crate::command::sign::algorithm_shown;
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
                let found = choice.usable(&certificate);
                if let Some((found, key)) = found.and_then(|it| Some((it, it.key.as_ref()?))) {
                    return Ok(Outcome::GetSigningCertificate {
                        certificate: STANDARD.encode(&found.der),
                        supported_signature_algorithms: supported(key.kind),
                    });
                }
            }
            Happening::Answered(_) => {}
        }
    }
}

/// What `sign` makes of a hash from a page.
fn supported(kind: KeyKind) -> Vec<SignatureAlgorithm> {
    let functions = HashFunction::ALL.iter();
    functions
        .map(|&function| algorithm_shown(kind, function))
        .collect()
}
