//! Computers for tests, with Linux on them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::folders::Folders;
use crate::install::places::Places;
use crate::install::{
    Computer, Deed, InstallArgs, InstallError, Report, UninstallArgs, install, uninstall,
};
use crate::language::Language;

/// A computer in a temporary folder.
pub struct MadeUp {
    folder: tempfile::TempDir,
    pub computer: Computer,
}

impl MadeUp {
    /// A computer with these files.
    pub fn with(files: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home/山田");
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "\x7fELF").unwrap();
        }
        fs::create_dir_all(&home).unwrap();
        let computer = Computer {
            places: Places {
                config: home.join(".config"),
                local_data: home.join(".local/share"),
                home: home.clone(),
                root: folder.path().to_owned(),
            },
            folders: Folders {
                config: home.join(".config/kagibashi"),
                state: home.join(".local/state/kagibashi"),
            },
            program: PathBuf::from("/opt/鍵橋/kagibashi"),
        };
        Self { folder, computer }
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), text).unwrap();
    }

    pub fn install(&self, arguments: &InstallArgs) -> Result<Report, InstallError> {
        install(
            arguments,
            &self.computer,
            &mut Vec::new(),
            Language::Japanese,
        )
    }

    pub fn uninstall(&self, arguments: &UninstallArgs) -> Report {
        uninstall(
            arguments,
            &self.computer,
            &mut Vec::new(),
            Language::English,
        )
        .unwrap()
    }

    pub fn listing(&self) -> BTreeSet<PathBuf> {
        fn walk(folder: &Path, all: &mut BTreeSet<PathBuf>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                all.insert(path.clone());
                if path.is_dir() {
                    walk(&path, all);
                }
            }
        }
        let mut all = BTreeSet::new();
        walk(self.folder.path(), &mut all);
        all
    }

    pub fn deeds(&self, report: &Report) -> Vec<(PathBuf, Deed)> {
        let relative = |path: &Path| path.strip_prefix(self.folder.path()).unwrap().to_owned();
        report
            .entries
            .iter()
            .map(|entry| (relative(&entry.file), entry.deed.clone()))
            .collect()
    }
}
