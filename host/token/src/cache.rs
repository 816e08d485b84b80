//! What is public on tokens, in files: certificates are slow to read and change seldom.
//!
//! Kept are contents of files on the token, by its serial number. They hold nothing secret, but say
//! who somebody is: only their owner may read them. A driver believes them only after it has asked the
//! token what changes when that is rewritten.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use kagibashi_card::scp01::Mode;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::layout::Layout;

/// Grows with every change that an older program would misread.
const VERSION: u32 = 1;

/// More tokens are not kept: the one that was noted longest ago goes.
const TOKENS_MAX: usize = 16;

/// A longer file is none of ours, and none that long is written.
const FILE_MAX: u64 = 512 * 1024;

const PREFIX: &str = "token-";
const SUFFIX: &str = ".json";

/// A folder of notes, one file for each token.
#[derive(Clone, Debug)]
pub struct PublicCache {
    folder: PathBuf,
}

/// What is noted of one token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// Answer to reset.
    pub atr: Vec<u8>,
    /// In upper-case hexadecimal.
    pub serial: String,
    pub layout: Layout,
    pub mode: Option<Mode>,
    /// Contents by file identifier, as far as they were read.
    pub files: HashMap<u16, Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    atr: String,
    serial: String,
    layout: Layout,
    mode: WrittenMode,
    files: BTreeMap<u16, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum WrittenMode {
    Unprotected,
    Aes,
    Cmac,
    TripleDes,
}

impl PublicCache {
    /// Notes in that folder, which need not be there yet.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Removes all notes.
    pub fn clear(&self) {
        for (_, file) in self.notes() {
            drop(fs::remove_file(file));
        }
    }

    /// What is noted of tokens with this answer to reset. A file that cannot be read or understood
    /// is none.
    pub(crate) fn find(&self, atr: &[u8]) -> Vec<Note> {
        let notes = self.notes().into_iter();
        notes
            .filter_map(|(_, file)| parse(&read(&file).ok()?))
            .filter(|note| note.atr == atr)
            .collect()
    }

    /// Notes a token, in the place of what was noted of it before. Without a place for it the token
    /// is read anew each time.
    pub(crate) fn keep(&self, note: &Note) {
        let written = Written::from(note);
        let Ok(json) = serde_json::to_vec(&written) else {
            return;
        };
        let sealed = seal(&json);
        if sealed.len() as u64 > FILE_MAX {
            return;
        }
        let name = hex::encode(&Sha256::digest(&note.serial)[..16]);
        let file = self.folder.join(format!("{PREFIX}{name}{SUFFIX}"));
        if let Err(error) = self.replace(&file, &sealed) {
            tracing::warn!(%error, "what is public on the token cannot be noted");
        }
        let mut notes = self.notes();
        notes.sort();
        let superfluous = notes.len().saturating_sub(TOKENS_MAX);
        for (_, oldest) in notes.into_iter().take(superfluous) {
            drop(fs::remove_file(oldest));
        }
    }

    fn replace(&self, file: &Path, content: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        // Readable by its owner alone: tempfile's own mode is 0600.
        let mut new = tempfile::NamedTempFile::new_in(&self.folder)?;
        new.write_all(content)?;
        new.persist(file).map(drop).map_err(|error| error.error)
    }

