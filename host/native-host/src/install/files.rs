//! Files and folders, written so that they can be taken back.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::browsers::Scope;

/// Makes a folder and those above it, or none at all. Says which were made, the
/// uppermost first.
pub fn make_folder(folder: &Path, scope: Scope) -> io::Result<Vec<PathBuf>> {
    let mut missing: Vec<&Path> = folder
        .ancestors()
        .take_while(|ancestor| !ancestor.is_dir())
        .collect();
    missing.reverse();
    let mut made = Vec::new();
    for folder in missing {
        let outcome = match fs::create_dir(folder) {
            Ok(()) => {
                made.push(folder.to_owned());
                set_mode(folder, folder_mode(scope))
            }
            // Somebody else was quicker, a browser at its first start perhaps.
            Err(_) if folder.is_dir() => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            take_back(&made);
            return Err(error);
        }
    }
    Ok(made)
}

/// Removes folders that were made, the uppermost first in the list, unless
/// somebody has put something into them.
pub fn take_back(made: &[PathBuf]) {
    for folder in made.iter().rev() {
        remove_empty_folder(folder);
    }
}

/// Writes a file that anybody may read, at once as a whole: no reader ever sees
/// half of it, and no power cut leaves half of it.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    write_with_mode(path, content, 0o644)
}

/// Writes a file that is not ours alone, as [`write`] does. One that is there
/// keeps its mode, and a link to it stays a link; a new one is its person's
/// alone.
pub fn write_shared(path: &Path, content: &[u8]) -> io::Result<()> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mode = mode_of(&path).unwrap_or(0o600);
    write_with_mode(&path, content, mode)
}

fn write_with_mode(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut file = tempfile::Builder::new()
        .prefix(".kagibashi")
        .tempfile_in(folder)?;
    file.write_all(content)?;
    set_mode(file.path(), mode)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Removes a file; false when there was none.
pub fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes a folder if nothing is in it; whether it is gone.
pub fn remove_empty_folder(folder: &Path) -> bool {
    match fs::remove_dir(folder) {
        Ok(()) => true,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// A browser makes its settings for its person alone, so what is made before it
/// must be no more open. What is for everybody must be readable whatever the
/// administrator's umask is.
fn folder_mode(scope: Scope) -> u32 {
    match scope {
        Scope::User => 0o700,
        Scope::System => 0o755,
    }
}

#[cfg(unix)]
fn mode_of(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;

    Some(fs::metadata(path).ok()?.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn mode_of(_: &Path) -> Option<u32> {
    None
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_were_made_are_named_and_can_be_removed_again() {
        let home = tempfile::tempdir().unwrap();
        let deep = home.path().join("a/b/c");
        fs::create_dir(home.path().join("a")).unwrap();
        let made = make_folder(&deep, Scope::User).unwrap();
        assert_eq!(made, [home.path().join("a/b"), deep.clone()]);
        assert!(
            make_folder(&deep, Scope::User).unwrap().is_empty(),
            "it was there"
        );
        assert!(!remove_empty_folder(&made[0]), "it is not empty");
        assert!(remove_empty_folder(&made[1]) && remove_empty_folder(&made[0]));
        assert!(remove_empty_folder(&deep), "it is gone already");

        // No name is that long: what was made on the way goes again.
        let never = home.path().join("a/b").join("c".repeat(300));
        assert!(make_folder(&never, Scope::User).is_err());
        assert!(!home.path().join("a/b").exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_readable_by_all_and_replaced_as_a_whole() {
        use std::os::unix::fs::PermissionsExt;

        let home = tempfile::tempdir().unwrap();
        let elsewhere = home.path().join("elsewhere");
        let path = home.path().join("manifest.json");
        fs::write(&elsewhere, "old").unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(
            fs::read_to_string(&elsewhere).unwrap(),
            "old",
            "no writing through a link"
        );
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o644
        );
        let link = home.path().join("link");
        std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
        fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o640)).unwrap();
        write_shared(&link, b"shared").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "shared");
        assert_eq!(mode_of(&elsewhere), Some(0o640));
        write_shared(&home.path().join("new"), b"").unwrap();
        assert_eq!(mode_of(&home.path().join("new")), Some(0o600));
        assert_eq!(
            fs::read_dir(home.path()).unwrap().count(),
            4,
            "no temporary file stays"
        );
        assert!(write(&home.path().join("none/manifest.json"), b"new").is_err());
    }
}
