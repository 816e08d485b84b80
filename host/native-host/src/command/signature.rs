//! Certificate, PIN, signature: what every signing command has in common.

use kagibashi_protocol::Failure;
use kagibashi_protocol::view::{Stage, View};
use kagibashi_token::{KeyHandle, KeyKind, LoggedIn, TokenError};

use crate::command::choice::{Choice, Wanted};
use crate::command::found::Found;
use crate::command::pin_entry::with_pin;
use crate::inventory::Inventory;
use crate::prompt::Prompt;

/// A signature and the certificate that confirms it.
pub struct Signed {
    /// The certificate that was chosen.
    pub certificate: Found,
    /// What kind of key made it.
    pub kind: KeyKind,
    /// As the token gives it.
    pub signature: Vec<u8>,
}

/// Makes a signature with a key, once its token has taken the PIN: in the way
/// that suits the key.
pub type Making<'a> = dyn FnMut(&mut LoggedIn, &KeyHandle) -> Result<Vec<u8>, TokenError> + 'a;

/// Asks for certificate and PIN until `making` has made a signature; then the
/// card is left without login.
pub fn sign(
    prompt: &mut dyn Prompt,
    wanted: &Wanted,
    inventory: &Inventory,
    choice: Choice,
    making: &mut Making,
) -> Result<Signed, Failure> {
    let (certificate, (kind, signature)) = with_pin(
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
            Ok((key.kind, making(&mut logged_in, key)?))
        },
    )?;
    Ok(Signed {
        certificate,
        kind,
        signature,
    })
}
