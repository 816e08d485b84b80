//! Foreign programs as referees: OpenSC's, NSS's, OpenSSL's, binutils'.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::Command;

use kagibashi_pkcs11_tests::host::{Host, program};
use kagibashi_pkcs11_tests::module::library;
use kagibashi_pkcs11_tests::scenario::{alone, run};
use kagibashi_pkcs11_tests::token::{P256, SoftToken};

const PIN: &str = "12345678";

/// Runs a program that must do well, and gives what it said.
fn good(program: &mut Command) -> String {
    let (good, said) = run(program);
    assert!(good, "{program:?}:\n{said}");
    said
}

/// pkcs11-tool in a process with a host of its own, as a browser is: the shell
/// starts the host, and then becomes the tool.
fn tool_with_host(arguments: &str) -> Command {
    let script = format!(
        "'{host}' browser 1 >/dev/null 2>&1 </dev/null &\n\
         until [ -S \"$XDG_RUNTIME_DIR/kagibashi/browser-$$\" ]; do sleep 0.05; done\n\
         exec pkcs11-tool --module '{module}' {arguments}",
        host = program().display(),
        module = library().display(),
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]);
    shell
}

/// pkcs11-tool like any program.
fn tool(arguments: &[&str]) -> Command {
    let mut tool = Command::new("pkcs11-tool");
    tool.arg("--module").arg(library()).args(arguments);
    tool
}

fn write_public_key(token: &SoftToken, folder: &Path) -> String {
    let certificate = folder.join("certificate.der");
    fs::write(&certificate, &token.certificate().der).unwrap();
    let key = folder.join("key.pem").display().to_string();
    let openssl = ["x509", "-inform", "DER", "-pubkey", "-noout", "-in"];
    let pem = good(Command::new("openssl").args(openssl).arg(certificate));
    fs::write(&key, pem).unwrap();
    key
}

#[test]
fn asks_nobody_in_the_process_of_another_module() {
    let (good, said) = run(tool(&["-L"]).env("KAGIBASHI_MODULE_WORKER", "1"));
    assert!(!good && said.contains("C_Initialize"), "{said}");
}

#[test]
fn exports_one_symbol() {
    let said = good(
        Command::new("nm")
            .args(["-D", "--defined-only"])
            .arg(library()),
    );
    let symbols: Vec<&str> = said
        .lines()
        .filter_map(|line| line.split(' ').nth(2))
        .collect();
    assert_eq!(symbols, ["C_GetFunctionList"]);
}

