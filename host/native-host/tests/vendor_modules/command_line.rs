//! Modules added and removed at a terminal, and their tokens used there.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::openssl;
use crate::person::Person;
use crate::softhsm::{Key, MODULE, PIN, SoftHsm};

const ORIGIN: &str = "https://portal.example.jp";
const NONCE: &str = "dGVzdC1ub25jZS10ZXN0LW5vbmNlLXRlc3Qtbm9uY2U=";

#[test]
fn a_token_of_an_added_module_signs_in_without_a_smart_card_service() {
    let softhsm = SoftHsm::new();
    softhsm.make_token("デモ");
    let key = Key {
        label: "Yamada",
        kind: "rsa:2048",
        id: "01",
        always_authenticate: false,
    };
    let der = softhsm.make_key("デモ", &key);
    let (variable, value) = softhsm.variable();
    let person = Person::new().with(variable, value);
    let (said, code) = person.fails(&["tokens"], "");
    assert!(
        said.contains("no-smart-card-service") && code == 5,
        "{said}"
    );

    let added = person.json(&["module", "add", MODULE, "--name", "SoftHSM", "--json"]);
    assert_eq!(
        (&added["name"], &added["tokens"]),
        (&json!("SoftHSM"), &json!(1)),
        "{added}"
    );
    assert_eq!(added["manufacturer"], "SoftHSM");
    let mode = fs::metadata(person.modules_file())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    let tokens = person.json(&["tokens", "--json"]);
    assert_eq!(tokens.as_array().unwrap().len(), 1, "{tokens}");
    assert_eq!(
        (&tokens[0]["label"], &tokens[0]["layout"]),
        (&json!("デモ"), &json!("PKCS#11"))
    );
    let certificates = person.json(&["certificates", "--json"]);
    assert_eq!(certificates[0]["state"], "usable", "{certificates}");

    let authenticate = [
        "authenticate",
        "--origin",
        ORIGIN,
        "--nonce",
        NONCE,
        "--pin-stdin",
    ];
    let (said, _) = person.fails(&authenticate, "not-the-pin\n");
    assert!(said.contains("wrong-pin"), "{said}");
    let token = person.done(&authenticate, PIN);
    let token: serde_json::Value = serde_json::from_str(&token).unwrap();
    let signed = [Sha256::digest(ORIGIN), Sha256::digest(NONCE)].concat();
    let signature = STANDARD
        .decode(token["signature"].as_str().unwrap())
        .unwrap();
    openssl::verifies(&der, "sha256", &[], &signed, &signature);

    let listed = person.json(&["module", "list", "--json"]);
    assert_eq!(listed["modules"], json!([added]));
    let paths: Vec<_> = listed["suggestions"].as_array().unwrap().iter().collect();
    assert!(paths.iter().all(|it| it["path"] != MODULE), "{listed}");
    let diagnosis: serde_json::Value =
        serde_json::from_slice(&person.run(&["doctor", "--json"], "").stdout).unwrap();
    let ids = diagnosis.to_string();
    assert!(
        ids.contains("vendor-module-ok") && ids.contains("token-ok"),
        "{ids}"
    );

    person.done(&["module", "remove", "SoftHSM"], "");
    let (said, _) = person.fails(&["tokens"], "");
    assert!(said.contains("no-smart-card-service"), "{said}");
}

#[test]
fn a_module_that_is_not_to_be_trusted_is_refused_with_a_reason() {
    let person = Person::new();
    let folder = person.folder().join("lib");
    fs::create_dir(&folder).unwrap();
    let file = |name: &str, mode: u32| {
        let path = folder.join(name);
        fs::copy(MODULE, &path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let writable = file("writable.so", 0o666);
    let ours = file("libkagibashi_pkcs11.so", 0o644);
    let text = folder.join("text.so");
    fs::write(&text, "no library").unwrap();
    let no_module = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";
    let softhsm = SoftHsm::new();
    let (variable, value) = softhsm.variable();
    let person = person.with(variable, value);
    let add = |path: &str| person.fails(&["module", "add", path], "");
    let cases = [
        ("libsofthsm2.so", "path-relative"),
        ("/nonexistent/module.so", "file-unreadable"),
        (folder.to_str().unwrap(), "file-not-regular"),
        (text.to_str().unwrap(), "file-not-library"),
        (writable.as_str(), "file-writable-by-others"),
        (ours.as_str(), "own-module"),
        (no_module, "not-loaded"),
    ];
    for (path, id) in cases {
        let (said, code) = add(path);
        assert!(said.contains(&format!("[{id}]")), "{path}: {said}");
        // Situation, advice, and the name of both.
        assert_eq!(said.lines().count(), 3, "{said}");
        assert_eq!(code, 5, "{path}");
    }
    let named = |name: &str| person.fails(&["module", "add", MODULE, "--name", name], "");
    assert!(named("a: b").0.contains("[name-invalid]"));
    assert!(!person.modules_file().exists(), "nothing was added");

    person.done(&["module", "add", MODULE], "");
    assert!(named("another").0.contains("[already-added]"));
    let (said, _) = person.fails(&["module", "remove", "another"], "");
    assert!(said.contains("[unknown-module]"), "{said}");

    // What has become bad since is not loaded any more, and named.
    let good = file("good.so", 0o644);
    person.done(&["module", "remove", "libsofthsm2"], "");
    person.done(&["module", "add", &good, "--name", "Good"], "");
    fs::set_permissions(&good, fs::Permissions::from_mode(0o666)).unwrap();
    let listed = person.json(&["module", "list", "--json"]);
    assert_eq!(
        listed["modules"][0]["trouble"]["id"],
        "file-writable-by-others"
    );
    let (said, _) = person.fails(&["authenticate", "--origin", ORIGIN, "--nonce", NONCE], "");
    assert!(said.contains("module-failed"), "{said}");
}
