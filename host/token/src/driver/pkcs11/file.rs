//! Which files are loaded as modules. A module runs with the rights of the person: whoever can write
//! its file could run anything.

#[cfg(any(windows, test))]
mod access_list;

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Why a file is not loaded as a module.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileRefusal {
    /// The path is relative: what it means depends on where a program was started.
    #[error("the path is not absolute")]
    Relative,
    /// There is nothing, or nothing that may be read.
    #[error("the file can't be read: {0}")]
    Unreadable(String),
    /// A folder, a pipe, or a device.
    #[error("it is not a regular file")]
    NotRegular,
    /// Not what this system loads: ELF on Linux, PE on Windows, Mach-O on macOS.
    #[error("it is not a shared library of this system")]
    NotLibrary,
    /// Others than its owner can write the file or a folder above it.
    #[error("others can change {}", .0.display())]
    Writable(PathBuf),
    /// The file or its folder belongs to somebody else than this person and the system.
    #[error("{} belongs to another person", .0.display())]
    Foreign(PathBuf),
    /// It is our own module.
    #[error("it is the module of Kagibashi itself")]
    OurOwn,
}

/// What somebody might do to have another file loaded.
#[cfg(any(windows, test))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// Write into this file.
    File,
    /// Put another file into its folder: in its place, or one that it needs.
    Folder,
    /// Put another folder in the place of one of these.
    FolderAbove,
}

/// How our own module's file is called on every system.
const OUR_OWN: &str = "kagibashi_pkcs11";

/// Looks at a file before it is loaded, and says what it really is: the file that the path leads to.
pub fn check(path: &Path) -> Result<PathBuf, FileRefusal> {
    if !path.is_absolute() {
        return Err(FileRefusal::Relative);
    }
    let unreadable = |error: std::io::Error| FileRefusal::Unreadable(error.to_string());
    let real = fs::canonicalize(path).map_err(unreadable)?;
    let metadata = fs::metadata(&real).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(FileRefusal::NotRegular);
    }
    for name in [path, &real] {
        let name = name.file_name().unwrap_or_default().to_string_lossy();
        if name.to_ascii_lowercase().contains(OUR_OWN) {
            return Err(FileRefusal::OurOwn);
        }
    }
    let mut start = Vec::new();
    File::open(&real)
        .and_then(|file| file.take(4).read_to_end(&mut start))
        .map_err(unreadable)?;
    if !is_library(&start) {
        return Err(FileRefusal::NotLibrary);
    }
    rights::check(&real)?;
    // A link is as good as its target: whoever can turn it elsewhere chooses what is loaded.
    rights::check_folders(path)?;
    Ok(real)
}

#[cfg(windows)]
fn is_library(start: &[u8]) -> bool {
    start.starts_with(b"MZ")
}

#[cfg(target_os = "macos")]
fn is_library(start: &[u8]) -> bool {
    // One architecture in either byte order, or several in one file.
    const STARTS: [[u8; 4]; 3] = [
        [0xCF, 0xFA, 0xED, 0xFE],
        [0xFE, 0xED, 0xFA, 0xCF],
        [0xCA, 0xFE, 0xBA, 0xBE],
    ];
    STARTS.iter().any(|known| start == known)
}

#[cfg(not(any(windows, target_os = "macos")))]
fn is_library(start: &[u8]) -> bool {
    start == b"\x7fELF"
}

#[cfg(unix)]
mod rights {
    use std::fs::{self, Metadata};
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    use super::FileRefusal;

    const GROUP_OR_OTHERS: u32 = 0o022;
    const OTHERS: u32 = 0o002;
    /// In such a folder everybody can make files, but nobody replace those of others.
    const STICKY: u32 = 0o1000;

    pub fn check(file: &Path) -> Result<(), FileRefusal> {
        let metadata = look(file)?;
        refuse_if(metadata.mode() & GROUP_OR_OTHERS != 0, file)?;
        check_owner(&metadata, file)?;
        check_folders(file)
    }

    /// Whoever can write a folder can put another file, or folder, in the place of this one.
    pub fn check_folders(file: &Path) -> Result<(), FileRefusal> {
        let mut folders = file.ancestors().skip(1);
        if let Some(folder) = folders.next() {
            let metadata = look(folder)?;
            refuse_if(metadata.mode() & GROUP_OR_OTHERS != 0, folder)?;
            check_owner(&metadata, folder)?;
        }
        for folder in folders {
            let mode = look(folder)?.mode();
            refuse_if(mode & OTHERS != 0 && mode & STICKY == 0, folder)?;
        }
        Ok(())
    }

    fn refuse_if(writable: bool, path: &Path) -> Result<(), FileRefusal> {
        if writable {
            return Err(FileRefusal::Writable(path.to_owned()));
        }
        Ok(())
    }

    fn check_owner(metadata: &Metadata, path: &Path) -> Result<(), FileRefusal> {
        let me = rustix::process::geteuid().as_raw();
        if metadata.uid() == 0 || metadata.uid() == me {
            return Ok(());
        }
        Err(FileRefusal::Foreign(path.to_owned()))
    }

    fn look(path: &Path) -> Result<Metadata, FileRefusal> {
        fs::metadata(path).map_err(|error| FileRefusal::Unreadable(error.to_string()))
    }
}

#[cfg(windows)]
mod rights {
    use std::path::Path;

    use kagibashi_vendor_module::file_security::security_of;
    use winsafe::{ConvertSidToStringSid, HPROCESS, TokenInfo, co};

