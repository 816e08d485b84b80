//! Which folders the installer has made, so that the uninstaller takes away
//! those and no others.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::browsers::Scope;
use super::files;

const FILE: &str = "installed.json";

/// The folders made for one [`Scope`].
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
}

impl Receipt {
    /// Reads the receipt that is kept in a folder of ours. One that is missing
    /// or damaged lists nothing: then folders stay, which harms nobody.
    pub fn read(folder: &Path, scope: Scope) -> Self {
        let kept = fs::read(folder.join(FILE))
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default();
        Self { folder: folder.to_owned(), scope, kept }
    }

    /// Adds folders that were made, before anything is put into them.
    pub fn add(&mut self, made: Vec<PathBuf>) -> io::Result<()> {
        if made.is_empty() {
            return Ok(());
        }
        self.kept.folders.extend(made);
        self.kept.folders.extend(files::make_folder(&self.folder, self.scope)?);
        self.write()
    }

    /// Removes the listed folders that are empty now, and the receipt itself
    /// when none but its own are left.
    pub fn redeem(mut self) -> io::Result<()> {
        let own = |folder: &PathBuf| self.folder.starts_with(folder);
        let others: Vec<PathBuf> =
            self.kept.folders.iter().filter(|folder| !own(folder)).cloned().collect();
        let left: BTreeSet<PathBuf> = others
            .into_iter()
            .rev()
            .filter(|folder| !files::remove_empty_folder(folder))
            .collect();
        if left.is_empty() {
            files::remove(&self.folder.join(FILE))?;
            for folder in self.kept.folders.iter().rev() {
                files::remove_empty_folder(folder);
            }
            return Ok(());
        }
        self.kept.folders.retain(|folder| left.contains(folder) || self.folder.starts_with(folder));
        self.write()
    }

    fn write(&self) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(&self.kept)?;
        text.push('\n');
        files::write(&self.folder.join(FILE), &text)
    }
}
