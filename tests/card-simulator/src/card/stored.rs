//! The part of a card that survives a power cycle, as it is written down.

use serde::{Deserialize, Serialize};

use super::{Card, State};
use crate::faults::Faults;
use crate::file::File;
use crate::random::RandomStream;
use crate::settings::Settings;

/// Grows with every change that an older program would misread.
const VERSION: u32 = 1;

/// The written form of a [`Card`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredCard {
    version: u32,
    settings: Settings,
    random: RandomStream,
    master_file: Option<File>,
}

/// Why a written card cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoredCardError {
    /// It was written by a newer program.
    #[error("the card was written in version {0} of its format, this program knows {VERSION}")]
    Version(u32),
}

impl From<Card> for StoredCard {
    fn from(card: Card) -> Self {
        let Card {
            settings,
            random,
            master_file,
            ..
        } = card;
        StoredCard {
            version: VERSION,
            settings,
            random,
            master_file,
        }
    }
}

impl TryFrom<StoredCard> for Card {
    type Error = StoredCardError;

    fn try_from(stored: StoredCard) -> Result<Card, StoredCardError> {
        let StoredCard {
            version,
            settings,
            random,
            master_file,
        } = stored;
        if version != VERSION {
            return Err(StoredCardError::Version(version));
        }
        Ok(Card {
            settings,
            random,
            master_file,
            state: State::default(),
            faults: Faults::default(),
            commands: 0,
            changes: 0,
            last_exchange: None,
        })
    }
}
