//! Signatures are checked by a program that is not ours.

#![allow(dead_code, reason = "each test uses its part")]

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

/// Runs the openssl program, which must succeed.
pub fn run(arguments: &[&str], stdin: &[u8]) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the openssl program is needed (Debian: apt-get install openssl)");
    child.stdin.take().unwrap().write_all(stdin).unwrap();
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments:?}: {errors}");
    output.stdout
}

/// The certificate (DER) confirms the signature over `data`.
pub fn verifies(certificate: &[u8], digest: &str, options: &[&str], data: &[u8], signature: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let key = file(
        "key",
        &run(
            &["x509", "-inform", "DER", "-pubkey", "-noout"],
            certificate,
        ),
    );
    let signature = file("signature", signature);
    let digest = format!("-{digest}");
    let mut arguments = vec!["dgst", &digest, "-verify", &key, "-signature", &signature];
    for option in options {
        arguments.extend(["-sigopt", option]);
    }
    run(&arguments, data);
}
