//! A look at every token that is plugged in: what it is, what it holds, how
//! many tries its PIN has left. No login, no try spent.

use std::collections::HashMap;

use kagibashi_card::cancel::Cancel;
use kagibashi_protocol::limit::{CERTIFICATES_MAX, TOKENS_MAX};
use kagibashi_protocol::message::Outcome;
use kagibashi_protocol::object;
use kagibashi_protocol::{ErrorCode, Failure, Text};
use kagibashi_token::{Reader, ReaderState, Token, TokenError, TokenInfo, Tokens};

use crate::command::found::Found;
use crate::command::reading::{Reading, gives_way, token_shown};
use crate::failure;
use crate::inventory::Inventory;
use crate::vendor_modules;

/// Everything that was seen.
#[derive(Default)]
pub struct Survey {
    /// Every reader.
    pub readers: Vec<Reader>,
    /// Every token that could be read.
    pub tokens: Vec<object::Token>,
    /// Tokens that are asked for.
    pub absent: Vec<object::Token>,
    /// Every certificate on them.
    pub certificates: Vec<Found>,
    /// What stood in the way of the others, or of all.
    pub trouble: Option<ErrorCode>,
    /// What they say they are.
    infos: Vec<TokenInfo>,
    /// By reader: the tokens that were read, let go for now.
    pub paused: HashMap<String, Box<dyn Token>>,
}

/// How a token is treated that was read when it came.
#[derive(Clone, Copy)]
enum Care {
    /// It may have been rewritten since by another program: no reader tells of that.
    Read,
    /// It is asked for nothing but the tries of its PIN.
    AskForTries,
}

impl Survey {
    /// Reads all tokens. `reading` is told each reader before it is looked at.
    /// A login ends, as reading its token ends it; when it is known which token
    /// is `wanted`, those of the others stay.
    ///
    /// Trouble with one token is written down and does not hide the others;
    /// the only failure is `cancel`.
    pub fn take(
        wanted: Option<&Text>,
        cancel: &Cancel,
        inventory: &Inventory,
        reading: impl FnMut(&str) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        Self::look_around(Care::Read, others_than(wanted), cancel, inventory, reading)
    }

    /// The same for who has seen what is on the tokens, and chosen: one that the
    /// inventory knows is asked for its tries alone.
    pub fn of_tries(
        wanted: Option<&Text>,
        cancel: &Cancel,
        inventory: &Inventory,
        reading: impl FnMut(&str) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        Self::look_around(
            Care::AskForTries,
            others_than(wanted),
            cancel,
            inventory,
            reading,
        )
    }

    /// The same for who only wants to know: a token with a login is taken for
    /// what it was when it was read, as asking it anything would end that.
    pub fn in_passing(cancel: &Cancel, inventory: &Inventory) -> Result<Self, Failure> {
        Self::look_around(Care::Read, |_| true, cancel, inventory, |_| Ok(()))
    }

    /// `spares` says which tokens keep their logins.
    fn look_around(
        care: Care,
        spares: impl Fn(&Text) -> bool,
        cancel: &Cancel,
        inventory: &Inventory,
        mut reading: impl FnMut(&str) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        let mut survey = Self::default();
        let tokens = match vendor_modules::tokens() {
            Ok(tokens) => tokens,
            Err(error) => return Ok(survey.stopped_by(&error)),
        };
        survey.readers = match tokens.readers() {
            Ok(readers) => readers,
            Err(error) => return Ok(survey.stopped_by(&error)),
        };
        if survey.readers.is_empty() {
            survey.trouble = Some(ErrorCode::NoReader);
        }
        for reader in survey.readers.clone() {
            match reader.state {
                ReaderState::Empty => survey.hindered_by(ErrorCode::NoToken),
                ReaderState::Mute => survey.hindered_by(ErrorCode::MuteToken),
                ReaderState::ModuleFailed => survey.hindered_by(ErrorCode::ModuleFailed),
                ReaderState::Unsupported { .. } => survey.hindered_by(ErrorCode::UnsupportedToken),
                ReaderState::Token { .. } => {
                    reading(&reader.name)?;
                    let known = inventory.known_in_reader(&reader.name);
                    let left_alone = known.as_ref().is_some_and(|known| {
                        spares(&known.reading.id) && inventory.is_logged_in(&reader.name)
                    });
                    if !left_alone {
                        inventory.end_login(&reader.name);
                    }
                    let outcome = match (known, care) {
                        (Some(known), _) if left_alone => {
                            survey.note(known.reading);
                            Ok(())
                        }
                        (Some(known), Care::AskForTries) => {
                            survey.ask_for_tries(&tokens, known.reading, cancel)
                        }
                        (known, _) => {
                            read(&tokens, &reader.name, cancel).map(|(token, reading)| {
                                if let Some(known) = known {
                                    inventory.was_read_again(&known, &reading);
                                }
                                survey.add(token, reading);
                            })
                        }
                    };
                    match outcome {
                        Ok(()) => {}
                        Err(TokenError::Cancelled) => return Err(ErrorCode::Cancelled.into()),
                        Err(error) => {
                            tracing::warn!(%error, "a token could not be read");
                            survey.hindered_by(failure::code_of_token(&error));
                        }
                    }
                }
            }
        }
        Ok(survey)
    }

