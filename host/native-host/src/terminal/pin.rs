//! `pin status`, `pin verify`, `pin change`, `pin unblock`.

use kagibashi_protocol::object::PinStatus;
use kagibashi_protocol::{ErrorCode, Failure};
use kagibashi_token::{Cancel, Pin, ReaderState, Token, TokenError, ValidPin};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::Outcome;
use super::arguments::{PinArgs, PinSource};
use super::conversation::{ask_pin, ask_puk, at_token, read_pin};
use super::exit::Ending;
use super::print;
use crate::command::reading::pin_shown;
use crate::failure;
use crate::language::Language;
use crate::vendor_modules;

/// How many tries are left.
pub fn status(serial: Option<&str>, json: bool, language: Language) -> Outcome {
    #[derive(Serialize)]
    struct Shown {
        serial: String,
        #[serde(flatten)]
        pin: PinStatus,
    }
    let mut token = the_token(serial)?;
    let pin = pin_shown(token.pin_status()?);
    let serial = token.info()?.serial;
    if json {
        return Ok(print::json(&Shown { serial, pin })?);
    }
    let tries = match (pin.locked, pin.tries_left, language) {
        (true, _, Language::Japanese) => "ロックされています".to_owned(),
        (true, _, Language::English) => "locked".to_owned(),
        (false, Some(tries), Language::Japanese) => format!("あと {tries} 回"),
        (false, Some(tries), Language::English) => format!("{tries} tries left"),
        (false, None, Language::Japanese) => "残り回数はトークンが答えません".to_owned(),
        (false, None, Language::English) => "the token does not tell the tries left".to_owned(),
    };
    Ok(print::lines([format!("{serial}: {tries}")])?)
}

/// Tries a PIN.
pub fn verify(chosen: &PinArgs, language: Language) -> Outcome {
    let mut token = the_token(chosen.token.as_deref())?;
    let pin = if token.pin_status()?.pad {
        eprintln!("{}", at_token(language));
        Pin::at_token()
    } else {
        current_pin(token.as_mut(), &chosen.pin, language)?
    };
    token.verify_pin(&pin)?;
    say(language, "PIN は正しいです。", "The PIN is right.")
}

/// Changes the PIN.
pub fn change(chosen: &PinArgs, language: Language) -> Outcome {
    let mut token = the_token(chosen.token.as_deref())?;
    let current = typed_pin(token.as_mut(), &chosen.pin, language)?;
    let new = new_pin(&chosen.pin, language)?;
    if new.expose_secret() == current.expose_secret() {
        return Err(Failure::new(ErrorCode::PinUnchanged).into());
    }
    changed(token.change_pin(&pin_of(current)?, &pin_of(new)?), language)
}

/// Sets a new PIN with the PUK.
pub fn unblock(chosen: &PinArgs, language: Language) -> Outcome {
    let mut token = the_token(chosen.token.as_deref())?;
    let status = pin_shown(token.puk_status()?);
    let puk = ask_puk(&chosen.pin, status, language)?;
    let new = new_pin(&chosen.pin, language)?;
    changed(token.unblock_pin(&pin_of(puk)?, &pin_of(new)?), language)
}

/// The new PIN, typed twice by a person.
fn new_pin(source: &PinSource, language: Language) -> Result<SecretString, Ending> {
    let [ask, again] = match language {
        Language::Japanese => ["新しい PIN: ", "新しい PIN(再入力): "],
        Language::English => ["New PIN: ", "New PIN, again: "],
    };
    let new = read_pin(source, ask)?;
    if !source.pin_stdin && read_pin(source, again)?.expose_secret() != new.expose_secret() {
        return Err(Failure::new(ErrorCode::Cancelled).into());
    }
    Ok(new)
}

fn changed(outcome: Result<(), TokenError>, language: Language) -> Outcome {
    match outcome {
        Ok(()) => {}
        Err(TokenError::PinChange(change)) => match change.valid {
            ValidPin::New => tracing::warn!(%change, "the new PIN is valid all the same"),
            ValidPin::Current => return Err((*change.reason).into()),
            ValidPin::Unknown => return Err(Failure::new(ErrorCode::PinChangeUncertain).into()),
        },
        Err(error) => return Err(error.into()),
    }
    say(
        language,
        "ユーザ PIN を変更しました。",
        "The user PIN was changed.",
    )
}

fn current_pin(
    token: &mut dyn Token,
    source: &PinSource,
    language: Language,
) -> Result<Pin, Ending> {
    pin_of(typed_pin(token, source, language)?)
}

/// Asks for the PIN after looking at the tries left, as a window does.
fn typed_pin(
    token: &mut dyn Token,
    source: &PinSource,
    language: Language,
) -> Result<SecretString, Ending> {
    let status = pin_shown(token.pin_status()?);
    Ok(ask_pin(source, Some(status), language)?.0)
}

fn pin_of(typed: SecretString) -> Result<Pin, Ending> {
    Pin::new(typed).map_err(|error| Failure::new(failure::code_of_pin_format(error)).into())
}

/// The token of that serial number, or the only one.
fn the_token(serial: Option<&str>) -> Result<Box<dyn Token>, Ending> {
    let tokens = vendor_modules::tokens()?;
    let mut trouble = ErrorCode::NoReader;
    let mut found: Option<Box<dyn Token>> = None;
    for reader in tokens.readers()? {
        trouble = match reader.state {
            ReaderState::Empty => ErrorCode::NoToken,
            ReaderState::Mute => ErrorCode::MuteToken,
            ReaderState::ModuleFailed => ErrorCode::ModuleFailed,
            ReaderState::Unsupported { .. } => ErrorCode::UnsupportedToken,
            ReaderState::Token { .. } => {
                let mut token = tokens.open(&reader.name, &Cancel::new())?;
                let its_own = token.info()?.serial;
                if serial.is_none_or(|serial| serial.eq_ignore_ascii_case(&its_own)) {
                    if found.is_some() {
                        return Err(Failure::new(ErrorCode::AmbiguousCertificate).into());
                    }
                    found = Some(token);
                }
                ErrorCode::NoToken
            }
        };
    }
    found.ok_or_else(|| Failure::new(trouble).into())
}

fn say(language: Language, japanese: &str, english: &str) -> Outcome {
    Ok(print::lines([match language {
        Language::Japanese => japanese,
        Language::English => english,
    }])?)
}
