//! The program as a person at a terminal and a script meet it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;
mod openssl;
mod terminal;

use std::fs;
use std::path::Path;
use std::process::Output;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kagibashi_card_simulator::pcscd::PrivatePcscd;
use kagibashi_card_simulator::personalise::{self, Request};
use kagibashi_card_simulator::vpcd::Reader;
use serde_json::Value;
use sha2::{Digest, Sha256};

const PIN: &str = "12345678";
const ORIGIN: &str = "https://portal.example.jp";
const NONCE: &str = "dGVzdC1ub25jZS10ZXN0LW5vbmNlLXRlc3Qtbm9uY2U=";

/// A terminal on a computer with a token.
struct Terminal {
    reader: Reader,
    token: personalise::Token,
    home: tempfile::TempDir,
    pcscd: PrivatePcscd,
}

impl Terminal {
    fn with(token: personalise::Token) -> Self {
        let pcscd = PrivatePcscd::start().unwrap();
        let reader = pcscd
            .insert(Arc::new(Mutex::new(token.card.clone())))
            .unwrap();
        Self {
            reader,
            token,
            home: tempfile::tempdir().unwrap(),
            pcscd,
        }
    }

    fn company() -> Self {
        Self::with(personalise::company(&Request::default()))
    }

    fn run(&self, arguments: &[&str], stdin: &str) -> Output {
        run(self.home.path(), &self.pcscd.socket(), arguments, stdin)
    }

    /// Runs a command that succeeds, and gives what it printed.
    fn done(&self, arguments: &[&str], stdin: &str) -> String {
        let output = self.run(arguments, stdin);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that fails with that exit code, naming the trouble.
    fn fails(&self, arguments: &[&str], stdin: &str, exit_code: i32, name: &str) {
        fails(&self.run(arguments, stdin), exit_code, name);
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.done(arguments, "")).unwrap()
    }
}

fn run(home: &Path, pcscd: &Path, arguments: &[&str], stdin: &str) -> Output {
    terminal::run(browser::program(home, pcscd).args(arguments), stdin)
}

fn fails(output: &Output, exit_code: i32, name: &str) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit_code), "{errors}");
    assert!(errors.contains(name), "{errors}");
    assert!(output.stdout.is_empty(), "half an answer was printed");
}

#[test]
fn lists_shows_and_exports() {
    let terminal = Terminal::company();
    let tokens = terminal.json(&["tokens", "--json"]);
    assert_eq!(tokens[0]["label"], "デモトークン");
    assert_eq!(tokens[0]["pin"]["triesLeft"], 10);
    let certificates = terminal.json(&["certificates", "--json"]);
    assert_eq!(certificates.as_array().unwrap().len(), 3);
    let id = certificates[0]["id"].as_str().unwrap();

    let text = terminal.done(&["--lang", "ja", "certificates"], "");
    for expected in [
        "山田 太郎",
        "証明書 ID: FC12345678",
        "認証局の証明書",
        "使えます",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let text = terminal.done(&["--lang", "ja", "certificate", "show", &id[..8]], "");
    assert!(
        text.contains("keyUsage(重要) = digitalSignature")
            && text.contains("extKeyUsage(重要) = clientAuth")
            && text.contains("CN = 山田 太郎 (UTF8String)"),
        "{text}"
    );
    let details = terminal.json(&["certificate", "show", id, "--json"]);
    assert_eq!(details["publicKey"]["bits"], 2048);
    assert_eq!(details["chain"].as_array().unwrap().len(), 2);

    let client = &terminal.token.clients[0];
    let out = terminal.home.path().join("exported");
    let path = out.to_str().unwrap();
    terminal.done(
        &[
            "certificate",
            "export",
            id,
            "--format",
            "der",
            "--out",
            path,
        ],
        "",
    );
    assert_eq!(fs::read(&out).unwrap(), *client);
    let pem = terminal.done(&["certificate", "export", id], "");
    assert_eq!(
        openssl::run(&["x509", "-outform", "DER"], pem.as_bytes()),
        *client
    );
    let p7b = terminal.done(&["certificate", "export", id, "--format", "p7b"], "");
    let printed = openssl::run(&["pkcs7", "-print_certs"], p7b.as_bytes());
    let printed = String::from_utf8(printed).unwrap();
    assert_eq!(
        printed.matches("-----BEGIN CERTIFICATE-----").count(),
        3,
        "the whole chain"
    );

    terminal.fails(
        &["certificate", "show", "00000000"],
        "",
        4,
        "certificate-not-found",
    );
    terminal.fails(
        &["certificate", "show", &id[..7]],
        "",
        4,
        "certificate-not-found",
    );
    let nowhere = terminal.home.path().join("missing/exported");
    let nowhere = nowhere.to_str().unwrap();
    terminal.fails(
        &["certificate", "export", id, "--out", nowhere],
        "",
        5,
        "file-not-written",
    );
}

#[test]
fn authenticates() {
    let terminal = Terminal::company();
    let typed = [
        "authenticate",
        "--origin",
        ORIGIN,
        "--nonce",
        NONCE,
        "--pin-stdin",
    ];
    let token: Value = serde_json::from_str(&terminal.done(&typed, PIN)).unwrap();
    assert_eq!(token["format"], "web-eid:1.0");
    let signed = [Sha256::digest(ORIGIN), Sha256::digest(NONCE)].concat();
    let signature = STANDARD
        .decode(token["signature"].as_str().unwrap())
        .unwrap();
    openssl::verifies(
        &terminal.token.clients[0],
        "sha256",
        &[],
        &signed,
        &signature,
    );

    let origin = [
        "authenticate",
        "--origin",
        "http://a.jp",
        "--nonce",
        NONCE,
        "--pin-stdin",
    ];
    terminal.fails(&origin, PIN, 2, "invalid-origin");
    let nonce = [
        "authenticate",
        "--origin",
        ORIGIN,
        "--nonce",
        "short",
        "--pin-stdin",
    ];
    terminal.fails(&nonce, PIN, 2, "invalid-nonce");
    terminal.fails(&typed, "00000000\n", 3, "wrong-pin");
    terminal.fails(&typed, "", 3, "pin-missing");
    terminal.fails(&typed, "123\n", 3, "pin-too-short");
    let status = terminal.json(&["pin", "status", "--json"]);
    assert_eq!(status["triesLeft"], 9, "one wrong PIN, one try");

    // Everything was told at the terminal; there is no log. The token may have
    // been noted, unless it was made so lately that it could be in the making.
    let state = terminal.home.path().join("state/kagibashi");
    let left = fs::read_dir(state).into_iter().flatten();
    let mut names = left.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.find(|name| !name.starts_with("token-")), None);
}

