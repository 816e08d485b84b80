//! Asking for a PIN, and giving it to a token.
//!
//! All rules about PIN tries live here, for the window and the terminal alike:
//! a try is spent only on a PIN that was just typed, never repeated, and the
//! last one only after an explicit yes.

use kagibashi_protocol::object::PinStatus;
use kagibashi_protocol::view::{Answer, Stage, View};
use kagibashi_protocol::{ErrorCode, Failure};
use kagibashi_token::{KeyHandle, Pin, Token, TokenError};
use secrecy::SecretString;

use crate::command::choice::{Choice, Wanted, end};
use crate::command::found::Found;
use crate::command::reading::pin_shown;
use crate::failure;
use crate::inventory::Inventory;
use crate::prompt::{Happening, Prompt};
use crate::vendor_modules;

/// From how many tries left on the card is asked again before a PIN is sent:
/// another program may have spent some since the survey.
const FEW_TRIES: u8 = 3;

/// What is done with a token, its key and the PIN that was typed. It gives the
/// PIN to the card once.
pub type Use<'a, T> =
    dyn FnMut(&mut dyn Prompt, Box<dyn Token>, &KeyHandle, &Pin) -> Result<T, TokenError> + 'a;

/// What came of one PIN.
enum Attempt<T> {
    Done(T),
    /// Ask again in the same window, with this notice and what is known of the PIN now.
    AskAgain(ErrorCode, Option<PinStatus>),
    /// Look at the tokens anew first.
    LookAgain,
}

/// Asks for certificate and PIN until `act` has succeeded with them. `choice`
/// is what the tokens held when they were last looked at.
pub fn with_pin<T>(
    prompt: &mut dyn Prompt,
    wanted: &Wanted,
    inventory: &Inventory,
    mut choice: Choice,
    act: &mut Use<'_, T>,
) -> Result<(Found, T), Failure> {
    let mut notice = None;
    let mut chosen = None;
    loop {
        prompt.show(choice.pin_view(notice, chosen.clone()))?;
        let (answered, pin, confirmed) = match prompt.next()? {
            Happening::TokensChanged => {
                (notice, chosen) = (None, None);
                choice = Choice::offer(prompt, wanted, inventory)?;
                continue;
            }
            Happening::Answered(Answer::Pin {
                choice,
                pin,
                last_try_confirmed,
            }) => (choice, pin, last_try_confirmed),
            Happening::Answered(_) => continue,
        };
        let Some(found) = choice.chosen(&answered).cloned() else {
            continue;
        };
        chosen = Some(answered);
        let attempt = {
            let _turn = inventory.turn();
            try_pin(prompt, &mut choice, &found, pin, confirmed, act)
        }
        .map_err(|failure| end(prompt, failure))?;
        match attempt {
            Attempt::Done(value) => return Ok((found, value)),
            Attempt::AskAgain(code, status) => {
                notice = Some(code);
                if let Some(status) = status {
                    choice.note_pin(&found.shown.token, status);
                }
            }
            Attempt::LookAgain => {
                (notice, chosen) = (None, None);
                choice = Choice::offer(prompt, wanted, inventory)?;
            }
        }
    }
}

fn try_pin<T>(
    prompt: &mut dyn Prompt,
    choice: &mut Choice,
    found: &Found,
    pin: SecretString,
    confirmed: bool,
    act: &mut Use<'_, T>,
) -> Result<Attempt<T>, Failure> {
    let (pin, stage) = if choice.has_pin_pad(&found.shown.token) {
        (Pin::at_token(), Stage::PinAtToken)
    } else {
        match Pin::new(pin) {
            Ok(pin) => (pin, Stage::VerifyingPin),
            Err(error) => return Ok(Attempt::AskAgain(failure::code_of_pin_format(error), None)),
        }
    };
    let key = found.key.as_ref().ok_or(ErrorCode::HostFault)?;
    prompt.show(View::Working { stage })?;
    let known = choice.pin(&found.shown.token);
    let outcome = match choice.take_up(&key.reader) {
        Some(token) => Ok(token),
        None => vendor_modules::tokens()
            .and_then(|tokens| tokens.open(&key.reader, &prompt.cancel().clone())),
    }
    .and_then(|mut token| {
        token.check_holds(key)?;
        if let Some(status) = unconfirmed_last_try(token.as_mut(), known, confirmed)? {
            return Ok(Attempt::AskAgain(
                ErrorCode::LastTryNotConfirmed,
                Some(status),
            ));
        }
        act(prompt, token, key, &pin).map(Attempt::Done)
    });
    let status = |tries_left, locked| PinStatus {
        tries_left,
        maximum: known.and_then(|status| status.maximum),
        locked,
    };
    Ok(match outcome {
        Ok(attempt) => attempt,
        Err(TokenError::PinWrong { tries_left }) => Attempt::AskAgain(
            ErrorCode::WrongPin,
            Some(status(tries_left, tries_left == Some(0))),
        ),
        Err(TokenError::PinLocked) => {
            Attempt::AskAgain(ErrorCode::WrongPin, Some(status(Some(0), true)))
        }
        Err(TokenError::SessionStolen) => Attempt::AskAgain(ErrorCode::SessionStolen, None),
        Err(TokenError::ReaderBusy { .. }) => Attempt::AskAgain(ErrorCode::TokenInUse, None),
        Err(
            TokenError::CardRemoved
            | TokenError::NoCard
            | TokenError::NoSuchReader { .. }
            | TokenError::ServiceUnavailable
            | TokenError::WrongToken { .. },
        ) => Attempt::LookAgain,
        Err(error) => {
            tracing::warn!(%error, "the token could not be used");
            return Err(failure::of_token(&error));
        }
    })
}

/// What the card says of its PIN when only one try is left and the person has
/// not said yes to using it up.
fn unconfirmed_last_try(
    token: &mut dyn Token,
    known: Option<PinStatus>,
    confirmed: bool,
) -> Result<Option<PinStatus>, TokenError> {
    let few = known
        .and_then(|status| status.tries_left)
        .is_none_or(|tries| tries <= FEW_TRIES);
    if confirmed || !few {
        return Ok(None);
    }
    let now = pin_shown(token.pin_status()?);
    Ok((now.tries_left == Some(1)).then_some(now))
}
