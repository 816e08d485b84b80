//! A person at a terminal, who adds modules.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::terminal;

/// A person's home, and what their programs find in the environment.
pub struct Person {
    home: TempDir,
    variables: Vec<(&'static str, OsString)>,
}

impl Person {
    /// Without a smart card service.
    pub fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        Self {
            home,
            variables: Vec::new(),
        }
        .with("PCSCLITE_CSOCK_NAME", "/nonexistent/pcscd.comm")
    }

    /// The same with a variable.
    pub fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value.into()));
        self
    }

    /// Where files of this person can be.
    pub fn folder(&self) -> &Path {
        self.home.path()
    }

    /// The program as a command.
    pub fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kagibashi"));
        command
            .env("HOME", self.folder())
            .env("XDG_CONFIG_HOME", self.config())
            .env("XDG_STATE_HOME", self.folder().join("state"))
            .env("XDG_RUNTIME_DIR", self.folder().join("run"))
            .env("LC_ALL", "C.UTF-8")
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    fn config(&self) -> PathBuf {
        self.folder().join("config")
    }

    /// The file of modules.
    pub fn modules_file(&self) -> PathBuf {
        self.config().join("kagibashi/modules.json")
    }

    /// Runs the program.
    pub fn run(&self, arguments: &[&str], stdin: &str) -> Output {
        terminal::run(self.program().args(arguments), stdin)
    }

    /// What a command printed that succeeded.
    pub fn done(&self, arguments: &[&str], stdin: &str) -> String {
        let output = self.run(arguments, stdin);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The same, as JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.done(arguments, "")).unwrap()
    }

    /// What a command that failed said, and its exit code.
    pub fn fails(&self, arguments: &[&str], stdin: &str) -> (String, i32) {
        let output = self.run(arguments, stdin);
        assert!(!output.status.success(), "{arguments:?}");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        (errors, output.status.code().unwrap())
    }
}
