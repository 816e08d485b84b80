//! Which driver serves a card.

mod epass2003;
pub mod pkcs11;

use kagibashi_card::channel::Channel;

use crate::cache::PublicCache;
use crate::error::TokenError;
use crate::token::{Token, TokenInfo};

/// The kinds of token that have a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenKind {
    /// Feitian ePass2003.
    Epass2003,
    /// Of another maker, whose PKCS#11 module serves it.
    OfModule,
}

impl TokenKind {
    /// The name on the box.
    pub fn model(self) -> &'static str {
        match self {
            Self::Epass2003 => "ePass2003",
            Self::OfModule => "PKCS#11",
        }
    }
}

/// The kind of token with this answer to reset.
pub fn recognise(atr: &[u8]) -> Option<TokenKind> {
    epass2003::firmware(atr).map(|_| TokenKind::Epass2003)
}

/// Opens the token at the other end of a channel. `reader` is what the channel leads to, for
/// [`TokenInfo`] and [`KeyHandle`](crate::KeyHandle).
pub fn open(
    channel: Box<dyn Channel>,
    reader: &str,
    atr: &[u8],
) -> Result<Box<dyn Token>, TokenError> {
    match recognise(atr) {
        Some(TokenKind::Epass2003) => {
            Ok(Box::new(epass2003::Epass2003::open(channel, reader, atr)?))
        }
        Some(TokenKind::OfModule) | None => Err(TokenError::CardUnsupported { atr: atr.to_vec() }),
    }
}

/// The same with what a cache has noted of it before; what is read now is noted.
pub fn open_with_cache(
    channel: Box<dyn Channel>,
    reader: &str,
    atr: &[u8],
    cache: &PublicCache,
) -> Result<Box<dyn Token>, TokenError> {
    match recognise(atr) {
        Some(TokenKind::Epass2003) => Ok(Box::new(epass2003::Epass2003::open_with_cache(
            channel, reader, atr, cache,
        )?)),
        Some(TokenKind::OfModule) | None => Err(TokenError::CardUnsupported { atr: atr.to_vec() }),
    }
}

/// The same for a token that is known from before, with fewer questions to it.
/// [`TokenError::WrongToken`] if it is another.
pub fn open_again(
    channel: Box<dyn Channel>,
    atr: &[u8],
    known: &TokenInfo,
) -> Result<Box<dyn Token>, TokenError> {
    match recognise(atr) {
        Some(TokenKind::Epass2003) => Ok(Box::new(epass2003::Epass2003::open_again(
            channel, atr, known,
        )?)),
        Some(TokenKind::OfModule) | None => Err(TokenError::CardUnsupported { atr: atr.to_vec() }),
    }
}
