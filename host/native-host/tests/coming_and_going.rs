//! What the extension is told of readers and tokens without having asked.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use browser::{Browser, PATIENCE};
use kagibashi_card_simulator::faults::Fault;
use kagibashi_card_simulator::pcscd::PrivatePcscd;
use kagibashi_card_simulator::personalise::{self, Request};
use serde_json::{Value, json};

/// The states of the readers, then the next message of another kind.
fn until(browser: &mut Browser, kind: &str) -> (Vec<Value>, Value) {
    let mut states = Vec::new();
    loop {
        let message = browser.receive_any().expect("the host ended");
        match message["type"].as_str().unwrap() {
            found if found == kind => return (states, message),
            "readers" => states.push(message["readers"][0]["state"].clone()),
            "logins" => {}
            _ => panic!("{kind} expected: {message}"),
        }
    }
}

#[test]
fn a_token_that_comes_and_goes_is_told_of_once_it_was_read() {
    let pcscd = PrivatePcscd::start().unwrap();
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("run")).unwrap();
    let mut browser = Browser::start(home.path(), &pcscd.socket()).greeted();
    let (_, first) = until(&mut browser, "readers");
    assert_eq!(first["readers"][0]["state"], "empty");

    let token = personalise::company(&Request::default());
    let card = Arc::new(Mutex::new(token.card));
    let mut reader = pcscd.insert(Arc::clone(&card)).unwrap();
    let (states, inserted) = until(&mut browser, "token-inserted");
    assert_eq!(states.last().unwrap(), "token");
    let token = &inserted["token"];
    assert_eq!(token["label"], "デモトークン");
    assert_eq!(token["layout"], "PKCS#15");
    assert_eq!(token["mode"], "AES");
    assert_eq!(token["canUnblock"], true);
    assert_eq!(token["memory"], Value::Null);
    assert_eq!(token["pin"]["triesLeft"], 10);
    let commands = reader.card().commands();

    reader.remove();
    let (states, removed) = until(&mut browser, "token-removed");
    assert_eq!(states.last().unwrap(), "empty");
    assert_eq!(removed["token"], *token);

    // Nobody asked, so the card was not asked either, and one that goes while
    // it is read was never there.
    assert_eq!(reader.card().commands(), commands);
    reader.card().faults.plan(3, Fault::Remove);
    reader.insert().unwrap();
    let start = Instant::now();
    while reader.is_inserted() {
        assert!(start.elapsed() < PATIENCE, "the token is not read");
        thread::sleep(Duration::from_millis(10));
    }
    reader.remove();
    reader.card().faults.clear();
    browser.request(1, "tokens", &json!({}));
    let (_, answer) = until(&mut browser, "response");
    assert_eq!(answer["result"]["tokens"], json!([]));
    reader.insert().unwrap();
    let (_, again) = until(&mut browser, "token-inserted");
    assert_eq!(again["token"], *token);
}

#[test]
fn with_the_service_everything_is_gone() {
    let pcscd = PrivatePcscd::start().unwrap();
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("run")).unwrap();
    let token = personalise::company(&Request::default());
    let _reader = pcscd.insert(Arc::new(Mutex::new(token.card))).unwrap();
    let mut browser = Browser::start(home.path(), &pcscd.socket()).greeted();
    until(&mut browser, "token-inserted");
    drop(pcscd);
    until(&mut browser, "token-removed");
    let (_, gone) = until(&mut browser, "readers");
    assert_eq!(gone["readers"], json!([]));
}
