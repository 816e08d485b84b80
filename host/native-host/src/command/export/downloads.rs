//! The person's folder for downloads, and new files in it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use directories::UserDirs;

/// How many files of one name there may be.
const NUMBERS: u32 = 1_000;

/// Where the system says that downloads go, else `Downloads` in the home.
/// `None` without a home.
pub fn folder() -> Option<PathBuf> {
    let user = UserDirs::new()?;
    let named = user.download_dir().map(Path::to_owned);
    Some(named.unwrap_or_else(|| user.home_dir().join("Downloads")))
}

/// Writes a file that was not there, all or nothing, and gives its path: one
/// that was there is left alone, and the new one gets a number.
pub fn write_new(folder: &Path, name: &str, ending: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".kagibashi");
    readable_by_others(&mut builder);
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    for number in 1..NUMBERS {
        let path = folder.join(match number {
            1 => format!("{name}.{ending}"),
            number => format!("{name} ({number}).{ending}"),
        });
        match file.persist_noclobber(&path) {
            Ok(_) => return Ok(path),
            Err(again) if again.error.kind() == io::ErrorKind::AlreadyExists => file = again.file,
            Err(error) => return Err(error.error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// As far as the person's umask allows, like any download.
#[cfg(unix)]
fn readable_by_others(builder: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;

    builder.permissions(fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn readable_by_others(_: &mut tempfile::Builder<'_, '_>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_overwritten_and_nothing_is_left_half() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("not there yet");
        let paths: Vec<PathBuf> = ["a", "b", "c"]
            .map(|text| write_new(&folder, "山田", "pem", text.as_bytes()).unwrap())
            .into();
        let names = ["山田.pem", "山田 (2).pem", "山田 (3).pem"].map(|name| folder.join(name));
        assert_eq!(paths, names);
        assert_eq!(fs::read_to_string(&names[0]).unwrap(), "a");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);
        let file = folder.join("山田.pem/below a file");
        assert!(write_new(&file, "x", "pem", b"").is_err());
        assert!(write_new(&folder, "no/such", "pem", b"").is_err());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);
    }
}
