//! `log-in`: opens a login that signs TLS handshakes without asking.

use kagibashi_protocol::Failure;
use kagibashi_protocol::message::Outcome;
use kagibashi_protocol::request::LogIn;

use crate::command::choice::{Choice, Wanted};
use crate::command::pin_entry::with_pin;
use crate::inventory::Inventory;
use crate::logins::Logins;
use crate::prompt::Prompt;

/// Asks for certificate and PIN, and keeps the card's session; the PIN is
/// wiped here.
pub fn log_in(
    request: &LogIn,
    logins: &Logins,
    inventory: &Inventory,
    prompt: &mut dyn Prompt,
) -> Result<Outcome, Failure> {
    let wanted = match (&request.certificate, &request.token) {
        (Some(id), token) => {
            let token = token.as_deref().map(Into::into);
            Wanted::Handshake(id.clone(), token)
        }
        (None, Some(token)) => Wanted::OnToken(token.as_str().into()),
        (None, None) => Wanted::Authentication,
    };
    let opened = Choice::offer(prompt, &wanted, inventory).and_then(|choice| {
        with_pin(
            prompt,
            &wanted,
            inventory,
            choice,
            &mut |_, token, key, pin| {
                let login = token.log_in(pin)?;
                logins.announce(&key.reader);
                Ok(login)
            },
        )
    });
    match opened {
        Ok((found, login)) => {
            inventory.note_full_tries(&found.shown.token);
            let reader = found.key.as_ref().map(|key| key.reader.as_str());
            let label = reader
                .and_then(|reader| inventory.in_reader(reader))
                .map_or_else(|| found.shown.holder.clone(), |it| it.info.label.into());
            Ok(Outcome::LogIn {
                login: Some(logins.open(&found, &label, login, request.idle_seconds)),
            })
        }
        Err(failure) => {
            logins.refuse(&failure);
            Err(failure)
        }
    }
}
