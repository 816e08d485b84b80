//! One NSS database, changed by NSS's own program `certutil`: it takes the locks
//! that a running browser takes, too.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde::{Deserialize, Serialize};

use crate::install::certificate_databases::CERTIFICATES;

/// The files of a database that are its data.
const FILES: [&str; 2] = [CERTIFICATES, "key4.db"];

/// What was changed, and so what to undo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// The certificate is new in the database, under this nickname.
    Added { nickname: String },
    /// It was there, and less was trusted.
    Raised { nickname: String, before: String },
    /// It was there and trusted.
    None,
}

/// Why a database was not changed.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// There is no certutil.
    #[error("there is no certutil")]
    ToolMissing,
    /// certutil said no.
    #[error("certutil: {0}")]
    Refused(String),
    /// The files could not be reached.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A database as certutil gets to see it.
///
/// In its own folder there is a list of PKCS#11 modules as well, ours among
/// them, all of which certutil would start; the view has none.
pub struct Database {
    view: tempfile::TempDir,
}

/// A nickname and its trust flags.
type Entry = (String, String);

impl Database {
    /// Whether there is a database in that folder.
    pub fn is_in(folder: &Path) -> bool {
        folder.join(CERTIFICATES).is_file()
    }

    /// The database in that folder; it is made if there is none.
    pub fn open(folder: &Path) -> Result<Self, DatabaseError> {
        // The certutil of Windows is another program.
        if cfg!(windows) {
            return Err(DatabaseError::ToolMissing);
        }
        let database = Self {
            view: tempfile::tempdir()?,
        };
        if !Self::is_in(folder) {
            database.make_in(folder)?;
        }
        for name in FILES {
            let file = folder.join(name).canonicalize();
            match file {
                Ok(file) => link(&file, &database.view.path().join(name))?,
                // Older databases may have no keys.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(database)
    }

    fn make_in(&self, folder: &Path) -> Result<(), DatabaseError> {
        self.certutil([OsStr::new("-N"), OsStr::new("--empty-password")])?;
        fs::create_dir_all(folder)?;
        for name in FILES {
            let made = self.view.path().join(name);
            if !folder.join(name).exists() {
                let mut copy = tempfile::NamedTempFile::new_in(folder)?;
                copy.write_all(&fs::read(&made)?)?;
                copy.persist_noclobber(folder.join(name))
                    .map_err(|error| error.error)?;
            }
            fs::remove_file(made)?;
        }
        Ok(())
    }

    /// Has the certificate trusted for that, besides what it is trusted for
    /// already.
    pub fn trust(&self, der: &[u8], nickname: &str, flags: &str) -> Result<Change, DatabaseError> {
        let before = self.list()?;
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(der)?;
        let added = self.certutil([
            OsStr::new("-A"),
            OsStr::new("-n"),
            OsStr::new(nickname),
            OsStr::new("-t"),
            OsStr::new(flags),
            OsStr::new("-i"),
            file.path().as_os_str(),
        ]);
        let after = self.list()?;
        // A certificate that is there keeps the nickname that it has.
        let new = after.iter().find(|entry| !before.contains(entry));
        let change = match new {
            None => Change::None,
            Some((found, _)) if found == nickname => Change::Added {
                nickname: nickname.to_owned(),
            },
            Some((found, _)) => {
                let before = before.iter().find(|(name, _)| name == found);
                Change::Raised {
                    nickname: found.clone(),
                    before: before.map(|(_, flags)| flags.clone()).unwrap_or_default(),
                }
            }
        };
        let raised = added.and_then(|_| match &change {
            Change::Raised { nickname, before } => self.set(nickname, &union(before, flags)),
            Change::Added { .. } | Change::None => Ok(()),
        });
        if let Err(error) = raised {
            // A database with a password has the certificate now, untrusted.
            self.undo(&change)?;
            return Err(error);
        }
        Ok(change)
    }

    /// Undoes a change.
    pub fn undo(&self, change: &Change) -> Result<(), DatabaseError> {
        match change {
            Change::Added { nickname } => {
                let there = self.list()?.iter().any(|(name, _)| name == nickname);
                if !there {
                    return Ok(());
                }
                let delete = [OsStr::new("-D"), OsStr::new("-n"), OsStr::new(nickname)];
                self.certutil(delete).map(drop)
            }
            Change::Raised { nickname, before } => self.set(nickname, before),
            Change::None => Ok(()),
        }
    }

    fn set(&self, nickname: &str, flags: &str) -> Result<(), DatabaseError> {
        let arguments = ["-M", "-n", nickname, "-t", flags].map(OsStr::new);
        self.certutil(arguments).map(drop)
    }

    fn list(&self) -> Result<Vec<Entry>, DatabaseError> {
        let output = self.certutil([OsStr::new("-L")])?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().filter_map(entry).collect())
    }

    fn certutil<'a>(
        &self,
        arguments: impl IntoIterator<Item = &'a OsStr>,
    ) -> Result<Output, DatabaseError> {
        let password = self.view.path().join("no-password");
        fs::write(&password, "\n")?;
        let mut database = OsString::from("sql:");
        database.push(self.view.path());
        let output = Command::new("certutil")
            .args(arguments)
            .arg("-d")
            .arg(database)
            // Else it would ask a terminal that may be somebody's.
            .arg("-f")
            .arg(password)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => DatabaseError::ToolMissing,
                _ => error.into(),
            })?;
        if output.status.success() {
            Ok(output)
        } else {
            let errors = String::from_utf8_lossy(&output.stderr);
            Err(DatabaseError::Refused(errors.trim().to_owned()))
        }
    }
}

/// A line of `certutil -L`: nickname, spaces, flags.
fn entry(line: &str) -> Option<Entry> {
    let (nickname, flags) = line.trim_end().rsplit_once(char::is_whitespace)?;
    let nickname = nickname.trim_end();
    let is_entry = !nickname.is_empty() && flags.matches(',').count() == 2;
    is_entry.then(|| (nickname.to_owned(), flags.to_owned()))
}

/// What either of two sets of flags says.
fn union(one: &str, other: &str) -> String {
    let fields = one.split(',').zip(other.split(','));
    let united: Vec<String> = fields
        .map(|(one, other)| {
            let new = other.chars().filter(|flag| !one.contains(*flag));
            one.chars().chain(new).collect()
        })
        .collect();
    united.join(",")
}

#[cfg(unix)]
fn link(file: &Path, name: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(file, name)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_certutil() {
        let cases = [
            (
                "Kagibashi abc 山田                                         T,,  ",
                Some(("Kagibashi abc 山田", "T,,")),
            ),
            ("a, b, c   CT,C,c", Some(("a, b, c", "CT,C,c"))),
            ("x                      ,,   ", Some(("x", ",,"))),
            ("                       SSL,S/MIME,JAR/XPI", None),
            ("Certificate Nickname             Trust Attributes", None),
            ("", None),
        ];
        for (line, expected) in cases {
            let found = entry(line);
            let found = found.as_ref().map(|(a, b)| (a.as_str(), b.as_str()));
            assert_eq!(found, expected, "{line:?}");
        }
    }

    #[test]
    fn trust_is_added_and_not_replaced() {
        assert_eq!(union(",,", "CT,,"), "CT,,");
        assert_eq!(union("C,,p", "T,C,"), "CT,C,p");
    }
}
