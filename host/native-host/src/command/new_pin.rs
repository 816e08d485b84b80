//! `change-pin` and `unblock-pin`: a new PIN, set with the current one or with
//! the PUK.
//!
//! Whoever asked must know afterwards which PIN is valid: success is the new
//! one, `pin-change-uncertain` one of the two, any other failure the old one.

use kagibashi_protocol::message::Outcome;
use kagibashi_protocol::object;
use kagibashi_protocol::view::{Answer, Stage, View};
use kagibashi_protocol::{ErrorCode, Failure, Text};
use kagibashi_token::{Pin, PinStatus, Token, TokenError, TokenInfo, ValidPin};
use secrecy::{ExposeSecret, SecretString};

use crate::command::choice::end;
use crate::command::reading::{pin_shown, token_shown};
use crate::command::status::readers_shown;
use crate::command::token_by_id::{TokenById, back_again};
use crate::failure;
use crate::inventory::Inventory;
use crate::prompt::{Happening, Prompt};
use crate::vendor_modules;

/// With what the new PIN is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum With {
    /// The PIN as it is.
    CurrentPin,
    /// The PUK, also when the PIN is locked.
    Puk,
}

/// What was typed: the PIN or PUK, and the new PIN.
struct Typed {
    old: SecretString,
    new: SecretString,
    last_try_confirmed: bool,
}

/// What came of it.
enum Attempt {
    Done,
    AskAgain(ErrorCode),
}

/// Asks until the token of that id has a new PIN. A login that is open for it
/// ends, as its session with the card does.
pub fn set(
    with: With,
    id: &Text,
    inventory: &Inventory,
    prompt: &mut dyn Prompt,
) -> Result<Outcome, Failure> {
    let mut notice = None;
    loop {
        let mut found = TokenById::find(prompt, inventory, id)?;
        if with == With::Puk && !found.pin.can_unblock {
            return Err(ErrorCode::NoPuk.into());
        }
        let puk = match with {
            With::CurrentPin => None,
            With::Puk => Some(puk_status(found.token.as_mut()).map_err(|it| end(prompt, it))?),
        };
        prompt.show(view(id, &found, puk, notice))?;
        notice = match prompt.next()? {
            Happening::TokensChanged => None,
            Happening::Answered(answer) => {
                let Some(typed) = typed(with, answer) else {
                    continue;
                };
                let secret = puk.unwrap_or(found.pin);
                match attempt(with, found, secret, typed, prompt)? {
                    Attempt::Done => {
                        inventory.note_full_tries(id);
                        return Ok(Outcome::Done {});
                    }
                    Attempt::AskAgain(code) => Some(code),
                }
            }
        };
    }
}

fn puk_status(token: &mut dyn Token) -> Result<PinStatus, Failure> {
    let status = token.puk_status();
    token.pause();
    status.map_err(|error| failure::of_token(&error))
}

fn view(id: &Text, found: &TokenById, puk: Option<PinStatus>, notice: Option<ErrorCode>) -> View {
    let token = token_shown(id.clone(), found.info.clone(), found.pin);
    match puk {
        None => View::change_pin(token, notice),
        Some(puk) => View::unblock_pin(token, pin_shown(puk), notice),
    }
}

fn typed(with: With, answer: Answer) -> Option<Typed> {
    match (with, answer) {
        (
            With::CurrentPin,
            Answer::ChangePin {
                pin: old,
                new_pin: new,
                last_try_confirmed,
            },
        )
        | (
            With::Puk,
            Answer::UnblockPin {
                puk: old,
                new_pin: new,
                last_try_confirmed,
            },
        ) => Some(Typed {
            old,
            new,
            last_try_confirmed,
        }),
        _ => None,
    }
}

/// Gives what was typed to the token, if the token could take it at all.
fn attempt(
    with: With,
    found: TokenById,
    secret: PinStatus,
    typed: Typed,
    prompt: &mut dyn Prompt,
) -> Result<Attempt, Failure> {
    let wrong = match with {
        With::CurrentPin => ErrorCode::WrongPin,
        With::Puk => ErrorCode::WrongPuk,
    };
    let same = typed.old.expose_secret() == typed.new.expose_secret();
    if with == With::CurrentPin && same {
        return Ok(Attempt::AskAgain(ErrorCode::PinUnchanged));
    }
    let new = match Pin::new(typed.new) {
        Ok(new) => new,
        Err(error) => return Ok(Attempt::AskAgain(failure::code_of_pin_format(error))),
    };
    let Ok(old) = Pin::new(typed.old) else {
        return Ok(Attempt::AskAgain(wrong));
    };
    if secret.tries_left == Some(1) && !typed.last_try_confirmed {
        return Ok(Attempt::AskAgain(ErrorCode::LastTryNotConfirmed));
    }
    prompt.show(View::Working {
        stage: Stage::ChangingPin,
    })?;
    let TokenById {
        info, mut token, ..
    } = found;
    let outcome = match with {
        With::CurrentPin => token.change_pin(&old, &new),
        With::Puk => token.unblock_pin(&old, &new),
    };
    let error = match outcome {
        Ok(()) => return Ok(Attempt::Done),
        Err(error) => error,
    };
    tracing::warn!(%error, "the PIN was not changed as asked");
    match error {
        TokenError::PinWrong { .. }
        | TokenError::PinLocked
        | TokenError::PukWrong { .. }
        | TokenError::PukLocked => Ok(Attempt::AskAgain(wrong)),
        TokenError::SessionStolen => Ok(Attempt::AskAgain(ErrorCode::SessionStolen)),
        TokenError::ReaderBusy { .. } => Ok(Attempt::AskAgain(ErrorCode::TokenInUse)),
        TokenError::PinChange(change) => match change.valid {
            ValidPin::New => Ok(Attempt::Done),
            ValidPin::Current => Err(end(prompt, failure::of_token(&change.reason))),
            ValidPin::Unknown => {
                // Held, it could not be reset by what follows.
                drop(token);
                let current = (with == With::CurrentPin).then_some(&old);
                find_out(prompt, &info, current, &new, &change.reason).map(|()| Attempt::Done)
            }
        },
        error => Err(end(prompt, failure::of_token(&error))),
    }
}

/// Finds out which PIN is valid, as soon as the token can be asked: success is
/// the new one.
fn find_out(
    prompt: &mut dyn Prompt,
    info: &TokenInfo,
    current: Option<&Pin>,
    new: &Pin,
    reason: &TokenError,
) -> Result<(), Failure> {
    loop {
        let found =
            back_again(info, prompt).and_then(|mut token| token.find_valid_pin(current, new).ok());
        match found {
            Some(ValidPin::New) => return Ok(()),
            Some(ValidPin::Current) => return Err(failure::of_token(reason)),
            Some(ValidPin::Unknown) => return Err(ErrorCode::PinChangeUncertain.into()),
            None => {}
        }
        let uncertain = |_| Failure::new(ErrorCode::PinChangeUncertain);
        prompt.show(waiting()).map_err(uncertain)?;
        prompt.next().map_err(uncertain)?;
    }
}

fn waiting() -> View {
    let readers = vendor_modules::tokens().and_then(|tokens| tokens.readers());
    View::WaitingForToken {
        reason: ErrorCode::TokenRemoved,
        readers: readers_shown(&readers.unwrap_or_default()),
        certificates: Vec::<object::Certificate>::new(),
        tokens: Vec::new(),
    }
}
