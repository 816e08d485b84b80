//! Which sites may ask for signatures of hashes: given once by the person,
//! kept in a file, taken back at any time.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use kagibashi_protocol::limit::GRANTS_MAX;
use kagibashi_protocol::object::Grant;
use kagibashi_protocol::{ErrorCode, Failure, Origin};
use serde::{Deserialize, Serialize};

use crate::clock::now;

/// The file of grants. It is read anew each time, as several browsers' hosts
/// share it.
#[derive(Clone, Debug)]
pub struct Grants {
    file: PathBuf,
}

#[derive(Default, Serialize, Deserialize)]
struct Kept {
    grants: Vec<KeptGrant>,
}

#[derive(Serialize, Deserialize)]
struct KeptGrant {
    origin: String,
    granted: i64,
}

impl Grants {
    /// Grants kept in that folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            file: folder.join("grants.json"),
        }
    }

    /// Whether the site may ask.
    pub fn holds(&self, origin: &Origin) -> Result<bool, Failure> {
        Ok(self
            .read()?
            .grants
            .iter()
            .any(|grant| grant.origin == origin.as_str()))
    }

    /// Lets the site ask from now on.
    pub fn give(&self, origin: &Origin) -> Result<(), Failure> {
        let mut kept = self.read()?;
        kept.grants.retain(|grant| grant.origin != origin.as_str());
        if kept.grants.len() >= GRANTS_MAX {
            return Err(ErrorCode::StorageFailed.into());
        }
        kept.grants.push(KeptGrant {
            origin: origin.as_str().to_owned(),
            granted: now(),
        });
        self.write(&kept)
    }

    /// Takes the grant back; false when there was none.
    pub fn revoke(&self, origin: &Origin) -> Result<bool, Failure> {
        let mut kept = self.read()?;
        let before = kept.grants.len();
        kept.grants.retain(|grant| grant.origin != origin.as_str());
        if kept.grants.len() == before {
            return Ok(false);
        }
        self.write(&kept)?;
        Ok(true)
    }

    /// All grants, the newest first.
    pub fn list(&self) -> Result<Vec<Grant>, Failure> {
        let mut grants: Vec<Grant> = self
            .read()?
            .grants
            .into_iter()
            .take(GRANTS_MAX)
            .filter(|grant| Origin::parse(&grant.origin).is_ok())
            .map(|grant| Grant {
                origin: grant.origin,
                granted: grant.granted,
            })
            .collect();
        grants.sort_by_key(|grant| std::cmp::Reverse(grant.granted));
        Ok(grants)
    }

    /// A file that can't be understood holds no grants: the person is asked
    /// again, which is the safe side.
    fn read(&self) -> Result<Kept, Failure> {
        match fs::read(&self.file) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::warn!(%error, "the file of grants is damaged");
                Kept::default()
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Kept::default()),
            Err(error) => Err(storage_failed(&error)),
        }
    }

    fn write(&self, kept: &Kept) -> Result<(), Failure> {
        let json = serde_json::to_vec_pretty(kept).map_err(|_| ErrorCode::HostFault)?;
        let folder = self.file.parent().ok_or(ErrorCode::HostFault)?;
        fs::create_dir_all(folder)
            // Readable by its owner alone: tempfile's own mode is 0600.
            .and_then(|()| tempfile::NamedTempFile::new_in(folder))
            .and_then(|mut file| {
                file.write_all(&json)?;
                file.as_file().sync_all()?;
                file.persist(&self.file).map_err(|error| error.error)
            })
            .map(drop)
            .map_err(|error| storage_failed(&error))
    }
}

fn storage_failed(error: &io::Error) -> Failure {
    tracing::warn!(%error, "the file of grants can't be read or written");
    ErrorCode::StorageFailed.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_lists_and_takes_back() {
        let folder = tempfile::tempdir().unwrap();
        let grants = Grants::in_folder(&folder.path().join("not there yet"));
        let [a, b] = ["https://a.jp", "https://b.jp"].map(|text| Origin::parse(text).unwrap());
        assert!(!grants.holds(&a).unwrap());
        assert!(!grants.revoke(&a).unwrap());
        grants.give(&a).unwrap();
        grants.give(&a).unwrap();
        assert!(grants.holds(&a).unwrap());
        assert!(!grants.holds(&b).unwrap());
        assert_eq!(grants.list().unwrap().len(), 1);
        assert!(grants.revoke(&a).unwrap());
        assert!(!grants.holds(&a).unwrap());
    }

    #[test]
    fn a_damaged_file_grants_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let grants = Grants::in_folder(folder.path());
        let origin = Origin::parse("https://a.jp").unwrap();
        for damaged in [
            &b""[..],
            b"{\"grants\":[{\"origin\":\"https://a.jp\"",
            b"\xff",
            b"[]",
        ] {
            fs::write(folder.path().join("grants.json"), damaged).unwrap();
            assert!(!grants.holds(&origin).unwrap());
        }
        grants.give(&origin).unwrap();
        assert!(grants.holds(&origin).unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_the_file() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        Grants::in_folder(folder.path())
            .give(&Origin::parse("https://a.jp").unwrap())
            .unwrap();
        let mode = fs::metadata(folder.path().join("grants.json"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
