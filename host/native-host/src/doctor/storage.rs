//! Can this program keep its settings and logs?

use std::io;
use std::path::Path;

use super::finding::Observation;
use super::texts;
use crate::folders::Folders;

/// Looks at the folders without making them.
pub fn look(folders: &Folders) -> Vec<Observation> {
    let troubles: Vec<_> = [&folders.config, &folders.state]
        .into_iter()
        .filter_map(|folder| {
            let error = try_to_write(folder).err()?;
            let detail = format!("{}: {error}", folder.display());
            Some(texts::STORAGE_NOT_WRITABLE.seen().detail(&detail))
        })
        .collect();
    if troubles.is_empty() {
        vec![texts::STORAGE_GOOD.seen()]
    } else {
        troubles
    }
}

/// Where the folder is not there yet, it must be possible to make it.
fn try_to_write(folder: &Path) -> io::Result<()> {
    let existing = folder
        .ancestors()
        .find(|ancestor| ancestor.symlink_metadata().is_ok())
        .ok_or(io::ErrorKind::NotFound)?;
    tempfile::tempfile_in(existing).map(drop)
}
