//! A card in a file that is whole at every moment.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::card::Card;

/// Writes the card beside the file, makes sure it is on the disk, and puts it in the
/// file's place. Killed anywhere in between, the file holds the old card or the new one.
/// One writer at a time.
pub fn save(path: &Path, card: &Card) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let beside = PathBuf::from(name);
    let mut file = File::create(&beside)?;
    file.write_all(&serde_json::to_vec_pretty(card)?)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    sync_directory(path)
}

/// Reads a card that [`save`] wrote; `InvalidData` says what is wrong with it.
pub fn load(path: &Path) -> io::Result<Card> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

/// The new name must be on the disk as well. Only Unix can say so to a folder.
fn sync_directory(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}
