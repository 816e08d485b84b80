//! What the installer has made besides its own files, so that the uninstaller
//! takes away that and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::browsers::Scope;
use super::files;

const FILE: &str = "installed.json";

/// What was made for one [`Scope`].
#[derive(Debug)]
pub struct Receipt {
    folder: PathBuf,
    scope: Scope,
    kept: Kept,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// Sorted, so that each folder stands after those it is in.
    folders: BTreeSet<PathBuf>,
    /// Files for entries of others besides ours that were not there before.
    #[serde(default)]
    shared_files: BTreeSet<PathBuf>,
}

impl Receipt {
    /// Reads the receipt that is kept in a folder of ours. One that is missing
    /// or damaged lists nothing: then folders stay, which harms nobody.
    pub fn read(folder: &Path, scope: Scope) -> Self {
        let kept = fs::read(folder.join(FILE))
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default();
        Self {
            folder: folder.to_owned(),
            scope,
            kept,
        }
    }

    /// Adds folders that were made, before anything is put into them. They are
    /// taken back if they cannot be listed: nobody else would do it.
    pub fn add(&mut self, made: Vec<PathBuf>) -> io::Result<()> {
        if made.is_empty() {
            return Ok(());
        }
        let mut added = made;
        let listed = files::make_folder(&self.folder, self.scope).and_then(|own| {
            added.extend(own);
            self.kept.folders.extend(added.iter().cloned());
            self.write()
        });
        if listed.is_err() {
            files::take_back(&added);
            self.kept.folders.retain(|folder| !added.contains(folder));
        }
        listed
    }

    /// Adds a file for entries of others besides ours, before it is made.
    pub fn add_shared_file(&mut self, file: &Path) -> io::Result<()> {
        self.kept.shared_files.insert(file.to_owned());
        self.add(files::make_folder(&self.folder, self.scope)?)?;
        self.write()
    }

    /// Whether that file was not there before.
    pub fn has_shared_file(&self, file: &Path) -> bool {
        self.kept.shared_files.contains(file)
    }

    /// Removes the listed folders that are empty now. Once nothing else of ours
    /// is left, the receipt goes too: what is in the other folders is not ours.
    pub fn redeem(mut self, nothing_is_left: bool) -> io::Result<()> {
        let receipt = self.folder.join(FILE);
        if nothing_is_left {
            files::remove(&receipt)?;
        }
        let listed = self.kept.folders.len();
        // From below: a folder is empty once those in it are gone.
        let removed: Vec<PathBuf> = self
            .kept
            .folders
            .iter()
            .rev()
            .filter(|folder| files::remove_empty_folder(folder))
            .cloned()
            .collect();
        self.kept.folders.retain(|folder| !removed.contains(folder));
        if nothing_is_left || self.kept.folders.len() == listed {
            Ok(())
        } else {
            self.write()
        }
    }

    fn write(&self) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(&self.kept)?;
        text.push('\n');
        files::write(&self.folder.join(FILE), text.as_bytes())
    }
}
