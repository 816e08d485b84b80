//! The two ways to a signature, and which of them a token takes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How the card is brought to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It raises a number to the private exponent; the number is made here. Good for every
    /// algorithm, and open on every token that OpenSC set up.
    Raw,
    /// It finishes a SHA-256 and pads it by RSASSA-PKCS1-v1_5, as the maker's own software has it
    /// done. The whole message must be at hand.
    Hashing,
}

impl Way {
    /// P2 of MANAGE SECURITY ENVIRONMENT and what the algorithm is called there.
    pub(super) fn environment(self) -> (u8, u8) {
        match self {
            Self::Raw => (0xB8, 0x84),
            Self::Hashing => (0xB6, 0x82),
        }
    }
}

/// The way that worked last, by serial number: a token is opened anew for each signature, and
/// being refused costs a command.
static TAKEN: Mutex<BTreeMap<String, Way>> = Mutex::new(BTreeMap::new());

/// The way that this token took last.
pub(super) fn taken(serial: &str) -> Option<Way> {
    let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    taken.get(serial).copied()
}

/// Remembers the way that this token took.
pub(super) fn remember(serial: &str, way: Way) {
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    taken.insert(serial.to_owned(), way);
}
