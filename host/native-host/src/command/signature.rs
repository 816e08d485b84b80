//! Certificate, PIN, signature: what every signing command has in common.

use kagibashi_protocol::Failure;
use kagibashi_protocol::view::{Stage, View};
use kagibashi_token::{Signable, SignatureAlgorithm};

use crate::command::choice::{Choice, Wanted};
use crate::command::pin_entry::with_pin;
use crate::command::survey::Found;
use crate::inventory::Inventory;
use crate::prompt::Prompt;

/// A signature and the certificate that confirms it.
pub struct Signed {
    /// The certificate that was chosen.
    pub certificate: Found,
    /// As long as the modulus.
    pub signature: Vec<u8>,
}

/// Asks for certificate and PIN until a signature over `content` is made; then
/// the card is left without login.
pub fn sign(
    prompt: &mut dyn Prompt,
    wanted: &Wanted,
    inventory: &Inventory,
    choice: Choice,
    algorithm: SignatureAlgorithm,
    content: Signable,
) -> Result<Signed, Failure> {
    let (certificate, signature) = with_pin(
        prompt,
        wanted,
        inventory,
        choice,
        &mut |prompt, mut token, key, pin| {
            let mut logged_in = token.login(pin)?;
            // A window that can't be told any more has ended the request, and
            // the cancel flag stops the card.
            drop(prompt.show(View::Working {
                stage: Stage::Signing,
            }));
            logged_in.sign_content(key, algorithm, content)
        },
    )?;
    Ok(Signed {
        certificate,
        signature,
    })
}
