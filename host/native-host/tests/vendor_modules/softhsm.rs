//! `SoftHSM`: a token of another maker that is software.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::openssl;

/// The module.
pub const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

/// The user PIN of every token here.
pub const PIN: &str = "secret-12";

const SO_PIN: &str = "so-secret-12";

/// A folder with tokens, which nobody else sees.
pub struct SoftHsm {
    folder: TempDir,
}

/// A key that a token is made with.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    /// Names key and certificate.
    pub label: &'a str,
    /// `rsa:2048` or `EC:prime256v1`.
    pub kind: &'a str,
    /// What certificate and key share, in hexadecimal.
    pub id: &'a str,
    /// The PIN is wanted anew for each signature.
    pub always_authenticate: bool,
}

impl SoftHsm {
    /// No token yet.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("tokens")).unwrap();
        let tokens = folder.path().join("tokens");
        let configuration = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            tokens.display()
        );
        fs::write(folder.path().join("softhsm2.conf"), configuration).unwrap();
        Self { folder }
    }

    /// The file by which programs find the tokens, as an environment has it.
    pub fn variable(&self) -> (&'static str, PathBuf) {
        ("SOFTHSM2_CONF", self.folder.path().join("softhsm2.conf"))
    }

    fn run(&self, program: &str, arguments: &[&str]) -> String {
        let (variable, value) = self.variable();
        let output = Command::new(program)
            .args(arguments)
            .env(variable, value)
            .output()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{program} {arguments:?}: {said}{errors}"
        );
        said
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Makes an empty token.
    pub fn make_token(&self, label: &str) {
        self.run(
            "softhsm2-util",
            &[
                "--init-token",
                "--free",
                "--label",
                label,
                "--pin",
                PIN,
                "--so-pin",
                SO_PIN,
            ],
        );
    }

    fn tool(&self, token: &str, arguments: &[&str]) -> String {
        let login = [
            "--module",
            MODULE,
            "--token-label",
            token,
            "--login",
            "--pin",
            PIN,
        ];
        self.run("pkcs11-tool", &[&login, arguments].concat())
    }

    /// Makes a key on the token, and a client certificate for it (DER).
    pub fn make_key(&self, token: &str, key: &Key<'_>) -> Vec<u8> {
        let mut generate = vec![
            "--keypairgen",
            "--key-type",
            key.kind,
            "--id",
            key.id,
            "--label",
            key.label,
        ];
        if key.always_authenticate {
            generate.push("--always-auth");
        }
        self.tool(token, &generate);
        let public_key = self.file("public-key.der");
        self.tool(
            token,
            &[
                "--read-object",
                "--type",
                "pubkey",
                "--id",
                key.id,
                "--output-file",
                &public_key,
            ],
        );
        let certificate = self.certify(&public_key, key.label);
        self.write_certificate(token, &certificate, key.label, Some(key.id));
        certificate
    }

    /// A client certificate for a public key (DER), issued by nobody that
    /// anybody knows.
    fn certify(&self, public_key: &str, name: &str) -> Vec<u8> {
        let (key, extensions) = (self.file("issuer.key"), self.file("extensions"));
        fs::write(
            &extensions,
            "basicConstraints=critical,CA:FALSE\n\
             keyUsage=critical,digitalSignature\n\
             extendedKeyUsage=clientAuth\n",
        )
        .unwrap();
        if !Path::new(&key).exists() {
            openssl::run(
                &[
                    "genpkey",
                    "-algorithm",
                    "EC",
                    "-pkeyopt",
                    "ec_paramgen_curve:P-256",
                    "-out",
                    &key,
                ],
                b"",
            );
        }
        let pem = self.file("public-key.pem");
        let convert = [
            "pkey", "-pubin", "-inform", "DER", "-in", public_key, "-out", &pem,
        ];
        openssl::run(&convert, b"");
        let subject = format!("/CN={name}/O=Example/C=JP");
        let request = openssl::run(&["req", "-new", "-key", &key, "-subj", &subject], b"");
        openssl::run(
            &[
                "x509",
                "-req",
                "-signkey",
                &key,
                "-force_pubkey",
                &pem,
                "-days",
                "30",
                "-extfile",
                &extensions,
                "-outform",
                "DER",
            ],
            &request,
        )
    }

    /// Lays a certificate on the token.
    pub fn write_certificate(&self, token: &str, der: &[u8], label: &str, id: Option<&str>) {
        let file = self.file("certificate.der");
        fs::write(&file, der).unwrap();
        let mut write = vec!["--write-object", &file, "--type", "cert", "--label", label];
        if let Some(id) = id {
            write.extend(["--id", id]);
        }
        self.tool(token, &write);
    }

    /// Takes all certificates off the token, and leaves the keys.
    pub fn remove_certificates(&self, token: &str) {
        let listed = self.tool(token, &["--list-objects", "--type", "cert"]);
        let ids = listed
            .lines()
            .filter_map(|line| line.trim().strip_prefix("ID:"))
            .map(str::trim);
        for id in ids {
            self.tool(token, &["--delete-object", "--type", "cert", "--id", id]);
        }
    }
}
