//! The one token of an id, and no other: for what must not happen to another.

use kagibashi_protocol::view::View;
use kagibashi_protocol::{ErrorCode, Failure, Text};
use kagibashi_token::{PinStatus, ReaderState, Token, TokenError, TokenInfo};

use crate::command::choice::end;
use crate::command::reading::Reading;
use crate::command::survey::Survey;
use crate::failure;
use crate::inventory::Inventory;
use crate::prompt::Prompt;
use crate::vendor_modules;

/// A token that is plugged in now, let go until it is used.
pub struct TokenById {
    /// What it is.
    pub info: TokenInfo,
    /// How it stands with its PIN now.
    pub pin: PinStatus,
    /// The token itself.
    pub token: Box<dyn Token>,
}

impl TokenById {
    /// Takes up the token of that id, which ends its login. The failure says
    /// what is there instead: another token, or none.
    pub fn find(
        prompt: &mut dyn Prompt,
        inventory: &Inventory,
        id: &Text,
    ) -> Result<Self, Failure> {
        let all = inventory.snapshot().tokens;
        let known = all.into_iter().find(|known| known.reading.id == *id);
        let found = match known {
            Some(known) => Self::look_again(prompt, inventory, known.reading),
            None => return Self::look_everywhere(prompt, inventory, id),
        };
        found.map_err(|error| {
            let failure = match &error {
                TokenError::CardRemoved | TokenError::NoCard | TokenError::NoSuchReader { .. } => {
                    ErrorCode::TokenRemoved.into()
                }
                error => failure::of_token(error),
            };
            end(prompt, failure)
        })
    }

    fn look_again(
        prompt: &mut dyn Prompt,
        inventory: &Inventory,
        known: Reading,
    ) -> Result<Self, TokenError> {
        // A window that can't be told any more has ended the request.
        drop(prompt.show(View::ReadingToken {
            reader: known.info.reader.as_str().into(),
        }));
        inventory.end_login(&known.info.reader);
        let mut token = vendor_modules::tokens()?.open_again(&known.info, prompt.cancel())?;
        let pin = token.pin_status_again(known.pin)?;
        token.pause();
        Ok(Self {
            info: known.info,
            pin,
            token,
        })
    }

    /// For a token that the inventory has not read yet, if it is there at all.
    fn look_everywhere(
        prompt: &mut dyn Prompt,
        inventory: &Inventory,
        id: &Text,
    ) -> Result<Self, Failure> {
        let cancel = prompt.cancel().clone();
        let mut survey = Survey::take(Some(id), &cancel, inventory, |reader| {
            prompt.show(View::ReadingToken {
                reader: reader.into(),
            })
        })
        .map_err(|failure| end(prompt, failure))?;
        survey.check_holds(id)?;
        let reader = survey
            .token(id)
            .map(|token| token.reader.as_str().to_owned());
        let token = reader.and_then(|reader| survey.paused.remove(&reader));
        let taken_up = token.ok_or(TokenError::CardRemoved).and_then(|mut token| {
            let found = (token.info()?, token.pin_status()?);
            token.pause();
            Ok((found, token))
        });
        let ((info, pin), token) =
            taken_up.map_err(|error| end(prompt, failure::of_token(&error)))?;
        Ok(Self { info, pin, token })
    }
}

/// Looks for a token that was pulled out, in every reader. `None` while it is
/// not there, or not yet to be used.
pub fn back_again(info: &TokenInfo, prompt: &dyn Prompt) -> Option<Box<dyn Token>> {
    let tokens = vendor_modules::tokens().ok()?;
    let readers = tokens.readers().ok()?;
    readers
        .into_iter()
        .filter(|reader| matches!(reader.state, ReaderState::Token { .. }))
        .find_map(|reader| {
            let there = TokenInfo {
                reader: reader.name,
                ..info.clone()
            };
            tokens.open_again(&there, prompt.cancel()).ok()
        })
}
