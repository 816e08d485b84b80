//! What is put into a file so that a program finds us, and how to tell whether
//! it is there.

use std::path::{Path, PathBuf};

use super::nss::{self, ModuleList};
use super::{Computer, p11_kit};
use crate::manifest::{self, Found, Kind, Manifest};

/// One way of being found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Registration {
    /// A browser starts this program by a native messaging manifest.
    Host(Kind),
    /// Firefox loads the PKCS#11 module when the extension names it.
    FirefoxModule,
    /// Chromium on Linux loads the modules that an NSS database lists.
    NssModule,
    /// Programs that use p11-kit load the modules that have a file there.
    P11KitModule,
}

/// What a file says of us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing, though others are in it.
    Absent,
    /// It names a program or module as ours.
    Ours {
        /// The file that it names.
        path: String,
        /// The rest of it, where it is a manifest.
        manifest: Option<Manifest>,
    },
    /// It is of other software.
    Foreign {
        /// The other's name.
        name: String,
    },
    /// Nobody can use it.
    Damaged,
}

impl Registration {
    /// The file that a program is to find.
    pub fn target(self, computer: &Computer) -> PathBuf {
        match self {
            Self::Host(_) => computer.program.clone(),
            Self::FirefoxModule | Self::NssModule | Self::P11KitModule => computer.module(),
        }
    }

    /// Whether the file holds entries of others besides ours.
    pub fn is_shared(self) -> bool {
        self == Self::NssModule
    }

    /// The whole content of the file with us in it. `present` is what is there
    /// now. `None` for a path that the format cannot hold.
    pub fn render(self, target: &Path, file: &Path, present: Option<&[u8]>) -> Option<Vec<u8>> {
        match self {
            Self::Host(kind) => kind.render(target).map(String::into_bytes),
            Self::FirefoxModule => manifest::render_module(target).map(String::into_bytes),
            Self::P11KitModule => p11_kit::render(target).map(String::into_bytes),
            Self::NssModule => match present {
                Some(list) if !list.trim_ascii().is_empty() => ModuleList(list).with_us(target),
                _ => ModuleList(&nss::new_list(file.parent()?)?).with_us(target),
            },
        }
    }

    /// What the content of a file says of us.
    pub fn standing(self, present: &[u8]) -> Standing {
        match self {
            Self::Host(_) => Found::of_host(present).into(),
            Self::FirefoxModule => Found::of_module(present).into(),
            Self::P11KitModule => p11_kit::standing(present),
            Self::NssModule => match ModuleList(present).our_module() {
                Some(path) => Standing::Ours {
                    path,
                    manifest: None,
                },
                None => Standing::Absent,
            },
        }
    }
}

impl From<Found> for Standing {
    fn from(found: Found) -> Self {
        match found {
            Found::Ours(manifest) => Self::Ours {
                path: manifest.path.clone(),
                manifest: Some(manifest),
            },
            Found::Foreign { name } => Self::Foreign { name },
            Found::Damaged => Self::Damaged,
        }
    }
}
