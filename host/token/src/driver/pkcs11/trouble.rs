//! What can go wrong with a module itself.

use std::time::Duration;

use super::messages::Trouble;

/// Why the module of a token did not do its part. The host has lost nothing by it: the next try
/// starts the module anew.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModuleTrouble {
    /// The file of the module is not one that is loaded.
    #[error(transparent)]
    File(#[from] super::file::FileRefusal),
    /// The process of the module could not be started.
    #[error("its process can't be started: {0}")]
    NotStarted(String),
    /// The system, or the module itself, refused to be loaded.
    #[error("{0}")]
    NotLoaded(String),
    /// It is our own module, which would ask for itself.
    #[error("it is the module of Kagibashi itself")]
    OurOwn,
    /// Its process has ended in the middle of something.
    #[error("it has crashed")]
    Crashed,
    /// It did not answer in time, and was ended.
    #[error("it has not answered within {} seconds", limit.as_secs())]
    Silent {
        /// How long it was waited for.
        limit: Duration,
    },
    /// It said what can't be true.
    #[error("it answers rubbish")]
    Rubbish,
    /// A function failed.
    #[error("{0}")]
    Refused(String),
    /// Whoever asked does not want it any more.
    #[error("cancelled")]
    Cancelled,
}

impl ModuleTrouble {
    /// Why the first answer was no good one.
    pub(super) fn of_start(trouble: Trouble) -> Self {
        match trouble {
            Trouble::NotLoaded(why) => Self::NotLoaded(why),
            Trouble::OurOwn => Self::OurOwn,
            Trouble::Refused(how) => Self::NotLoaded(how),
            _ => Self::Rubbish,
        }
    }
}
