//! Where module and host meet, and how each makes sure of the other.
//!
//! One interface; the systems differ behind it.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

pub use system::{HangUp, Listener, Stream};

/// Who listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// The host that the browser of this process number has started.
    Browser(u32),
    /// The host for all programs but browsers.
    Agent,
}

impl Name {
    /// The name under which a host that was started by a browser listens: its
    /// parent's number.
    #[cfg(unix)]
    pub fn of_parent() -> Self {
        Self::Browser(std::os::unix::process::parent_id())
    }

    /// As on other systems; `None` when the system does not tell the parent.
    #[cfg(windows)]
    pub fn of_parent() -> Option<Self> {
        windows::parent_of(std::process::id()).map(Self::Browser)
    }
}

impl fmt::Display for Name {
    /// As in the file system.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Browser(process) => write!(formatter, "browser-{process}"),
            Self::Agent => formatter.write_str("agent"),
        }
    }
}

/// The process at the other end, as the system says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Its number; `None` where the system does not tell.
    pub pid: Option<u32>,
    /// Whether it runs as the same user as this process.
    pub same_user: bool,
}

/// The place where the sockets of one user are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeetingPlace {
    folder: PathBuf,
}

impl MeetingPlace {
    /// The place of the user who runs this process.
    pub fn of_user() -> Self {
        Self::in_folder(system::folder_of_user())
    }

    /// A place of the caller's choice, for tests.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The folder; on Windows only a part of the pipes' names.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Listens under that name. A socket that a dead process has left is
    /// replaced, a living one is not.
    pub fn listen(&self, name: Name) -> Result<Listener, BindError> {
        Listener::bind(&self.folder, name)
    }

    /// Connects to whoever listens under that name, after making sure that it
    /// is who it should be: the same user, and for a browser's host a child of
    /// that browser.
    pub fn connect(&self, name: Name) -> Result<Stream, ConnectError> {
        Stream::connect(&self.folder, name)
    }
}

/// What is wrong with the folder. It is never repaired here: whoever changed
/// it may have put something into it as well.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It could neither be made nor looked at.
    #[error("{} can't be used: {source}", path.display())]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A symbolic link, a file, or anything else that is no folder.
    #[error("{} is not a folder (a symbolic link will not do)", path.display())]
    NotAFolder {
        /// What stands in its place.
        path: PathBuf,
    },
    /// It belongs to another user.
    #[error("{} belongs to user {owner}, not to this one", path.display())]
    OtherOwner {
        /// The folder.
        path: PathBuf,
        /// The owner's user id.
        owner: u32,
    },
    /// Others may look or write into it.
    #[error("{} has mode {mode:04o}; remove it, or make it 0700", path.display())]
    OpenToOthers {
        /// The folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

/// Why nobody can listen there.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The folder won't do.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Another process listens under this name.
    #[error("another host listens as {0}")]
    InUse(Name),
    /// The system refuses.
    #[error("can't listen: {0}")]
    System(#[from] io::Error),
}

/// Why a caller was not let in.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// It was somebody else, and was hung up on. The listener goes on.
    #[error("hung up on a stranger: {0:?}")]
    Stranger(Peer),
    /// The system failed; there may be no use in going on.
    #[error("can't take callers: {0}")]
    System(#[from] io::Error),
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody listens under this name.
    #[error("nobody listens as {0}")]
    Nobody(Name),
    /// The folder won't do.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Somebody else listens there; not a byte was sent.
    #[error("a stranger listens there: {0:?}")]
    Stranger(Peer),
    /// The system refuses.
    #[error("can't connect: {0}")]
    System(#[from] io::Error),
}
