//! Keys on elliptic curves, from the terminal to a token of another maker, judged by OpenSSL.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod openssl;
#[allow(dead_code, reason = "each test uses its part")]
#[path = "vendor_modules/softhsm.rs"]
mod softhsm;
mod terminal;

use std::path::Path;
use std::process::{Command, Output};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kagibashi_card::tlv::encode;
use serde_json::Value;
use softhsm::{MODULE, PIN, SoftHsm};

const TOKEN: &str = "curves";
const ORIGIN: &str = "https://portal.example.jp";
const NONCE: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// By the label of the key: its curve, its algorithm for signing in with that hash
/// function, and the length of a signature in bytes.
const CURVES: [(&str, &str, &str, &str, usize); 3] = [
    ("p256", "P-256", "ES256", "sha256", 64),
    ("p384", "P-384", "ES384", "sha384", 96),
    ("p521", "P-521", "ES512", "sha512", 132),
];

fn run(home: &Path, softhsm: &SoftHsm, arguments: &[&str], stdin: &str) -> Output {
    let (variable, value) = softhsm.variable();
    let mut program = Command::new(env!("CARGO_BIN_EXE_kagibashi"));
    program
        .args(arguments)
        .env("HOME", home)
        .env("PCSCLITE_CSOCK_NAME", "/nonexistent/pcscd.comm")
        .env("LC_ALL", "C.UTF-8")
        .env_remove("XDG_RUNTIME_DIR")
        .env_remove("XDG_CACHE_HOME")
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_DATA_HOME")
        .env_remove("XDG_STATE_HOME")
        .env(variable, value);
    terminal::run(&mut program, stdin)
}

/// Makes a key, and lays it on the token with a certificate for it.
fn import(softhsm: &SoftHsm, label: &str, curve: &str, id: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key").to_str().unwrap().to_owned();
    let curve = format!("ec_paramgen_curve:{curve}");
    let generate = ["genpkey", "-algorithm", "EC", "-pkeyopt", &curve, "-out"];
    openssl::run(&[&generate[..], &[&key]].concat(), b"");
    let subject = format!("/CN={label}");
    let certify = ["req", "-new", "-x509", "-key", &key, "-subj", &subject];
    let purpose = ["-addext", "keyUsage=digitalSignature", "-outform", "DER"];
    let no_authority = ["-addext", "basicConstraints=critical,CA:FALSE"];
    let der = openssl::run(&[&certify[..], &purpose, &no_authority].concat(), b"");
    let (variable, value) = softhsm.variable();
    let imported = Command::new("softhsm2-util")
        .args(["--import", &key, "--token", TOKEN, "--pin", PIN])
        .args(["--label", label, "--id", id])
        .env(variable, value)
        .output()
        .unwrap();
    assert!(imported.status.success(), "{imported:?}");
    softhsm.write_certificate(TOKEN, &der, label, Some(id));
    der
}

/// As OpenSSL has it: the two numbers of a signature in a SEQUENCE.
fn in_sequence(signature: &[u8]) -> Vec<u8> {
    let (r, s) = signature.split_at(signature.len() / 2);
    let number = |bytes: &[u8]| {
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        let sign = bytes.get(zeros).is_none_or(|byte| byte & 0x80 != 0);
        let zero: &[u8] = if sign { &[0] } else { &[] };
        encode(0x02, &[zero, &bytes[zeros..]].concat())
    };
    encode(0x30, &[number(r), number(s)].concat())
}

#[test]
fn keys_of_three_curves_sign_challenges_and_hashes() {
    let home = tempfile::tempdir().unwrap();
    let softhsm = SoftHsm::new();
    softhsm.make_token(TOKEN);
    let run = |arguments: &[&str], stdin: &str| run(home.path(), &softhsm, arguments, stdin);
    let done = |arguments: &[&str], stdin: &str| {
        let output = run(arguments, stdin);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    };
    done(&["module", "add", MODULE], "");
    let pin = format!("{PIN}\n");
    for (number, (label, curve, algorithm, hash, length)) in CURVES.into_iter().enumerate() {
        let der = import(&softhsm, label, curve, &format!("0{number}"));
        let listed: Value = serde_json::from_str(&done(&["certificates", "--json"], "")).unwrap();
        let mut listed = listed.as_array().unwrap().iter();
        let ours = listed.find(|shown| shown["holder"] == label).unwrap();
        assert_eq!(ours["state"], "usable");
        let id = ours["id"].as_str().unwrap();

        let typed = ["--certificate", id, "--pin-stdin"];
        let challenge = ["authenticate", "--origin", ORIGIN, "--nonce", NONCE];
        let token = done(&[&challenge[..], &typed].concat(), &pin);
        let token: Value = serde_json::from_str(&token).unwrap();
        assert_eq!(token["algorithm"], algorithm);
        let signature = STANDARD.decode(token["signature"].as_str().unwrap());
        let signature = signature.unwrap();
        assert_eq!(signature.len(), length);
        let hashed = |text: &str, hash: &str| {
            openssl::run(&["dgst", "-binary", &format!("-{hash}")], text.as_bytes())
        };
        // Web eID hashes origin and nonce with the hash function of the signature.
        let signed = [hashed(ORIGIN, hash), hashed(NONCE, hash)].concat();
        openssl::verifies(&der, hash, &[], &signed, &in_sequence(&signature));

        // A document's hash may be longer or shorter than the curve.
        for (function, hash) in [("SHA-256", "sha256"), ("SHA-512", "sha512")] {
            let digest = hex::encode(hashed("document", hash));
            let sign = ["sign", "--hash-function", function, "--hash", &digest];
            let said = done(&[&sign[..], &typed].concat(), &pin);
            let signature = in_sequence(&STANDARD.decode(said.trim()).unwrap());
            openssl::verifies(&der, hash, &[], b"document", &signature);
            let padded = run(&[&sign[..], &typed, &["--padding", "pss"]].concat(), &pin);
            let errors = String::from_utf8_lossy(&padded.stderr);
            assert!(errors.contains("signature-unsupported"), "{errors}");
        }
    }
}
