//! PC/SC: the readers of this computer and what is in them. Only this file and those under it name
//! the `pcsc` crate.

mod transaction;
mod watch;

use std::ffi::CString;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pcsc::{Context, Scope, State};

use crate::channel::ChannelError;

pub use transaction::{LONGEST_ANSWER, LONGEST_WAIT, Transaction};
pub use watch::{Event, Stop, Watch};

/// A reader and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The name PC/SC gives it.
    pub name: String,
    /// What is in it.
    pub contents: Contents,
}

/// What is in a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// No card.
    Empty,
    /// A card that does not answer to a reset.
    Mute,
    /// A card.
    Card {
        /// Its answer to reset.
        atr: Vec<u8>,
    },
}

/// A connection to the smart card service (pcscd, `SCardSvr`).
#[derive(Clone)]
pub struct Service {
    context: Arc<Mutex<Context>>,
}

impl Service {
    /// Connects to the service.
    pub fn connect() -> Result<Self, ChannelError> {
        Ok(Self {
            context: Arc::new(Mutex::new(establish()?)),
        })
    }

    /// All readers, and what is in them, without talking to any card.
    pub fn readers(&self) -> Result<Vec<Reader>, ChannelError> {
        let mut context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        match readers_of(&context) {
            // The service was restarted since: the old connection is of no more use.
            Err(ChannelError::ServiceUnavailable) => {
                *context = establish()?;
                readers_of(&context)
            }
            answered => answered,
        }
    }
}

fn establish() -> Result<Context, ChannelError> {
    Context::establish(Scope::User).map_err(|error| channel_error(error, ""))
}

fn readers_of(context: &Context) -> Result<Vec<Reader>, ChannelError> {
    let mut states = unaware_states(context)?;
    match context.get_status_change(Duration::ZERO, &mut states) {
        Ok(()) | Err(pcsc::Error::Timeout | pcsc::Error::UnknownReader) => {}
        Err(error) => return Err(channel_error(error, "")),
    }
    Ok(states.iter().filter_map(reader_in).collect())
}

fn unaware_states(context: &Context) -> Result<Vec<pcsc::ReaderState>, ChannelError> {
    Ok(names(context)?
        .into_iter()
        .map(|name| pcsc::ReaderState::new(name, State::UNAWARE))
        .collect())
}

fn names(context: &Context) -> Result<Vec<CString>, ChannelError> {
    context
        .list_readers_owned()
        .map_err(|error| channel_error(error, ""))
}

/// `None` for a reader that has gone in the meantime.
fn reader_in(state: &pcsc::ReaderState) -> Option<Reader> {
    let flags = state.event_state();
    if flags.intersects(State::UNKNOWN | State::IGNORE) {
        return None;
    }
    let contents = if flags.contains(State::MUTE) {
        Contents::Mute
    } else if flags.contains(State::PRESENT) {
        Contents::Card {
            atr: state.atr().to_vec(),
        }
    } else {
        Contents::Empty
    };
    Some(Reader {
        name: state.name().to_string_lossy().into_owned(),
        contents,
    })
}

fn channel_error(error: pcsc::Error, reader: &str) -> ChannelError {
    use pcsc::Error;
    match error {
        Error::NoService | Error::ServiceStopped | Error::InvalidHandle => {
            ChannelError::ServiceUnavailable
        }
        Error::UnknownReader | Error::ReaderUnavailable | Error::NoReadersAvailable => {
            ChannelError::NoSuchReader {
                reader: reader.to_owned(),
            }
        }
        Error::NoSmartcard => ChannelError::NoCard,
        Error::RemovedCard => ChannelError::Removed,
        Error::UnresponsiveCard | Error::UnpoweredCard => ChannelError::Mute,
        Error::ResetCard => ChannelError::WasReset,
        Error::SharingViolation => ChannelError::Busy {
            waited: Duration::ZERO,
        },
        Error::Cancelled => ChannelError::Cancelled,
        other => ChannelError::Other(Box::new(other)),
    }
}
