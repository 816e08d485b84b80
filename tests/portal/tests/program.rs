//! The program as a person starts it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

mod software_token;

use software_token::{authority_params, root};

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn portal() -> Command {
    Command::new(env!("CARGO_BIN_EXE_kagibashi-portal"))
}

#[test]
fn it_says_where_it_listens_and_whom_to_trust() {
    let folder = tempfile::tempdir().unwrap();
    let (trust, authority) = (folder.path().join("ca.pem"), folder.path().join("tls.pem"));
    std::fs::write(&trust, root(authority_params("Root")).pem()).unwrap();
    let mut child = portal()
        .args(["--listen", "127.0.0.1:0", "--trust"])
        .arg(&trust)
        .arg("--ca-out")
        .arg(&authority)
        .stdout(Stdio::piped())
        .spawn()
        .map(Running)
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let port: u16 = line
        .trim_end()
        .strip_prefix("listening https://portal.localhost:")
        .unwrap_or_else(|| panic!("{line:?}"))
        .parse()
        .unwrap();
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    let pem = std::fs::read_to_string(&authority).unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{pem}");
}

#[test]
fn it_does_not_start_without_somebody_to_trust_or_with_a_false_origin() {
    let folder = tempfile::tempdir().unwrap();
    let trust = folder.path().join("ca.pem");
    std::fs::write(&trust, root(authority_params("Root")).pem()).unwrap();
    let empty = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent.pem");
    for (what, trust, origin) in [
        (
            "names no certificate",
            empty.path(),
            "https://portal.localhost",
        ),
        ("cannot read", absent.as_path(), "https://portal.localhost"),
        (
            "trailing slash",
            trust.as_path(),
            "https://portal.localhost/",
        ),
        ("https://", trust.as_path(), "http://portal.localhost"),
    ] {
        let output = portal()
            .arg("--trust")
            .arg(trust)
            .args(["--origin", origin])
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(what), "{said}");
        assert!(output.stdout.is_empty());
    }
}
