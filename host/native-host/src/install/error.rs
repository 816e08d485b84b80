//! Why something could not be installed or taken away.

use std::io;
use std::path::{Path, PathBuf};

use super::texts;
use crate::language::Language;

/// Why the command stopped. What was done before stays done, and doing it again
/// does no harm.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// No browser that we know is on this computer.
    #[error("no supported browser was found")]
    NoBrowser,
    /// The browser has no known folder of manifests for everybody.
    #[error("{browser} has no known folder for all users")]
    NoSystemFolder {
        /// Its name.
        browser: &'static str,
    },
    /// This person may not write there.
    #[error("no permission to write {}", path.display())]
    NoPermission {
        /// The file or folder.
        path: PathBuf,
    },
    /// Reading, writing or removing failed.
    #[error("could not write {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Where this program is cannot be told, or not be written in a manifest.
    #[error("the path of this program cannot be used")]
    ProgramPath,
    /// This person has no home.
    #[error("there is no home folder")]
    NoHome,
    /// The progress could not be shown.
    #[error("could not write the messages")]
    Output(#[source] io::Error),
}

impl InstallError {
    /// An error of the system at a path.
    pub fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::NoPermission { path }
            }
            _ => Self::Io { path, source },
        }
    }

    /// What happened, for a person.
    pub fn situation(&self, language: Language) -> String {
        texts::situation(self, language)
    }

    /// What to do now, for a person.
    pub fn advice(&self, language: Language) -> &'static str {
        texts::advice(self, language)
    }
}
