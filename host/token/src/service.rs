//! The readers of this computer and the tokens in them.

use kagibashi_card::cancel::Cancel;
use kagibashi_card::channel::{Cancellable, ChannelError};
use kagibashi_card::reader::{self, Contents, Service};

use crate::cache::PublicCache;
use crate::driver;
use crate::driver::pkcs11::Modules;
use crate::error::TokenError;
use crate::token::{Token, TokenInfo};
use crate::watch::Watch;

pub use crate::driver::TokenKind;

/// A connection to the smart card service.
#[derive(Clone)]
pub struct Tokens {
    /// `None` if it does not run, and there are modules that may do without.
    service: Option<Service>,
    cache: Option<PublicCache>,
    modules: Modules,
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
    /// A vendor's module, which does not do its part: what it would offer is not known.
    ModuleFailed,
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
        Self::connect_with(&Modules::none())
    }

    /// Connects to it, and to these modules: to them also where it does not run.
    pub fn connect_with(modules: &Modules) -> Result<Self, TokenError> {
        let service = match Service::connect() {
            Ok(service) => Some(service),
            Err(ChannelError::ServiceUnavailable) if !modules.is_empty() => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            service,
            cache: None,
            modules: modules.clone(),
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

    /// All readers, with or without a token, and the tokens of modules, each as a reader of its
    /// own. What both offer is there once.
    pub fn readers(&self) -> Result<Vec<Reader>, TokenError> {
        let readers = match &self.service {
            Some(service) => service.readers()?,
            None => Vec::new(),
        };
        let readers = readers.into_iter().map(|reader| Reader {
            name: reader.name,
            state: reader.contents.into(),
        });
        Ok(self.modules.beside(readers.collect()))
    }

    /// Opens the token in a reader and holds it for this program alone. Another program in the
    /// middle of something is waited for, at most [`reader::LONGEST_WAIT`]. `cancel` ends that wait
    /// and, later, whatever the token is doing, at the next exchange with the card.
    pub fn open(&self, reader: &str, cancel: &Cancel) -> Result<Box<dyn Token>, TokenError> {
        if self.modules.serve(reader) {
            return self.modules.open(reader, cancel);
        }
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
        if self.modules.serve(&known.reader) {
            return self.modules.open(&known.reader, cancel);
        }
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
        Watch::new(self.clone())
    }

    /// Whether the service runs that these are connected to, if they are to any.
    pub(crate) fn has_service(&self) -> bool {
        self.service.is_some()
    }

    pub(crate) fn modules(&self) -> &Modules {
        &self.modules
    }

    pub(crate) fn has_modules(&self) -> bool {
        !self.modules.is_empty()
    }
}