#[test]
fn pkcs11_tool_shows_and_signs_as_a_browser_would() {
    alone("pkcs11_tool_shows_and_signs_as_a_browser_would", || {
        let slots = good(&mut tool_with_host("-L"));
        assert!(
            slots.contains("token label        : デモトークン"),
            "{slots}"
        );
        assert!(
            slots.contains("token flags        : token initialized, readonly\n"),
            "{slots}"
        );
        assert!(!slots.contains("login required"), "{slots}");
        assert_eq!(slots.matches("(empty)").count(), 3, "{slots}");
        let mechanisms = good(&mut tool_with_host("-M"));
        let lines: Vec<&str> = mechanisms
            .lines()
            .filter(|it| it.starts_with("  "))
            .collect();
        assert_eq!(
            lines,
            [
                "  RSA-PKCS, keySize={1024,4096}, hw, sign",
                "  RSA-PKCS-PSS, keySize={1024,4096}, hw, sign"
            ]
        );
        let objects = good(&mut tool_with_host("-O"));
        for (object, count) in [
            ("Certificate Object; type = X.509 cert", 2),
            ("Private Key Object; RSA", 1),
            ("Public Key Object; RSA 2048 bits", 1),
        ] {
            assert_eq!(objects.matches(object).count(), count, "{objects}");
        }
        let id = objects
            .lines()
            .find_map(|line| line.split("ID:").nth(1))
            .unwrap()
            .trim();

        let folder = tempfile::tempdir().unwrap();
        let key = write_public_key(&SoftToken::new(1), folder.path());
        let path = |name: &str| folder.path().join(name).display().to_string();
        let (message, hash, info, signature) = (path("m"), path("h"), path("i"), path("s"));
        fs::write(&message, "鍵橋").unwrap();
        good(Command::new("openssl").args(["dgst", "-sha256", "-binary", "-out", &hash, &message]));
        let mut digest_info = hex::decode("3031300d060960864801650304020105000420").unwrap();
        digest_info.extend(fs::read(&hash).unwrap());
        fs::write(&info, digest_info).unwrap();

        good(&mut tool_with_host(&format!(
            "--sign -m RSA-PKCS-PSS --hash-algorithm SHA256 --mgf MGF1-SHA256 --salt-len 32 \
             --id {id} -i {hash} -o {signature}"
        )));
        let pss = ["rsa_padding_mode:pss", "rsa_pss_saltlen:32"];
        let said = good(
            Command::new("openssl")
                .args(["dgst", "-sha256", "-verify", &key, "-signature", &signature])
                .args(pss.iter().flat_map(|option| ["-sigopt", option]))
                .arg(&message),
        );
        assert_eq!(said, "Verified OK\n");
        good(&mut tool_with_host(&format!(
            "--sign -m RSA-PKCS --id {id} -i {info} -o {signature}"
        )));
        let verify = [
            "dgst",
            "-sha256",
            "-verify",
            &key,
            "-signature",
            &signature,
            &message,
        ];
        assert_eq!(good(Command::new("openssl").args(verify)), "Verified OK\n");

        // What is no DigestInfo gets no signature.
        let (done, said) = run(&mut tool_with_host(&format!(
            "--sign -m RSA-PKCS --id {id} -i {message} -o {signature}"
        )));
        assert!(!done && said.contains("CKR_DATA_LEN_RANGE"), "{said}");
    });
}

#[test]
fn pkcs11_tool_finds_no_errors_in_classic_mode() {
    alone("pkcs11_tool_finds_no_errors_in_classic_mode", || {
        let mut agent = Host::agent(&[1]);
        let login = ["--login", "--pin", PIN];
        let said = good(&mut tool(&[&login[..], &["--test"]].concat()));
        assert!(said.contains("\nNo errors\n"), "{said}");
        assert!(
            said.contains("all 4 signature functions seem to work"),
            "{said}"
        );
        assert!(said.contains("RSA-PKCS: OK"), "{said}");
        assert!(agent.count().sign >= 4);
        // The login ends with the program.
        agent.wait_for_open(0);

        let objects = good(&mut tool(&["-O"]));
        assert!(!objects.contains("Private Key Object"), "{objects}");
        let objects = good(&mut tool(&[&login[..], &["-O"]].concat()));
        assert!(objects.contains("Private Key Object"), "{objects}");
        let (done, said) = run(&mut tool(&["--login", "--pin", "00000000", "-O"]));
        assert!(!done && said.contains("CKR_PIN_INCORRECT"), "{said}");
        let slots = good(&mut tool(&["-L"]));
        assert!(slots.contains("login required"), "{slots}");
        assert!(slots.contains("user PIN count low"), "{slots}");

        let folder = tempfile::tempdir().unwrap();
        let key = write_public_key(&SoftToken::new(1), folder.path());
        let path = |name: &str| folder.path().join(name).display().to_string();
        let (message, signature) = (path("m"), path("s"));
        // Longer than one part of C_SignUpdate.
        fs::write(&message, vec![b'x'; 100_000]).unwrap();
        for (mechanism, hash) in [
            ("SHA256-RSA-PKCS", "-sha256"),
            ("SHA384-RSA-PKCS", "-sha384"),
            ("SHA512-RSA-PKCS", "-sha512"),
        ] {
            let sign = ["--sign", "-m", mechanism, "-i", &message, "-o", &signature];
            good(&mut tool(&[&login[..], &sign].concat()));
            let verify = [
                "dgst",
                hash,
                "-verify",
                &key,
                "-signature",
                &signature,
                &message,
            ];
            assert_eq!(
                good(Command::new("openssl").args(verify)),
                "Verified OK\n",
                "{mechanism}"
            );
        }
        good(&mut tool(&["--test-fork"]));
    });
}

