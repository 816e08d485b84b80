//! Where things are on this computer, so that a test can be another computer.

use std::io;
use std::path::{Path, PathBuf};

use directories::BaseDirs;

/// The folders from which every other path here is told.
#[derive(Clone, Debug)]
pub struct Places {
    /// The person's home.
    pub home: PathBuf,
    /// Settings of programs: `~/.config`, `~/Library/Application Support`,
    /// `%APPDATA%`.
    pub config: PathBuf,
    /// Data of programs on this computer alone: `~/.local/share`,
    /// `~/Library/Application Support`, `%LOCALAPPDATA%`.
    pub local_data: PathBuf,
    /// The top of the file system.
    pub root: PathBuf,
}

/// A path below one of the [`Places`], with `/` on every system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "each system has its own")
)]
pub enum Under {
    /// Below the person's home.
    Home(&'static str),
    /// Below the settings of programs.
    Config(&'static str),
    /// Below the local data of programs.
    LocalData(&'static str),
    /// Below the top of the file system.
    Root(&'static str),
}

impl Places {
    /// The places of the person who runs this program; `None` without a home.
    pub fn of_user() -> Option<Self> {
        let base = BaseDirs::new()?;
        Some(Self {
            home: base.home_dir().to_owned(),
            config: base.config_dir().to_owned(),
            local_data: base.data_local_dir().to_owned(),
            root: root(),
        })
    }

    /// The path itself.
    pub fn resolve(&self, under: Under) -> PathBuf {
        let (base, path): (&Path, &str) = match under {
            Under::Home(path) => (&self.home, path),
            Under::Config(path) => (&self.config, path),
            Under::LocalData(path) => (&self.local_data, path),
            Under::Root(path) => (&self.root, path),
        };
        path.split('/')
            .fold(base.to_owned(), |folder, part| folder.join(part))
    }

    /// The first of these folders, and each other one whose parent is there.
    pub fn resolve_present(&self, folders: &[Under]) -> Vec<PathBuf> {
        folders
            .iter()
            .map(|&folder| self.resolve(folder))
            .enumerate()
            .filter(|(index, folder)| *index == 0 || folder.parent().is_some_and(Path::is_dir))
            .map(|(_, folder)| folder)
            .collect()
    }
}

#[cfg(not(windows))]
fn root() -> PathBuf {
    PathBuf::from("/")
}

#[cfg(windows)]
fn root() -> PathBuf {
    let drive = std::env::var("SystemDrive").unwrap_or_else(|_| "C:".to_owned());
    PathBuf::from(format!("{drive}\\"))
}

/// The file of the PKCS#11 module, which is beside this program.
pub const MODULE_FILE: &str = if cfg!(windows) {
    "kagibashi_pkcs11.dll"
} else if cfg!(target_os = "macos") {
    "libkagibashi_pkcs11.dylib"
} else {
    "libkagibashi_pkcs11.so"
};

/// This program's file, without links on the way.
pub fn this_program() -> io::Result<PathBuf> {
    let program = in_its_place(std::env::current_exe()?).canonicalize()?;
    Ok(plain(program))
}

/// An update while the browser is open takes the file away from under the
/// running program, and Linux then adds words to its name; the new one lies in
/// its place.
fn in_its_place(program: PathBuf) -> PathBuf {
    match program
        .to_str()
        .and_then(|path| path.strip_suffix(" (deleted)"))
    {
        Some(path) if !program.exists() => PathBuf::from(path),
        _ => program,
    }
}

#[cfg(not(windows))]
fn plain(path: PathBuf) -> PathBuf {
    path
}

/// Browsers do not start `\\?\C:\...`, which is what canonical paths look like.
#[cfg(windows)]
fn plain(path: PathBuf) -> PathBuf {
    match path.to_str().and_then(|text| text.strip_prefix(r"\\?\")) {
        Some(text) if !text.starts_with("UNC") => PathBuf::from(text),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::in_its_place;
    use std::path::PathBuf;

    #[test]
    fn finds_the_program_that_an_update_has_put_in_place_of_the_running_one() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("kagibashi");
        let gone = folder.path().join("kagibashi (deleted)");
        assert_eq!(in_its_place(program.clone()), program);
        assert_eq!(in_its_place(gone.clone()), program);
        // Somebody's file may be called so.
        std::fs::write(&gone, "").unwrap();
        assert_eq!(in_its_place(gone.clone()), gone);
        assert_eq!(in_its_place(PathBuf::new()), PathBuf::new());
    }
}
