//! Where this program keeps its own files.

use std::path::PathBuf;

use directories::ProjectDirs;

/// No folder can be made below this, not even by root.
const NOWHERE: &str = if cfg!(windows) {
    r"\\.\NUL\kagibashi"
} else {
    "/dev/null/kagibashi"
};

/// The folders of one person. Nothing here makes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// What the person has decided: the sites that hold a grant.
    pub config: PathBuf,
    /// What the program has noted: logs, and what the installer made.
    pub state: PathBuf,
}

impl Folders {
    /// The folders of the person who runs this program, where the system wants
    /// them: on Linux by the XDG Base Directory Specification.
    pub fn of_user() -> Self {
        match ProjectDirs::from("", "", "Kagibashi") {
            Some(project) => Self {
                config: project.config_dir().to_owned(),
                // Only Linux has a folder for state.
                state: project
                    .state_dir()
                    .map_or_else(|| project.data_local_dir().join("state"), PathBuf::from),
            },
            // Without a home (a service, say) nothing is kept.
            None => Self {
                config: PathBuf::from(NOWHERE),
                state: PathBuf::from(NOWHERE),
            },
        }
    }
}
