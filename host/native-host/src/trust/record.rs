//! What was done to which database, so that it can be undone.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use kagibashi_protocol::{ErrorCode, Failure, Text};
use serde::{Deserialize, Serialize};

use super::database::Change;

/// The name of the file.
pub const FILE: &str = "trusted-authorities.json";

/// All authorities that were put in place, the oldest first.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Record {
    pub authorities: Vec<Authority>,
}

/// One of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Authority {
    /// Id of the certificate.
    pub certificate: String,
    pub holder: Text,
    /// Unix seconds.
    pub trusted: i64,
    pub stores: Vec<Store>,
}

/// A database, and what was changed in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Store {
    pub folder: PathBuf,
    pub change: Change,
}

impl Authority {
    /// The folders of its databases, as text.
    pub fn folders(&self) -> Vec<String> {
        let stores = self.stores.iter();
        stores.map(|it| it.folder.display().to_string()).collect()
    }
}

impl Record {
    /// A damaged file is not overwritten: it alone knows what to undo.
    pub fn read(file: &Path) -> Result<Self, Failure> {
        match fs::read(file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| failed(&error.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Writes all of it or nothing; without authorities there is no file.
    pub fn write(&self, file: &Path) -> Result<(), Failure> {
        if self.authorities.is_empty() {
            return match fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&error)),
                _ => Ok(()),
            };
        }
        let json = serde_json::to_vec_pretty(self).map_err(|_| ErrorCode::HostFault)?;
        let folder = file.parent().ok_or(ErrorCode::HostFault)?;
        fs::create_dir_all(folder)
            .and_then(|()| tempfile::NamedTempFile::new_in(folder))
            .and_then(|mut new| {
                new.write_all(&json)?;
                new.as_file().sync_all()?;
                new.persist(file).map_err(|error| error.error)
            })
            .map(drop)
            .map_err(|error| failed(&error))
    }

    /// The authority of that certificate.
    pub fn find(&self, certificate: &str) -> Option<&Authority> {
        let mut all = self.authorities.iter();
        all.find(|authority| authority.certificate == certificate)
    }

    /// The same, to change it.
    pub fn find_mut(&mut self, certificate: &str) -> Option<&mut Authority> {
        let mut all = self.authorities.iter_mut();
        all.find(|authority| authority.certificate == certificate)
    }
}

fn failed(error: &io::Error) -> Failure {
    tracing::warn!(%error, "the record of trusted authorities can't be read or written");
    ErrorCode::StorageFailed.into()
}