    /// The files, and when each was written.
    fn notes(&self) -> Vec<(std::time::SystemTime, PathBuf)> {
        let Ok(folder) = fs::read_dir(&self.folder) else {
            return Vec::new();
        };
        folder
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let name = entry.file_name().into_string().ok()?;
                let ours = name.starts_with(PREFIX) && name.ends_with(SUFFIX);
                let written = entry.metadata().ok()?.modified().ok()?;
                ours.then(|| (written, entry.path()))
            })
            .collect()
    }
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(FILE_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A line with the digest of what follows: a disk that forgets must not show another certificate.
fn seal(json: &[u8]) -> Vec<u8> {
    let digest = hex::encode(Sha256::digest(json));
    [digest.as_bytes(), b"\n", json].concat()
}

fn parse(sealed: &[u8]) -> Option<Note> {
    let end = sealed.iter().position(|&byte| byte == b'\n')?;
    let json = &sealed[end + 1..];
    (seal(json) == sealed).then_some(())?;
    let written: Written = serde_json::from_slice(json).ok()?;
    (written.version == VERSION).then_some(())?;
    let contents = |(file, hex): (u16, String)| Some((file, hex::decode(hex).ok()?));
    Some(Note {
        atr: hex::decode(written.atr).ok()?,
        serial: written.serial,
        layout: written.layout,
        mode: match written.mode {
            WrittenMode::Unprotected => None,
            WrittenMode::Aes => Some(Mode::Aes),
            WrittenMode::Cmac => Some(Mode::Cmac),
            WrittenMode::TripleDes => Some(Mode::TripleDes),
        },
        files: written
            .files
            .into_iter()
            .map(contents)
            .collect::<Option<_>>()?,
    })
}

impl From<&Note> for Written {
    fn from(note: &Note) -> Self {
        let files = note.files.iter();
        Self {
            version: VERSION,
            atr: hex::encode(&note.atr),
            serial: note.serial.clone(),
            layout: note.layout,
            mode: match note.mode {
                None => WrittenMode::Unprotected,
                Some(Mode::Aes) => WrittenMode::Aes,
                Some(Mode::Cmac) => WrittenMode::Cmac,
                Some(Mode::TripleDes) => WrittenMode::TripleDes,
            },
            files: files
                .map(|(&file, contents)| (file, hex::encode(contents)))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(serial: &str) -> Note {
        Note {
            atr: vec![0x3B, 0x9F],
            serial: serial.to_owned(),
            layout: Layout::Espk,
            mode: Some(Mode::Cmac),
            files: HashMap::from([(0x6F01, vec![1, 2, 3]), (0x2420, Vec::new())]),
        }
    }

    #[test]
    fn what_was_noted_is_found_by_its_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("state");
        let cache = PublicCache::in_folder(&folder);
        assert_eq!(cache.find(&[0x3B, 0x9F]), []);
        cache.keep(&note("01"));
        cache.keep(&Note {
            files: HashMap::new(),
            ..note("01")
        });
        cache.keep(&note("01"));
        assert_eq!(cache.find(&[0x3B, 0x9F]), [note("01")]);
        assert_eq!(cache.find(&[0x3B]), []);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let (_, file) = &cache.notes()[0];
            let mode = fs::metadata(file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(folder.join("token.json"), "not ours").unwrap();
        cache.clear();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let home = tempfile::tempdir().unwrap();
        let cache = PublicCache::in_folder(home.path());
        for serial in 0..40 {
            cache.keep(&note(&serial.to_string()));
        }
        let kept = cache.find(&[0x3B, 0x9F]);
        assert_eq!(kept.len(), TOKENS_MAX);
        assert!(kept.iter().any(|note| note.serial == "39"));
        let huge = vec![0; usize::try_from(FILE_MAX).unwrap()];
        cache.keep(&Note {
            files: HashMap::from([(1, huge)]),
            ..note("huge")
        });
        let kept = cache.find(&[0x3B, 0x9F]);
        assert!(kept.iter().all(|note| note.serial != "huge"));
    }

    #[test]
    fn a_damaged_note_is_none() {
        let home = tempfile::tempdir().unwrap();
        let cache = PublicCache::in_folder(home.path());
        cache.keep(&note("01"));
        let (_, file) = cache.notes().remove(0);
        let whole = fs::read_to_string(&file).unwrap();
        for cut in 0..whole.len() {
            fs::write(&file, &whole[..cut]).unwrap();
            assert_eq!(cache.find(&[0x3B, 0x9F]), [], "cut at {cut}");
        }
        let json = whole.split_once('\n').unwrap().1;
        for (before, after) in [
            ("\"version\":1", "\"version\":2"),
            ("010203", "01020"),
            ("010203", "01020x"),
            ("cmac", "rot13"),
            ("\"serial\"", "\"other\""),
        ] {
            let altered = json.replacen(before, after, 1);
            assert_ne!(altered, json);
            fs::write(&file, seal(altered.as_bytes())).unwrap();
            assert_eq!(cache.find(&[0x3B, 0x9F]), [], "{after}");
        }
        cache.keep(&note("01"));
        assert_eq!(cache.find(&[0x3B, 0x9F]), [note("01")]);
    }
}
