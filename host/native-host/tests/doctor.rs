//! `kagibashi doctor`, by the real program on real parts: a private pcscd, a
//! software token, a home of the test's.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod home;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use home::Home;
use kagibashi_card_simulator::pcscd::PrivatePcscd;
use kagibashi_card_simulator::personalise::{self, Request};
use kagibashi_card_simulator::vpcd::Reader;
use kagibashi_card_simulator::{Card, Settings};
use serde_json::Value;

const CHROMIUM: &str = ".config/chromium/NativeMessagingHosts/jp.kagibashi.host.json";

/// A computer on which all is well but what the test spoils.
struct Desk {
    home: Home,
    reader: Option<Reader>,
    pcscd: PrivatePcscd,
}

impl Desk {
    fn with(card: Option<Card>) -> Self {
        let pcscd = PrivatePcscd::start().unwrap();
        let reader = card.map(|card| pcscd.insert(Arc::new(Mutex::new(card))).unwrap());
        let mut home = Home::with_chromium();
        home.pcscd = pcscd.socket();
        home.done(&["install"]);
        Self {
            home,
            reader,
            pcscd,
        }
    }

    fn company() -> Self {
        Self::with(Some(personalise::company(&Request::default()).card))
    }

    fn diagnosis(&self) -> Diagnosis {
        diagnosis(&self.home)
    }
}

/// What the doctor said to programs.
struct Diagnosis {
    exit_code: i32,
    report: Value,
}

fn diagnosis(home: &Home) -> Diagnosis {
    let output = home.run(&["doctor", "--json"]);
    Diagnosis {
        exit_code: output.status.code().unwrap(),
        report: serde_json::from_slice(&output.stdout).unwrap(),
    }
}

impl Diagnosis {
    fn checks(&self) -> &Vec<Value> {
        self.report["checks"].as_array().unwrap()
    }

    fn ids(&self, state: &str) -> Vec<&str> {
        let checks = self.checks().iter().filter(|check| check["state"] == state);
        checks.map(|check| check["id"].as_str().unwrap()).collect()
    }

    /// Exactly these are in trouble, each with a mend.
    fn is_in_trouble_for(&self, expected: &[&str]) {
        assert_eq!(self.ids("trouble"), expected, "{:#}", self.report);
        for check in self
            .checks()
            .iter()
            .filter(|check| check["state"] == "trouble")
        {
            assert!(check["advice"].as_str().unwrap().ends_with('。'), "{check}");
        }
        let good = expected.is_empty();
        assert_eq!(self.report["ok"], good);
        assert_eq!(self.exit_code, if good { 0 } else { 5 });
    }
}

#[test]
fn after_install_with_a_token_all_is_green() {
    let desk = Desk::company();
    let before = desk.home.listing();
    let diagnosis = desk.diagnosis();
    diagnosis.is_in_trouble_for(&[]);
    let good = diagnosis.ids("ok");
    for id in [
        "program",
        "browser-found",
        "registration-ok",
        "extension-ok",
        "storage-ok",
        "service-ok",
        "reader-ok",
        "token-ok",
        "pin-ok",
        "certificate-ok",
    ] {
        assert!(good.contains(&id), "{id}: {:#}", diagnosis.report);
    }
    assert_eq!(desk.home.listing(), before, "the doctor changes nothing");

    let told = desk.home.done(&["doctor"]);
    assert!(
        told.contains("山田 太郎") && told.contains("デモトークン"),
        "{told}"
    );
    assert!(told.contains("問題は見つかりませんでした。"), "{told}");
    assert!(!told.contains("要対応"), "{told}");
}

#[test]
fn a_service_that_does_not_run_is_named() {
    let home = Home::with_chromium();
    home.done(&["install"]);
    let found = diagnosis(&home);
    found.is_in_trouble_for(&["service-stopped"]);
    assert!(found.ids("unknown").contains(&"reader-unknown"));

    let output = home.in_english().run(&["doctor"]);
    assert_eq!(output.status.code(), Some(5));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(
        told.contains("sudo systemctl enable --now pcscd.socket"),
        "{told}"
    );
    assert!(told.contains("[trouble] Smart card service"), "{told}");
}

