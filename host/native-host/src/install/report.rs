//! What was done, file by file, told while it is done.

use std::io::Write;
use std::path::PathBuf;

use super::browsers::Location;
use super::error::InstallError;
use super::texts;
use crate::language::Language;

/// What was done.
#[derive(Debug, Default)]
pub struct Report {
    /// File by file.
    pub entries: Vec<Entry>,
}

/// What was done with one file.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// Who looks there, such as `Chromium`; empty for a folder that was named.
    pub browsers: String,
    /// The file.
    pub file: PathBuf,
    /// What was done.
    pub deed: Deed,
}

/// What was done with a file; in a rehearsal, what would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It was not there.
    Created,
    /// It had something else in it.
    Replaced {
        /// The program or module it named, or that it was damaged.
        previous: String,
    },
    /// It was right already.
    Unchanged,
    /// Other software's file has our file name.
    LeftForeign {
        /// The other software.
        name: String,
    },
    /// It is gone.
    Removed,
    /// Our entry was added to a file of others.
    Entered,
    /// Our entry was taken out of a file of others, which stays.
    TakenOut,
}

impl Deed {
    pub(super) fn changed(&self) -> bool {
        !matches!(self, Self::Unchanged | Self::LeftForeign { .. })
    }
}

impl Report {
    /// Whether anything is other than before.
    pub(super) fn changed(&self) -> bool {
        self.entries.iter().any(|entry| entry.deed.changed())
    }

    /// Notes and tells what was done at a place.
    pub(super) fn add(
        &mut self,
        location: &Location,
        deed: Deed,
        dry_run: bool,
        out: &mut dyn Write,
        language: Language,
    ) -> Result<(), InstallError> {
        let browsers = location.names();
        let entry = Entry {
            browsers,
            file: location.file.clone(),
            deed,
        };
        if !entry.browsers.is_empty() {
            say(out, &entry.browsers)?;
        }
        say(
            out,
            &format!("  {}", texts::entry(&entry, dry_run, language)),
        )?;
        self.entries.push(entry);
        Ok(())
    }
}

/// Tells a line.
pub(super) fn say(out: &mut dyn Write, line: &str) -> Result<(), InstallError> {
    writeln!(out, "{line}").map_err(InstallError::Output)
}
