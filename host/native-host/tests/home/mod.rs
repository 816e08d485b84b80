//! A person's home for the program to work in.

#![allow(dead_code, reason = "each test uses its part")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A home, and the service that its person's programs talk to.
pub struct Home {
    folder: TempDir,
    programs: TempDir,
    /// `PCSCLITE_CSOCK_NAME`
    pub pcscd: PathBuf,
    language: &'static str,
}

impl Home {
    /// An empty one, without a smart card service.
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            programs: programs(),
            pcscd: PathBuf::from("/nonexistent/pcscd.comm"),
            language: "ja_JP.UTF-8",
        }
    }

    /// One where Chromium was started and has our extension.
    pub fn with_chromium() -> Self {
        let home = Self::new();
        let identity: Value =
            serde_json::from_str(include_str!("../../../../manifests/identity.json")).unwrap();
        let id = identity["chromiumId"].as_str().unwrap();
        let entry = json!({"location": 4, "path": "/extension", "disable_reasons": []});
        let preferences = json!({"extensions": {"settings": {id: entry}}});
        home.write(".config/chromium/Local State", "{}");
        home.write(
            ".config/chromium/Default/Preferences",
            &preferences.to_string(),
        );
        home
    }

    /// The same person, speaking English.
    pub fn in_english(self) -> Self {
        Self {
            language: "en_GB.UTF-8",
            ..self
        }
    }

    /// The program, where it was put for this person.
    pub fn program(&self) -> PathBuf {
        self.programs.path().join("kagibashi")
    }

    /// Runs the program.
    pub fn run(&self, arguments: &[&str]) -> Output {
        Command::new(self.program())
            .args(arguments)
            .env("HOME", self.folder.path())
            .env("LC_ALL", self.language)
            .env("PCSCLITE_CSOCK_NAME", &self.pcscd)
            .env_remove("XDG_RUNTIME_DIR")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_STATE_HOME")
            .output()
            .unwrap()
    }

    /// Runs a command that succeeds, and gives what it printed.
    pub fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// A path in the home.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Writes a file and the folders above it.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Reads a file.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// All files and folders, relative to the home.
    pub fn listing(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        self.walk(self.folder.path(), &mut all);
        all
    }

    fn walk(&self, folder: &Path, all: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let relative = path.strip_prefix(self.folder.path()).unwrap();
            all.insert(relative.to_str().unwrap().to_owned());
            if path.is_dir() {
                self.walk(&path, all);
            }
        }
    }
}

/// The program with a module beside it, as a package lays them down: whether
/// the real one has been built by now is cargo's business.
fn programs() -> TempDir {
    const A_LIBRARY: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";
    let built = Path::new(env!("CARGO_BIN_EXE_kagibashi"));
    let folder = tempfile::tempdir_in(built.parent().unwrap()).unwrap();
    fs::hard_link(built, folder.path().join("kagibashi")).unwrap();
    fs::copy(A_LIBRARY, folder.path().join("libkagibashi_pkcs11.so")).unwrap();
    folder
}