    fn stopped_by(mut self, error: &TokenError) -> Self {
        self.trouble = Some(failure::code_of_token(error));
        self
    }

    /// Remembers the trouble that says most: an empty reader says least.
    fn hindered_by(&mut self, code: ErrorCode) {
        if self.trouble.is_none_or(|known| known == ErrorCode::NoToken) {
            self.trouble = Some(code);
        }
    }

    fn ask_for_tries(
        &mut self,
        tokens: &Tokens,
        mut known: Reading,
        cancel: &Cancel,
    ) -> Result<(), TokenError> {
        let mut token = match tokens.open_again(&known.info, cancel) {
            Err(TokenError::WrongToken { .. }) => {
                let (token, reading) = read(tokens, &known.info.reader, cancel)?;
                self.add(token, reading);
                return Ok(());
            }
            opened => opened?,
        };
        known.pin = token.pin_status_again(known.pin)?;
        self.add(token, known);
        Ok(())
    }

    /// Lets the token go for now and keeps what it is and holds.
    fn add(&mut self, mut token: Box<dyn Token>, reading: Reading) {
        token.pause();
        self.paused.insert(reading.info.reader.clone(), token);
        self.note(reading);
    }

    fn note(&mut self, reading: Reading) {
        if self.infos.iter().any(|info| gives_way(&reading.info, info)) {
            return;
        }
        let outdone = |info: &TokenInfo| gives_way(info, &reading.info);
        if let Some(outdone) = self.infos.iter().position(outdone) {
            let reader = self.infos.remove(outdone).reader;
            let id = self.tokens.remove(outdone).id;
            self.certificates.retain(|found| found.shown.token != id);
            self.paused.remove(&reader);
        }
        if self.tokens.len() == TOKENS_MAX {
            return;
        }
        let Reading {
            id,
            info,
            pin,
            certificates,
        } = reading;
        self.infos.push(info.clone());
        self.tokens.push(token_shown(id, info, pin));
        let room = CERTIFICATES_MAX - self.certificates.len();
        self.certificates
            .extend(certificates.into_iter().take(room));
    }

    /// The tokens and certificates of a `certificates` command.
    pub fn into_outcome(self) -> Outcome {
        Outcome::Certificates {
            certificates: self
                .certificates
                .into_iter()
                .map(|found| found.shown)
                .collect(),
            tokens: self.tokens,
        }
    }

    /// The token of that id.
    pub fn token(&self, id: &Text) -> Option<&object::Token> {
        self.tokens.iter().find(|token| token.id == *id)
    }

    /// Whether the token of that id is plugged in; the failure says what is
    /// there instead.
    pub fn check_holds(&self, id: &Text) -> Result<(), Failure> {
        if self.token(id).is_some() {
            return Ok(());
        }
        Err(match self.trouble {
            _ if !self.tokens.is_empty() => ErrorCode::OtherToken,
            None | Some(ErrorCode::NoToken | ErrorCode::NoReader) => ErrorCode::TokenRemoved,
            Some(code) => code,
        }
        .into())
    }

    /// Notes what a login said about a token's PIN.
    pub fn note_pin(&mut self, id: &Text, status: object::PinStatus) {
        if let Some(token) = self.tokens.iter_mut().find(|token| token.id == *id) {
            token.pin = status;
        }
    }
}

fn read(
    tokens: &Tokens,
    reader: &str,
    cancel: &Cancel,
) -> Result<(Box<dyn Token>, Reading), TokenError> {
    let mut token = tokens.open(reader, cancel)?;
    let reading = Reading::take(token.as_mut())?;
    Ok((token, reading))
}

/// All tokens but the wanted one; none where any will do.
fn others_than(wanted: Option<&Text>) -> impl Fn(&Text) -> bool {
    move |id| wanted.is_some_and(|wanted| wanted != id)
}
