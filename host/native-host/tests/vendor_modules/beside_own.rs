//! A token that our own driver and a module offer is there once: OpenSC's
//! module on a software ePass2003.

use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kagibashi_card_simulator::pcscd::PrivatePcscd;
use kagibashi_card_simulator::personalise::{self, Request};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::hostile::compile;
use crate::openssl;
use crate::person::Person;

const PIN: &str = "12345678";
const ORIGIN: &str = "https://portal.example.jp";
const NONCE: &str = "dGVzdC1ub25jZS10ZXN0LW5vbmNlLXRlc3Qtbm9uY2U=";
const PATIENCE: Duration = Duration::from_secs(30);

/// Where OpenSC's module is.
pub fn opensc() -> String {
    let kinds = std::fs::read_dir("/usr/lib").unwrap().flatten();
    let mut places = kinds.map(|kind| kind.path().join("opensc-pkcs11.so"));
    let found = places.find(|path| path.exists());
    found
        .expect("OpenSC's module is needed (Debian: apt-get install opensc-pkcs11)")
        .to_str()
        .unwrap()
        .to_owned()
}

fn signs_in(person: &Person, der: &[u8]) {
    let authenticate = [
        "authenticate",
        "--origin",
        ORIGIN,
        "--nonce",
        NONCE,
        "--pin-stdin",
    ];
    let token = person.done(&authenticate, PIN);
    let token: Value = serde_json::from_str(&token).unwrap();
    let signed = [Sha256::digest(ORIGIN), Sha256::digest(NONCE)].concat();
    let signature = STANDARD
        .decode(token["signature"].as_str().unwrap())
        .unwrap();
    openssl::verifies(der, "sha256", &[], &signed, &signature);
}

#[test]
fn a_token_that_two_offer_is_there_once_ours_first() {
    let pcscd = PrivatePcscd::start().unwrap();
    let issued = personalise::company(&Request::default());
    let _reader = pcscd.insert(Arc::new(Mutex::new(issued.card))).unwrap();
    let person = Person::new().with("PCSCLITE_CSOCK_NAME", pcscd.socket());
    let models = || -> Vec<Value> {
        let output = person.run(&["tokens", "--json"], "");
        let tokens: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let tokens = tokens.as_array().into_iter().flatten();
        tokens.map(|token| token["layout"].clone()).collect()
    };
    // The service may not have noticed the token yet.
    let start = Instant::now();
    while models() != [json!("PKCS#15")] {
        assert!(start.elapsed() < PATIENCE, "the token is not listed");
    }
    let added = person.json(&["module", "add", &opensc(), "--name", "OpenSC", "--json"]);
    assert_eq!(added["tokens"], 1, "{added}");
    assert_eq!(models(), [json!("PKCS#15")]);
    signs_in(&person, &issued.clients[0]);

    person.done(&["module", "prefer", "OpenSC", "module"], "");
    assert_eq!(models(), [json!("PKCS#11")]);
    signs_in(&person, &issued.clients[0]);

    person.done(&["module", "prefer", "OpenSC", "own"], "");
    assert_eq!(models(), [json!("PKCS#15")]);
}

#[test]
fn a_token_that_a_module_has_in_a_reader_of_another_name_is_known_by_its_serial_number() {
    let pcscd = PrivatePcscd::start().unwrap();
    let issued = personalise::company(&Request::default());
    let _reader = pcscd.insert(Arc::new(Mutex::new(issued.card))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let module = compile(folder.path(), "vendor.so", &[]);
    let behaviour = folder.path().join("behaviour");
    std::fs::write(&behaviour, "well").unwrap();
    let person = Person::new()
        .with("PCSCLITE_CSOCK_NAME", pcscd.socket())
        .with("HOSTILE_BEHAVIOUR", behaviour);
    let all = |person: &Person, key: &str| -> Vec<String> {
        let output = person.run(&["tokens", "--json"], "");
        let tokens: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let tokens = tokens.as_array().into_iter().flatten();
        tokens
            .map(|token| token[key].as_str().unwrap().to_owned())
            .collect()
    };
    let serials = |person: &Person| all(person, "serial");
    let start = Instant::now();
    while serials(&person).is_empty() {
        assert!(start.elapsed() < PATIENCE, "the token is not listed");
    }
    let own = serials(&person).remove(0);
    person.done(&["module", "add", module.to_str().unwrap()], "");
    assert_eq!(serials(&person), [own.as_str(), "0815"]);
    let person = person.with("HOSTILE_SERIAL", own.to_lowercase());
    assert_eq!(serials(&person), [own.as_str()]);
    assert_eq!(all(&person, "layout"), ["PKCS#15"]);

    // The other one is left out if the person says so, with its certificates.
    let certificates = || -> usize {
        let all = person.json(&["certificates", "--json"]);
        all.as_array().unwrap().len()
    };
    let of_own = certificates();
    assert!(of_own > 1, "{of_own}");
    person.done(&["module", "prefer", "vendor", "module"], "");
    assert_eq!(serials(&person), [own.to_lowercase()]);
    assert_eq!(all(&person, "layout"), ["PKCS#11"]);
    assert_eq!(certificates(), 1);
    person.done(&["module", "prefer", "vendor", "own"], "");
    assert_eq!(all(&person, "layout"), ["PKCS#15"]);
    assert_eq!(certificates(), of_own);
}