#[test]
fn pkcs11_tool_signs_with_a_key_on_a_curve() {
    alone("pkcs11_tool_signs_with_a_key_on_a_curve", || {
        let _agent = Host::agent(&[P256]);
        let login = ["--login", "--pin", PIN];
        let said = good(&mut tool(&[&login[..], &["--test"]].concat()));
        assert!(said.contains("\nNo errors\n"), "{said}");
        let objects = good(&mut tool(&[&login[..], &["-O"]].concat()));
        for object in [
            "Private Key Object; EC",
            "Public Key Object; EC  EC_POINT 256 bits",
            "EC_PARAMS:  06082a8648ce3d030107",
        ] {
            assert!(objects.contains(object), "{objects}");
        }
        let mechanisms = good(&mut tool(&["-M"]));
        assert!(
            mechanisms.contains("  ECDSA, keySize={256,521}, hw, sign"),
            "{mechanisms}"
        );
        assert!(!mechanisms.contains("RSA"), "{mechanisms}");

        let folder = tempfile::tempdir().unwrap();
        let key = write_public_key(&SoftToken::new(P256), folder.path());
        let path = |name: &str| folder.path().join(name).display().to_string();
        let (message, hash, signature) = (path("m"), path("h"), path("s"));
        fs::write(&message, "鍵橋").unwrap();
        for function in ["-sha1", "-sha256", "-sha512"] {
            good(
                Command::new("openssl")
                    .args(["dgst", function, "-binary", "-out", &hash, &message]),
            );
            let sign = ["--sign", "-m", "ECDSA", "--signature-format", "openssl"];
            let files = ["-i", &hash, "-o", &signature];
            good(&mut tool(&[&login[..], &sign, &files].concat()));
            let verify = ["dgst", function, "-verify", &key, "-signature", &signature];
            let said = good(Command::new("openssl").args(verify).arg(&message));
            assert_eq!(said, "Verified OK\n", "{function}");
        }
        let sign = ["--sign", "-m", "ECDSA-SHA384", "--signature-format"];
        let files = ["openssl", "-i", &message, "-o", &signature];
        good(&mut tool(&[&login[..], &sign, &files].concat()));
        let verify = ["dgst", "-sha384", "-verify", &key, "-signature", &signature];
        let said = good(Command::new("openssl").args(verify).arg(&message));
        assert_eq!(said, "Verified OK\n");
    });
}

/// NSS with a database of its own, as `kagibashi install` leaves it.
#[test]
fn nss_takes_the_module() {
    alone("nss_takes_the_module", || {
        let _agent = Host::agent(&[1]);
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sql:{}", folder.path().display());
        good(Command::new("certutil").args(["-N", "-d", &database, "--empty-password"]));
        let modutil = |arguments: &[&str]| {
            let mut modutil = Command::new("modutil");
            modutil
                .args(["-force", "-dbdir", &database])
                .args(arguments);
            good(&mut modutil)
        };
        let module = library().display().to_string();
        let said = modutil(&["-add", "Kagibashi", "-libfile", &module]);
        assert!(
            said.contains("Module \"Kagibashi\" added to database."),
            "{said}"
        );
        let said = modutil(&["-list"]);
        assert!(said.contains("slots: 4 slots attached"), "{said}");
        assert!(said.contains("token: デモトークン"), "{said}");
        let pin = folder.path().join("pin");
        fs::write(&pin, PIN).unwrap();
        let said = good(
            Command::new("certutil")
                .args(["-L", "-d", &database, "-h", "all", "-f"])
                .arg(&pin),
        );
        // Trust "u": NSS has found the key that goes with it.
        let ours = said
            .lines()
            .find(|line| line.starts_with("デモトークン:山田"));
        assert!(
            ours.is_some_and(|line| line.trim_end().ends_with("u,u,u")),
            "{said}"
        );
    });
}
