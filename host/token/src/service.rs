//! The readers of this computer and the tokens in them.

use kagibashi_card::cancel::Cancel;
use kagibashi_card::channel::Cancellable;
use kagibashi_card::reader::{self, Contents, Service};

use crate::cache::PublicCache;
use crate::driver;
use crate::error::TokenError;
use crate::token::{Token, TokenInfo};

pub use crate::driver::TokenKind;

/// A connection to the smart card service.
#[derive(Clone)]
pub struct Tokens {
    service: Service,
    cache: Option<PublicCache>,
}

/// A reader and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The name by which it can be opened.
    pub name: String,
    /// What is in it.
    pub state: ReaderState,
}

/// What is in a reader, told from the answer to reset alone: nobody is disturbed by asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReaderState {
    /// No card.
    Empty,
    /// A card that does not answer.
    Mute,
    /// A card that no driver knows.
    Unsupported {
        /// Its answer to reset.
        atr: Vec<u8>,
    },
    /// A token of this kind.
    Token {
        /// The kind.
        kind: TokenKind,
    },
}

impl ReaderState {
    /// Whether [`Tokens::open`] may succeed.
    pub fn is_token(&self) -> bool {
        matches!(self, Self::Token { .. })
    }
}

impl From<Contents> for ReaderState {
    fn from(contents: Contents) -> Self {
        match contents {
            Contents::Empty => Self::Empty,
            Contents::Mute => Self::Mute,
            Contents::Card { atr } => match driver::recognise(&atr) {
                Some(kind) => Self::Token { kind },
                None => Self::Unsupported { atr },
            },
        }
    }
}

impl Tokens {
    /// Connects to the smart card service.
    pub fn connect() -> Result<Self, TokenError> {
        Ok(Self {
            service: Service::connect()?,
            cache: None,
        })
    }

    /// Opens tokens with what this cache knows of them, so that they are listed at fewer exchanges.
    #[must_use]
    pub fn with_cache(self, cache: PublicCache) -> Self {
        Self {
            cache: Some(cache),
            ..self
        }
    }

    /// All readers, with or without a token.
    pub fn readers(&self) -> Result<Vec<Reader>, TokenError> {
        let readers = self.service.readers()?;
        Ok(readers
            .into_iter()
            .map(|reader| Reader {
                name: reader.name,
                state: reader.contents.into(),
            })
            .collect())
    }

    /// Opens the token in a reader and holds it for this program alone. Another program in the
    /// middle of something is waited for, at most [`reader::LONGEST_WAIT`]. `cancel` ends that wait
    /// and, later, whatever the token is doing, at the next exchange with the card.
    pub fn open(&self, reader: &str, cancel: &Cancel) -> Result<Box<dyn Token>, TokenError> {
        let channel = reader::Transaction::begin(reader, cancel)?;
        let atr = channel.atr().to_vec();
        let channel = Box::new(Cancellable::new(channel, cancel.clone()));
        match &self.cache {
            Some(cache) => driver::open_with_cache(channel, reader, &atr, cache),
            None => driver::open(channel, reader, &atr),
        }
    }

    /// The same for a token that is known from before, at fewer exchanges with the card.
    /// [`TokenError::WrongToken`] if another is in its reader now.
    pub fn open_again(
        &self,
        known: &TokenInfo,
        cancel: &Cancel,
    ) -> Result<Box<dyn Token>, TokenError> {
        let channel = reader::Transaction::begin(&known.reader, cancel)?;
        let atr = channel.atr().to_vec();
        driver::open_again(
            Box::new(Cancellable::new(channel, cancel.clone())),
            &atr,
            known,
        )
    }

    /// Watches for tokens coming and going, from now on.
    pub fn watch(&self) -> Result<Watch, TokenError> {
        Ok(Watch {
            watch: reader::Watch::new()?,
        })
    }
}

/// Something that happened in a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A card was put in, or a token plugged in with its reader.
    Inserted(Reader),
    /// The card is gone, alone or with its reader.
    Removed {
        /// Where it was.
        reader: String,
    },
    /// A reader without a card was plugged in or out.
    EmptyReader,
}

/// Waits for cards to come and go.
pub struct Watch {
    watch: reader::Watch,
}

impl Watch {
    /// Blocks until something happened and says what; at once if it happened since the last call.
    /// [`TokenError::Cancelled`] after [`Stop::stop`].
    pub fn wait(&mut self) -> Result<Vec<Event>, TokenError> {
        let events = self.watch.wait()?;
        Ok(events
            .into_iter()
            .map(|event| match event {
                reader::Event::Inserted(reader) => Event::Inserted(Reader {
                    name: reader.name,
                    state: reader.contents.into(),
                }),
                reader::Event::Removed { reader } => Event::Removed { reader },
                reader::Event::EmptyReader => Event::EmptyReader,
            })
            .collect())
    }

    /// A handle with which another thread can end the wait.
    pub fn stop_handle(&self) -> Stop {
        Stop {
            stop: self.watch.stop_handle(),
        }
    }
}

/// Ends a [`Watch`] from another thread.
#[derive(Clone)]
pub struct Stop {
    stop: reader::Stop,
}

impl Stop {
    /// Ends the wait, the present one or the next. There is no way back.
    pub fn stop(&self) {
        self.stop.stop();
    }
}