    use super::access_list::AccessList;
    use super::{Change, FileRefusal};

    pub fn check(file: &Path) -> Result<(), FileRefusal> {
        refuse_if_others_can(Change::File, file)?;
        check_folders(file)
    }

    pub fn check_folders(file: &Path) -> Result<(), FileRefusal> {
        let mut folders = file.ancestors().skip(1);
        if let Some(folder) = folders.next() {
            refuse_if_others_can(Change::Folder, folder)?;
        }
        folders.try_for_each(|folder| refuse_if_others_can(Change::FolderAbove, folder))
    }

    fn refuse_if_others_can(change: Change, path: &Path) -> Result<(), FileRefusal> {
        let unreadable = |error: std::io::Error| FileRefusal::Unreadable(error.to_string());
        let me = own_identifier()
            .ok_or_else(|| FileRefusal::Unreadable("whose it is can't be told".into()))?;
        let security = security_of(path).map_err(unreadable)?;
        let list = AccessList::parse(&security)
            .ok_or_else(|| FileRefusal::Unreadable(security.clone()))?;
        if list.lets_others(change, &me) {
            return Err(FileRefusal::Writable(path.to_owned()));
        }
        // A folder above may be anybody's who can't change what is in it.
        if change != Change::FolderAbove && !list.is_owned_by(&me) {
            return Err(FileRefusal::Foreign(path.to_owned()));
        }
        Ok(())
    }

    /// Of the person whose process this is: `S-1-5-21-…`.
    fn own_identifier() -> Option<String> {
        let process = HPROCESS::GetCurrentProcess();
        let token = process.OpenProcessToken(co::TOKEN::QUERY).ok()?;
        let user = token.GetTokenInformation(co::TOKEN_INFORMATION_CLASS::User);
        let TokenInfo::User(user) = user.ok()? else {
            return None;
        };
        ConvertSidToStringSid(user.User.Sid()?).ok()
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn library(folder: &Path, name: &str) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, b"\x7fELF and more").unwrap();
        path
    }

    fn allow(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_others_can_change_is_not_loaded() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("lib");
        fs::create_dir(&folder).unwrap();
        allow(&folder, 0o755);
        let path = library(&folder, "vendor.so");
        allow(&path, 0o644);
        let real = fs::canonicalize(&path).unwrap();
        assert_eq!(check(&path), Ok(real.clone()));
        for mode in [0o664, 0o646, 0o666] {
            allow(&path, mode);
            assert_eq!(check(&path), Err(FileRefusal::Writable(real.clone())));
        }
        allow(&path, 0o644);
        let real_folder = fs::canonicalize(&folder).unwrap();
        for mode in [0o775, 0o757, 0o1777] {
            allow(&folder, mode);
            assert_eq!(
                check(&path),
                Err(FileRefusal::Writable(real_folder.clone()))
            );
        }
        allow(&folder, 0o755);
        // Higher up, everybody may write if nobody can replace what is another's.
        allow(home.path(), 0o777);
        assert!(matches!(check(&path), Err(FileRefusal::Writable(_))));
        allow(home.path(), 0o1777);
        assert_eq!(check(&path), Ok(real));
    }

    #[test]
    fn a_link_is_looked_at_with_its_target() {
        let home = tempfile::tempdir().unwrap();
        let target = library(home.path(), "vendor.so.1");
        let open = home.path().join("open");
        fs::create_dir(&open).unwrap();
        allow(&open, 0o777);
        let link = open.join("vendor.so");
        symlink(&target, &link).unwrap();
        assert_eq!(check(&link), Err(FileRefusal::Writable(open.clone())));
        allow(&open, 0o755);
        assert_eq!(check(&link), Ok(fs::canonicalize(target).unwrap()));
    }

    #[test]
    fn what_is_no_module_is_refused_with_a_reason() {
        let home = tempfile::tempdir().unwrap();
        let text = home.path().join("text.so");
        fs::write(&text, "INPUT(libvendor.so.1)").unwrap();
        let ours = library(home.path(), "libkagibashi_pkcs11.so");
        let copied = home.path().join("innocent.so");
        symlink(&ours, &copied).unwrap();
        let cases: [(&Path, FileRefusal); 6] = [
            (Path::new("vendor.so"), FileRefusal::Relative),
            (Path::new("./vendor.so"), FileRefusal::Relative),
            (home.path(), FileRefusal::NotRegular),
            (&text, FileRefusal::NotLibrary),
            (&ours, FileRefusal::OurOwn),
            (&copied, FileRefusal::OurOwn),
        ];
        for (path, expected) in cases {
            assert_eq!(check(path), Err(expected), "{}", path.display());
        }
        let missing = check(&home.path().join("missing.so"));
        assert!(matches!(missing, Err(FileRefusal::Unreadable(_))));
    }
}

#[cfg(test)]
#[cfg(windows)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_ones_own_and_one_of_the_system_are_loaded() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("vendor.dll");
        fs::write(&path, "MZ and more").unwrap();
        assert_eq!(check(&path), Ok(fs::canonicalize(&path).unwrap()));
        let root = std::env::var_os("SystemRoot").unwrap();
        let of_system = Path::new(&root).join("System32").join("kernel32.dll");
        assert!(check(&of_system).is_ok(), "{:?}", check(&of_system));
        assert_eq!(check(Path::new("vendor.dll")), Err(FileRefusal::Relative));
        fs::write(&path, "text").unwrap();
        assert_eq!(check(&path), Err(FileRefusal::NotLibrary));
    }
}
