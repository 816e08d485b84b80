//! Certificates on the management page: looked at, saved, trusted. openssl and
//! NSS's certutil are the referees.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;
mod openssl;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use browser::Browser;
use kagibashi_card_simulator::Card;
use kagibashi_card_simulator::pcscd::{PrivatePcscd, namespace};
use kagibashi_card_simulator::personalise::{self, Request, Token};
use kagibashi_card_simulator::vpcd::Reader;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A browser, its person's home and a token.
struct Desk {
    browser: Browser,
    reader: Reader,
    home: tempfile::TempDir,
    issued: Token,
    request: u32,
    _pcscd: PrivatePcscd,
}

impl Desk {
    fn new() -> Self {
        Self::with(|_, card| card)
    }

    fn with(remake: impl FnOnce(&Token, Card) -> Card) -> Self {
        Self::started_by(remake, Browser::start)
    }

    /// `start` gets the home, and the socket of the smart card service.
    fn started_by(
        remake: impl FnOnce(&Token, Card) -> Card,
        start: impl FnOnce(&Path, &Path) -> Browser,
    ) -> Self {
        let pcscd = PrivatePcscd::start().unwrap();
        let issued = personalise::company(&Request::default());
        let card = remake(&issued, issued.card.clone());
        let reader = pcscd.insert(Arc::new(Mutex::new(card))).unwrap();
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("run")).unwrap();
        let mut browser = start(home.path(), &pcscd.socket()).greeted();
        while browser.receive_any().unwrap()["type"] != "token-inserted" {}
        Self {
            browser,
            reader,
            home,
            issued,
            request: 0,
            _pcscd: pcscd,
        }
    }

    fn ask(&mut self, command: &str, arguments: &Value) -> Value {
        self.request += 1;
        self.browser.request(self.request, command, arguments);
        loop {
            let message = self.browser.receive().unwrap();
            if message["type"] != "logins" {
                return message;
            }
        }
    }

    fn done(&mut self, command: &str, arguments: &Value) -> Value {
        let response = self.ask(command, arguments);
        assert_eq!(response["type"], "response", "{response}");
        response["result"].clone()
    }

    fn failed(&mut self, command: &str, arguments: &Value) -> Value {
        let failure = self.ask(command, arguments);
        assert_eq!(failure["type"], "failure", "{failure}");
        failure["error"].clone()
    }

    fn path(&self, path: &str) -> PathBuf {
        self.home.path().join(path)
    }

    /// The browser's home after a change that it only sees when it starts.
    fn downloads_are(&self, folder: &Path) {
        let config = self.path("config");
        fs::create_dir_all(&config).unwrap();
        let line = format!("XDG_DOWNLOAD_DIR=\"{}\"\n", folder.display());
        fs::write(config.join("user-dirs.dirs"), line).unwrap();
    }
}

fn id(der: &[u8]) -> String {
    hex::encode(Sha256::digest(der))
}

fn names(list: &Value) -> Vec<(&str, &str)> {
    let attributes = list.as_array().unwrap().iter();
    attributes
        .map(|it| (it["name"].as_str().unwrap(), it["value"].as_str().unwrap()))
        .collect()
}

#[test]
fn everything_that_a_certificate_says() {
    let mut desk = Desk::new();
    let client = desk.issued.clients[0].clone();
    let (intermediate, root) = (desk.issued.intermediate.clone(), desk.issued.root.clone());
    let commands = desk.reader.card().commands();
    let details = desk.done("certificate-details", &json!({"certificate": id(&client)}));
    assert_eq!(
        desk.reader.card().commands(),
        commands,
        "the card was asked"
    );
    assert_eq!(details["der"], STANDARD.encode(&client));
    assert_eq!(details["version"], 3);
    assert_eq!(details["signatureAlgorithm"], "sha256WithRSAEncryption");
    assert_eq!(
        details["publicKey"],
        json!({"algorithm": "RSA", "bits": 2048})
    );
    assert_eq!(
        names(&details["subject"]),
        [
            ("C", "JP"),
            ("O", "株式会社サンプル"),
            ("OU", "FC12345678"),
            ("CN", "山田 太郎")
        ]
    );
    assert_eq!(details["subject"][0]["encoding"], "PrintableString");
    assert_eq!(details["subject"][3]["encoding"], "UTF8String");
    assert_eq!(details["chain"], json!([id(&intermediate), id(&root)]));
    let extension = |name: &str| {
        let all = details["extensions"].as_array().unwrap();
        all.iter().find(|it| it["name"] == name).unwrap().clone()
    };
    assert_eq!(extension("keyUsage")["values"], json!(["digitalSignature"]));
    assert_eq!(extension("keyUsage")["critical"], true);
    assert_eq!(extension("extKeyUsage")["values"], json!(["clientAuth"]));
    assert_eq!(extension("extKeyUsage")["raw"], Value::Null);

    let said = |arguments: &[&str]| {
        let all = [&["x509", "-inform", "DER", "-noout"], arguments].concat();
        String::from_utf8(openssl::run(&all, &client)).unwrap()
    };
    for (argument, value) in [
        (&["-serial"][..], &details["serial"]),
        (
            &["-fingerprint", "-sha256"],
            &details["fingerprints"]["sha256"],
        ),
        (&["-fingerprint", "-sha1"], &details["fingerprints"]["sha1"]),
    ] {
        let theirs = said(argument).trim().replace(':', "").to_uppercase();
        let ours = value.as_str().unwrap().to_uppercase();
        assert!(theirs.ends_with(&format!("={ours}")), "{theirs} {ours}");
    }
    let ends = said(&["-enddate", "-dateopt", "iso_8601"]);
    let seconds = Command::new("date")
        .args(["-u", "+%s", "-d"])
        .arg(ends.trim().strip_prefix("notAfter=").unwrap())
        .output()
        .unwrap();
    let seconds = String::from_utf8(seconds.stdout).unwrap();
    assert_eq!(details["notAfter"].to_string(), seconds.trim());

    desk.reader.remove();
    let gone = json!({"certificate": id(&client)});
    while desk.ask("certificate-details", &gone)["type"] == "response" {}
    let error = desk.failed("certificate-details", &gone);
    assert_eq!(error["name"], "certificate-not-found");
}