#[test]
fn a_service_without_readers_is_told_from_a_reader_without_token() {
    let mut desk = Desk::with(None);
    desk.diagnosis().is_in_trouble_for(&["token-absent"]);
    let card = personalise::company(&Request::default()).card;
    desk.reader = Some(desk.pcscd.insert(Arc::new(Mutex::new(card))).unwrap());
    desk.diagnosis().is_in_trouble_for(&[]);
    desk.reader.as_mut().unwrap().remove();
    desk.diagnosis().is_in_trouble_for(&["token-absent"]);

    let readerless = Readerless::start();
    desk.home.pcscd = readerless.socket();
    desk.diagnosis().is_in_trouble_for(&["reader-none"]);
}

#[test]
fn a_registration_that_is_missing_or_wrong_is_named() {
    let desk = Desk::company();
    let right = desk.home.read(CHROMIUM);
    fs::remove_file(desk.home.path(CHROMIUM)).unwrap();
    desk.diagnosis()
        .is_in_trouble_for(&["registration-missing"]);

    let other = right.replace("chrome-extension://", "chrome-extension://aaaaaaaa");
    desk.home.write(CHROMIUM, &other);
    desk.diagnosis()
        .is_in_trouble_for(&["registration-wrong-extension"]);

    // The mend is what the doctor says it is.
    let told = String::from_utf8(desk.home.run(&["doctor"]).stdout).unwrap();
    assert!(told.contains("kagibashi install"), "{told}");
    desk.home.done(&["install"]);
    desk.diagnosis().is_in_trouble_for(&[]);
}

#[test]
fn a_token_without_certificates_is_named() {
    let blank = Desk::with(Some(Card::blank(Settings::default())));
    blank
        .diagnosis()
        .is_in_trouble_for(&["token-not-initialised"]);
}

#[test]
fn an_expired_certificate_beside_a_good_one_is_no_trouble() {
    let desk = Desk::with(Some(
        personalise::two_certificates(&Request::default()).card,
    ));
    let found = desk.diagnosis();
    found.is_in_trouble_for(&[]);
    assert_eq!(found.ids("not-applicable").last(), Some(&"certificate-old"));
}

#[test]
fn wrong_pins_are_counted_before_it_is_too_late() {
    let desk = Desk::company();
    for (wrong, trouble) in [(7, "pin-few-tries"), (3, "pin-locked")] {
        for _ in 0..wrong {
            type_a_wrong_pin(&desk.home);
        }
        let found = desk.diagnosis();
        found.is_in_trouble_for(&[trouble]);
        // Looking costs no try.
        desk.diagnosis().is_in_trouble_for(&[trouble]);
    }
}

fn type_a_wrong_pin(home: &Home) {
    let mut program = Command::new(home.program())
        .args(["pin", "verify", "--pin-stdin", "--last-try"])
        .env("HOME", home.path(""))
        .env("PCSCLITE_CSOCK_NAME", &home.pcscd)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    program
        .stdin
        .take()
        .unwrap()
        .write_all(b"00000000\n")
        .unwrap();
    assert!(!program.wait().unwrap().success());
}

/// A PC/SC daemon with no reader at all. It ends when this is dropped.
struct Readerless {
    folder: tempfile::TempDir,
    daemon: std::process::Child,
}

impl Readerless {
    fn start() -> Self {
        const START: &str = r#"
            if [ -d /run/pcscd ]; then mount --bind "$1/pcscd" /run/pcscd; else mount --bind "$1" /run; fi
            pcscd --foreground --config "$1/readers" </dev/null &
            read -r _; kill $!; wait"#;
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("pcscd")).unwrap();
        fs::create_dir(folder.path().join("readers")).unwrap();
        let mut unshare = Command::new("unshare");
        if !is_root() {
            unshare.args(["--user", "--map-root-user"]);
        }
        let daemon = unshare
            .args(["--mount", "--", "sh", "-c", START, "sh"])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let readerless = Self { folder, daemon };
        let mut waited = 0;
        while !readerless.socket().exists() {
            assert!(waited < 500, "pcscd did not start");
            std::thread::sleep(std::time::Duration::from_millis(20));
            waited += 1;
        }
        readerless
    }

    fn socket(&self) -> std::path::PathBuf {
        self.folder.path().join("pcscd/pcscd.comm")
    }
}

impl Drop for Readerless {
    fn drop(&mut self) {
        drop(self.daemon.stdin.take());
        drop(self.daemon.wait());
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;

    fs::metadata(Path::new("/proc/self")).is_ok_and(|own| own.uid() == 0)
}
