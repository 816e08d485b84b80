//! `status`: what the system says without asking a card.

use kagibashi_protocol::Failure;
use kagibashi_protocol::limit::TOKENS_MAX;
use kagibashi_protocol::message::{Outcome, Service};
use kagibashi_protocol::object;
use kagibashi_token::{Reader, ReaderState, TokenError};

use crate::failure;
use crate::vendor_modules;

/// The version, the service, the readers.
pub fn status() -> Result<Outcome, Failure> {
    let readers = vendor_modules::tokens().and_then(|tokens| tokens.readers());
    let (service, readers) = match readers {
        Ok(readers) => (Service::Running, readers),
        Err(TokenError::ServiceUnavailable) => (Service::Stopped, Vec::new()),
        Err(error) => return Err(failure::of_token(&error)),
    };
    Ok(Outcome::Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        service,
        readers: readers_shown(&readers),
    })
}

/// Readers as a window shows them.
pub fn readers_shown(readers: &[Reader]) -> Vec<object::Reader> {
    readers
        .iter()
        .take(TOKENS_MAX)
        .map(|reader| object::Reader {
            name: reader.name.as_str().into(),
            state: match reader.state {
                ReaderState::Empty => object::ReaderState::Empty,
                ReaderState::Mute | ReaderState::ModuleFailed => object::ReaderState::Mute,
                ReaderState::Unsupported { .. } => object::ReaderState::Unsupported,
                ReaderState::Token { .. } => object::ReaderState::Token,
            },
        })
        .collect()
}