/// In the place of the authorities' certificates: one with everything that is
/// rare, and one that is none.
#[test]
fn an_odd_certificate_does_not_hide_the_others() {
    let serial = format!("7f{}", "5a".repeat(20));
    let text = "長い".repeat(1_700);
    let folder = tempfile::tempdir().unwrap();
    let odd = openssl::run(
        &[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            folder.path().join("key").to_str().unwrap(),
            "-subj",
            "/",
            "-utf8",
            "-set_serial",
            &format!("0x{serial}"),
            "-addext",
            &format!("1.2.3.4=ASN1:FORMAT:UTF8,UTF8String:{text}"),
            "-addext",
            "1.2.3.5=DER:0500",
            "-addext",
            "subjectAltName=email:a@example.jp,IP:192.0.2.1,URI:https://example.jp/",
            "-addext",
            "crlDistributionPoints=URI:http://example.jp/crl",
            "-addext",
            "authorityInfoAccess=OCSP;URI:http://example.jp/ocsp",
            "-outform",
            "DER",
        ],
        b"",
    );
    assert!(odd.len() > 10_000, "{}", odd.len());
    let mut desk = Desk::with(|issued, card| {
        let (intermediate, root) = (&issued.intermediate, &issued.root);
        let card = serde_json::to_string(&card).unwrap();
        let mut broken = root.clone();
        broken[1] = 0x84;
        let card = card.replace(&hex::encode(intermediate), &hex::encode(&odd));
        let card = card.replace(&hex::encode(root), &hex::encode(&broken));
        serde_json::from_str(&card).unwrap()
    });
    let list = desk.done("certificates", &json!({}));
    let states: Vec<&Value> = list["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["state"])
        .collect();
    assert_eq!(states, ["usable", "authority", "unreadable"]);

    let details = desk.done("certificate-details", &json!({"certificate": id(&odd)}));
    assert_eq!(details["serial"], serial.to_uppercase());
    assert_eq!(details["subject"], json!([]));
    let values = |oid: &str| {
        let all = details["extensions"].as_array().unwrap();
        let found = all.iter().find(|it| it["oid"] == oid).unwrap();
        (found["values"].clone(), found["raw"].clone())
    };
    assert_eq!(values("1.2.3.4"), (json!([text]), Value::Null));
    assert_eq!(values("1.2.3.5"), (json!([]), json!("0500")));
    assert_eq!(
        values("2.5.29.17").0,
        json!([
            "email: a@example.jp",
            "IP: 192.0.2.1",
            "https://example.jp/"
        ])
    );
    assert_eq!(values("2.5.29.31").0, json!(["http://example.jp/crl"]));
    assert_eq!(
        values("1.3.6.1.5.5.7.1.1").0,
        json!(["OCSP: http://example.jp/ocsp"])
    );

    let unreadable = list["certificates"][2]["id"].clone();
    let error = desk.failed("certificate-details", &json!({"certificate": unreadable}));
    assert_eq!(error["name"], "bad-token-data");
    desk.downloads_are(&desk.path("downloads"));
    let export = json!({"certificate": unreadable, "format": "der"});
    let path = desk.done("export-certificate", &export)["path"].clone();
    assert_eq!(id(&fs::read(path.as_str().unwrap()).unwrap()), unreadable);
    let export = json!({"certificate": unreadable, "format": "p7b"});
    assert_eq!(
        desk.failed("export-certificate", &export)["name"],
        "bad-token-data"
    );
}

#[test]
fn a_certificate_that_is_on_the_token_twice_is_shown_once() {
    let mut desk = Desk::with(|issued, card| {
        let [client, intermediate, root] =
            [&issued.clients[0], &issued.intermediate, &issued.root].map(hex::encode);
        let card = serde_json::to_string(&card).unwrap();
        let card = card.replace(&root, &client).replace(&intermediate, &client);
        serde_json::from_str(&card).unwrap()
    });
    let list = desk.done("certificates", &json!({}));
    let states: Vec<&Value> = list["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["state"])
        .collect();
    assert_eq!(states, ["usable"]);
}

#[test]
fn certificates_are_saved_where_downloads_go() {
    let mut desk = Desk::new();
    let client = desk.issued.clients[0].clone();
    let folder = desk.path("ダウンロード");
    desk.downloads_are(&folder);
    let mut save = |format: &str| {
        let arguments = json!({"certificate": id(&client), "format": format});
        let path = desk.done("export-certificate", &arguments)["path"].clone();
        PathBuf::from(path.as_str().unwrap())
    };
    let paths = [save("pem"), save("der"), save("p7b"), save("pem")];
    let serial = openssl::run(&["x509", "-inform", "DER", "-noout", "-serial"], &client);
    let serial = String::from_utf8(serial).unwrap();
    let name = format!(
        "山田 太郎 {}",
        serial.trim().strip_prefix("serial=").unwrap()
    );
    let expected = [
        format!("{name}.pem"),
        format!("{name}.der"),
        format!("{name}.p7b"),
        format!("{name} (2).pem"),
    ]
    .map(|name| folder.join(name));
    assert_eq!(paths, expected);
    let file = |index: usize| fs::read(&paths[index]).unwrap();
    assert_eq!(openssl::run(&["x509", "-outform", "DER"], &file(0)), client);
    assert_eq!(file(1), client);
    let chain = openssl::run(&["pkcs7", "-print_certs"], &file(2));
    let chain = String::from_utf8(chain).unwrap();
    assert_eq!(chain.matches("-----BEGIN CERTIFICATE-----").count(), 3);
    assert_eq!(file(3), file(0));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 4, "nothing else");

    // Where nobody can write, not even root.
    desk.downloads_are(&desk.path("ダウンロード").join(format!("{name}.der")));
    let arguments = json!({"certificate": id(&client), "format": "pem"});
    let error = desk.failed("export-certificate", &arguments);
    assert_eq!(error["name"], "file-not-written");
    let path = error["detail"]["path"].as_str().unwrap();
    assert!(path.ends_with(&format!("{name}.der/{name}.pem")), "{path}");
    let arguments = json!({"certificate": "00".repeat(32), "format": "pem"});
    let error = desk.failed("export-certificate", &arguments);
    assert_eq!(error["name"], "certificate-not-found");
}

/// On a disk without room a file can be made, but nothing written into it.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_nothing_half_saved() {
    const SCRIPT: &str = r#"
        mkdir "$HOME/Downloads"
        mount -t tmpfs -o size=64k none "$HOME/Downloads"
        cat /dev/zero > "$HOME/Downloads/full" 2> /dev/null
        exec "$0" "$1"
    "#;
    let mut host = 0;
    let mut desk = Desk::started_by(
        |_, card| card,
        |home, pcscd| {
            let mut command = namespace();
            command
                .args(["sh", "-c", SCRIPT])
                .args([env!("CARGO_BIN_EXE_kagibashi"), &browser::our_origin()]);
            let browser = Browser::start_by(browser::with_home(command, home, pcscd));
            host = browser.id();
            browser
        },
    );
    // As the host sees it.
    let folder = PathBuf::from(format!("/proc/{host}/root")).join(
        desk.path("Downloads")
            .strip_prefix("/")
            .expect("a home is absolute"),
    );
    let files = || -> Vec<_> {
        let entries = fs::read_dir(&folder).unwrap();
        let mut names: Vec<_> = entries.map(|it| it.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let client = desk.issued.clients[0].clone();
    let arguments = json!({"certificate": id(&client), "format": "pem"});
    let error = desk.failed("export-certificate", &arguments);
    assert_eq!(error["name"], "file-not-written");
    assert_eq!(files(), ["full"]);
    fs::remove_file(folder.join("full")).unwrap();
    desk.done("export-certificate", &arguments);
    assert_eq!(files().len(), 1);
}

/// A database and what certutil sees in it.
struct Nss(PathBuf);

impl Nss {
    fn new(folder: PathBuf) -> Self {
        fs::create_dir_all(&folder).unwrap();
        let database = Self(folder);
        database.run(&["-N", "--empty-password"]);
        database
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new("certutil")
            .args(arguments)
            .arg("-d")
            .arg(format!("sql:{}", self.0.display()))
            .output()
            .expect("certutil is needed (Debian: apt-get install libnss3-tools)");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "certutil {arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Nicknames and trust.
    fn list(&self) -> Vec<(String, String)> {
        let list = self.run(&["-L"]);
        list.lines()
            .skip(4)
            .filter_map(|line| line.trim_end().rsplit_once(' '))
            .map(|(name, trust)| (name.trim_end().to_owned(), trust.to_owned()))
            .collect()
    }
}

#[test]
fn an_authority_is_trusted_and_that_is_undone() {
    let mut desk = Desk::new();
    let (client, root) = (desk.issued.clients[0].clone(), desk.issued.root.clone());
    let chromium = Nss::new(desk.path(".pki/nssdb"));
    let firefox = Nss::new(desk.path(".mozilla/firefox/abcd.default"));
    let file = desk.path("root.der");
    fs::write(&file, &root).unwrap();
    // This person has trusted it before, for something else.
    let known = [
        "-A",
        "-n",
        "mine",
        "-t",
        ",C,",
        "-i",
        file.to_str().unwrap(),
    ];
    firefox.run(&known);
    let modules = fs::read(chromium.0.join("pkcs11.txt")).unwrap();

    let arguments = json!({"certificate": id(&root)});
    let stores = json!([chromium.0.to_str().unwrap(), firefox.0.to_str().unwrap()]);
    for _ in 0..2 {
        let done = desk.done("trust-authority", &arguments);
        assert_eq!(done["stores"], stores);
    }
    let nickname = format!("Kagibashi {}", &id(&root)[..16]);
    assert_eq!(chromium.list(), [(nickname.clone(), "T,,".to_owned())]);
    assert_eq!(firefox.list(), [("mine".to_owned(), "T,C,".to_owned())]);
    assert_eq!(fs::read(chromium.0.join("pkcs11.txt")).unwrap(), modules);
    let list = desk.done("trusted-authorities", &json!({}));
    assert_eq!(list["authorities"][0]["certificate"], id(&root));
    assert_eq!(list["authorities"][0]["stores"], stores);

    // Without the token, and after a profile has gone.
    desk.reader.remove();
    assert_eq!(desk.done("distrust-authority", &arguments), json!({}));
    assert_eq!(chromium.list(), []);
    assert_eq!(firefox.list(), [("mine".to_owned(), ",C,".to_owned())]);
    let list = desk.done("trusted-authorities", &json!({}));
    assert_eq!(list["authorities"], json!([]));
    let error = desk.failed("distrust-authority", &arguments);
    assert_eq!(error["name"], "certificate-not-found");

    desk.reader.insert().unwrap();
    while desk.browser.receive_any().unwrap()["type"] != "token-inserted" {}
    let error = desk.failed("trust-authority", &json!({"certificate": id(&client)}));
    assert_eq!(error["name"], "invalid-arguments");
    // A database that does not let itself be changed: no other is, either.
    let locked = desk.path(".mozilla/firefox/wxyz.locked");
    fs::create_dir_all(&locked).unwrap();
    fs::write(locked.join("cert9.db"), "no database").unwrap();
    let error = desk.failed("trust-authority", &arguments);
    assert_eq!(error["name"], "file-not-written");
    assert_eq!(error["detail"]["path"], locked.to_str().unwrap());
    assert_eq!(chromium.list(), []);
    assert_eq!(firefox.list(), [("mine".to_owned(), ",C,".to_owned())]);
}

/// Chromium that was never started has no database yet.
#[test]
fn a_database_is_made_where_there_is_none() {
    let mut desk = Desk::new();
    let root = json!({"certificate": id(&desk.issued.root)});
    let stores = desk.done("trust-authority", &root)["stores"].clone();
    let folder = desk.path(".local/share/pki/nssdb");
    assert_eq!(stores, json!([folder.to_str().unwrap()]));
    let made = Nss(folder);
    assert_eq!(made.list().len(), 1);
    desk.done("distrust-authority", &root);
    assert_eq!(made.list(), []);

    // With everything else that the person has decided it goes by itself.
    desk.done("trust-authority", &root);
    assert_eq!(made.list().len(), 1);
    let nowhere = Path::new("/nonexistent/pcscd.comm");
    let purge = browser::program(desk.home.path(), nowhere)
        .args(["uninstall", "--purge"])
        .output()
        .unwrap();
    assert!(purge.status.success(), "{purge:?}");
    assert_eq!(made.list(), []);
    assert!(!desk.path("state/kagibashi").exists());
}
