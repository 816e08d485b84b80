//! A card in a private pcscd, and Debian's OpenSC to judge it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "each test uses its part")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use kagibashi_card_simulator::pcscd::{PrivatePcscd, SOCKET_VARIABLE};
use kagibashi_card_simulator::vpcd::Reader;
use kagibashi_card_simulator::{Card, Mode};
use tempfile::TempDir;

/// OpenSC's 3DES needs single DES, which OpenSSL 3 keeps in its legacy provider.
const LEGACY_PROVIDER: &str = "\
openssl_conf = start
[start]
providers = providers
[providers]
default = active
legacy = active
[active]
activate = 1
";

/// A test's own reader, card and folder.
pub struct Bench {
    pub reader: Reader,
    directory: TempDir,
    mode: Mode,
    pcscd: PrivatePcscd,
}

/// What a program did.
#[derive(Debug)]
pub struct Finished {
    pub line: String,
    pub success: bool,
    /// stdout, then stderr.
    pub output: String,
}

impl Finished {
    /// Fails the test unless the program succeeded.
    #[track_caller]
    pub fn succeeded(self) -> Finished {
        assert!(self.success, "{} failed:\n{}", self.line, self.output);
        self
    }

    /// Fails the test unless the program failed and said this.
    #[track_caller]
    pub fn failed_saying(self, text: &str) {
        assert!(!self.success, "{} succeeded:\n{}", self.line, self.output);
        assert!(
            self.output.contains(text),
            "{} did not say {text:?}:\n{}",
            self.line,
            self.output
        );
    }

    /// Fails the test unless the program said all of this, in this order.
    #[track_caller]
    pub fn said(self, texts: &[&str]) -> Finished {
        let mut rest = self.output.as_str();
        for text in texts {
            let Some(index) = rest.find(text) else {
                panic!(
                    "{} did not say {text:?} in its place:\n{}",
                    self.line, self.output
                )
            };
            rest = &rest[index + text.len()..];
        }
        self
    }
}

impl Bench {
    /// Plugs the card in.
    pub fn with(card: Card) -> Bench {
        let mode = card.settings().mode;
        let pcscd = PrivatePcscd::start().unwrap();
        let reader = pcscd.insert(Arc::new(Mutex::new(card))).unwrap();
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("legacy.cnf"), LEGACY_PROVIDER).unwrap();
        Bench {
            reader,
            directory,
            mode,
            pcscd,
        }
    }

    /// Runs a program in the test's folder; its arguments contain no blanks. Fails the
    /// test if it is not installed or takes more than a minute.
    #[track_caller]
    pub fn run(&self, line: &str) -> Finished {
        let output = self.command(line).output().unwrap();
        assert_ne!(
            output.status.code(),
            Some(127),
            "{line}: the program is missing, install it (Debian: apt-get install opensc openssl)"
        );
        assert_ne!(
            output.status.code(),
            Some(124),
            "{line} took more than a minute"
        );
        Finished {
            line: line.to_owned(),
            success: output.status.success(),
            output: String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        }
    }

    /// The same, not yet started.
    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new("timeout");
        command
            .arg("60")
            .args(line.split_whitespace())
            .current_dir(self.directory.path())
            .env(SOCKET_VARIABLE, self.pcscd.socket())
            // No cache of an earlier card, no settings of whoever runs the tests.
            .env("HOME", self.directory.path())
            .env("XDG_CACHE_HOME", self.directory.path())
            .env("LC_ALL", "C.UTF-8");
        if self.mode == Mode::TripleDes && !line.starts_with("openssl") {
            command.env("OPENSSL_CONF", self.path("legacy.cnf"));
        }
        command
    }

    /// A file in the test's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file into the test's folder.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Fails the test unless `signature` is one over `message` (both files) by the key of
    /// `certificate`, with the padding `pkcs1` or `pss`.
    #[track_caller]
    pub fn check_signature(&self, certificate: &str, signature: &str, padding: &str) {
        self.run(&format!(
            "openssl x509 -in {certificate} -noout -pubkey -out {certificate}.key"
        ))
        .succeeded();
        self.check_signature_by_key(&format!("{certificate}.key"), signature, padding);
    }

    /// The same for a public key in PEM.
    #[track_caller]
    pub fn check_signature_by_key(&self, key: &str, signature: &str, padding: &str) {
        self.run(&format!(
            "openssl dgst -sha256 -sigopt rsa_padding_mode:{padding} -verify {key} -signature {signature} message"
        ))
        .succeeded()
        .said(&["Verified OK"]);
    }
}