#[test]
fn signs_hashes() {
    let terminal = Terminal::company();
    let id = terminal.json(&["certificates", "--json"])[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let pss = ["rsa_padding_mode:pss", "rsa_pss_saltlen:digest"];
    for (function, digest) in [
        ("SHA-256", "sha256"),
        ("SHA-384", "sha384"),
        ("SHA-512", "sha512"),
    ] {
        let hash = openssl::run(&["dgst", "-binary", &format!("-{digest}")], b"document");
        for (padding, options) in [("pkcs1", &[][..]), ("pss", &pss[..])] {
            let typed = [
                "sign",
                "--certificate",
                &id,
                "--hash-function",
                function,
                "--hash",
                &hex::encode(&hash),
                "--padding",
                padding,
                "--pin-stdin",
            ];
            let signature = STANDARD.decode(terminal.done(&typed, PIN).trim()).unwrap();
            let client = &terminal.token.clients[0];
            openssl::verifies(client, digest, options, b"document", &signature);
        }
    }
    let sign = |function: &'static str, hash: &'static str| {
        let typed = [
            "sign",
            "--certificate",
            &id[..12],
            "--hash-function",
            function,
            "--hash",
            hash,
            "--pin-stdin",
        ];
        terminal.run(&typed, PIN)
    };
    fails(&sign("MD5", "00"), 2, "unknown-hash-function");
    fails(&sign("SHA-256", "00"), 2, "invalid-hash");
    fails(&sign("SHA-256", "zz"), 2, "invalid-hash");
}

#[test]
fn looks_after_the_pin() {
    let request = Request {
        tries: 3,
        ..Request::default()
    };
    let terminal = Terminal::with(personalise::company(&request));
    terminal.done(&["pin", "verify", "--pin-stdin"], PIN);
    terminal.fails(
        &["pin", "change", "--pin-stdin"],
        "12345678\n12345678\n",
        3,
        "pin-unchanged",
    );
    terminal.fails(
        &["pin", "change", "--pin-stdin"],
        "12345678\n123\n",
        3,
        "pin-too-short",
    );
    terminal.fails(
        &["pin", "change", "--pin-stdin"],
        "12345678\n",
        3,
        "pin-missing",
    );
    terminal.done(&["pin", "change", "--pin-stdin"], "12345678\nnew-pin-1\n");
    terminal.done(&["pin", "verify", "--pin-stdin"], "new-pin-1\n");
    terminal.fails(&["pin", "verify", "--pin-stdin"], PIN, 3, "wrong-pin");
    terminal.fails(&["pin", "verify", "--pin-stdin"], PIN, 3, "wrong-pin");
    // The last try is not spent without a yes, not even on the right PIN.
    terminal.fails(
        &["pin", "verify", "--pin-stdin"],
        "new-pin-1\n",
        3,
        "last-try-not-confirmed",
    );
    terminal.fails(
        &["pin", "verify", "--pin-stdin", "--last-try"],
        PIN,
        4,
        "pin-locked",
    );
    terminal.fails(
        &["pin", "verify", "--pin-stdin", "--last-try"],
        "new-pin-1\n",
        4,
        "pin-locked",
    );
    assert_eq!(terminal.json(&["pin", "status", "--json"])["locked"], true);
    let unblock = ["pin", "unblock", "--pin-stdin"];
    terminal.fails(&unblock, "00000000\nnew-pin-2\n", 3, "wrong-puk");
    terminal.fails(&unblock, "87654321\n1\n", 3, "pin-too-short");
    terminal.done(&unblock, "87654321\nnew-pin-2\n");
    terminal.done(&["pin", "verify", "--pin-stdin"], "new-pin-2\n");
    for name in ["wrong-puk", "wrong-puk", "last-try-not-confirmed"] {
        terminal.fails(&unblock, "00000000\nnew-pin-3\n", 3, name);
    }
    let last = [&unblock[..], &["--last-try"]].concat();
    terminal.fails(&last, "00000000\nnew-pin-3\n", 4, "puk-locked");
    terminal.fails(&unblock, "87654321\nnew-pin-3\n", 4, "puk-locked");
    terminal.done(&["pin", "verify", "--pin-stdin"], "new-pin-2\n");
    terminal.fails(&["pin", "status", "--token", "00"], "", 4, "no-token");
}

#[test]
fn says_what_is_missing() {
    let mut terminal = Terminal::company();
    let typed = [
        "authenticate",
        "--origin",
        ORIGIN,
        "--nonce",
        NONCE,
        "--pin-stdin",
    ];
    let nowhere = Path::new("/nonexistent/pcscd.comm");
    fails(
        &run(terminal.home.path(), nowhere, &typed, PIN),
        5,
        "no-smart-card-service",
    );
    fails(
        &run(terminal.home.path(), nowhere, &["tokens"], ""),
        5,
        "no-smart-card-service",
    );
    terminal.reader.remove();
    std::thread::sleep(std::time::Duration::from_secs(1));
    terminal.fails(&typed, PIN, 4, "no-token");
    terminal.fails(&["pin", "status"], "", 4, "no-token");
}

#[test]
fn several_certificates_want_a_choice() {
    let terminal = Terminal::with(personalise::two_certificates(&Request::default()));
    // One of the two has expired, so there is nothing to choose.
    let typed = [
        "authenticate",
        "--origin",
        ORIGIN,
        "--nonce",
        NONCE,
        "--pin-stdin",
    ];
    terminal.done(&typed, PIN);
    let certificates = terminal.json(&["certificates", "--json"]);
    let expired = certificates
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["state"] == "expired")
        .unwrap();
    let id = expired["id"].as_str().unwrap();
    let chosen = [&typed[..], &["--certificate", id]].concat();
    terminal.fails(&chosen, PIN, 4, "certificate-not-found");
    assert_eq!(terminal.json(&["pin", "status", "--json"])["triesLeft"], 10);
}

#[test]
fn knows_itself() {
    let home = tempfile::tempdir().unwrap();
    let nowhere = Path::new("/nonexistent/pcscd.comm");
    let version = run(home.path(), nowhere, &["--version"], "");
    let expected = concat!("kagibashi ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(String::from_utf8(version.stdout).unwrap(), expected);
    for shell in ["bash", "zsh", "fish"] {
        let script = run(home.path(), nowhere, &["completions", shell], "");
        assert!(
            script.status.success() && !script.stdout.is_empty(),
            "{shell}"
        );
    }
    assert_eq!(
        run(home.path(), nowhere, &["open-sesame"], "")
            .status
            .code(),
        Some(2)
    );
    // There is no way to give a PIN where other programs could read it.
    assert_eq!(
        run(home.path(), nowhere, &["pin", "verify", "--pin", PIN], "")
            .status
            .code(),
        Some(2)
    );
}
