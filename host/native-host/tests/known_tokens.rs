//! Tokens that were read before: by an earlier program, or by this one before
//! another program wrote onto them.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;
mod terminal;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use browser::Browser;
use kagibashi_card_simulator::Settings;
use kagibashi_card_simulator::pcscd::PrivatePcscd;
use kagibashi_card_simulator::personalise::{self, Attributes, Layout, Request};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Each layout, and the commands that a token of it costs that was seen before:
/// six or eleven to know that it is still the same, two for the tries left.
const LAYOUTS: [(Layout, u64); 2] = [
    (Layout::Pkcs15, 6 + 2),
    (Layout::Espk(Attributes::All), 11 + 2),
];

/// Set up yesterday; with another seed an hour later, with other keys.
fn issue(layout: Layout, seed: u64) -> personalise::Token {
    let yesterday = SystemTime::now() - Duration::from_hours(24);
    personalise::company(&Request {
        settings: Settings {
            seed,
            ..Settings::default()
        },
        layout,
        now: yesterday + Duration::from_hours(seed),
        ..Request::default()
    })
}

/// A token that an earlier host has read costs the next one little; what is
/// noted of it is its owner's alone, and goes when everything goes.
#[test]
fn a_token_known_from_before_is_read_at_few_exchanges() {
    for (layout, most) in LAYOUTS {
        let home = tempfile::tempdir().unwrap();
        let pcscd = PrivatePcscd::start().unwrap();
        let card = Arc::new(Mutex::new(issue(layout, 1).card));
        let mut reader = pcscd.insert(card).unwrap();
        let costs = [(); 2].map(|()| {
            let before = reader.card().commands();
            let mut browser = Browser::start(home.path(), &pcscd.socket()).greeted();
            let token = loop {
                let message = browser.receive_any().unwrap();
                if message["type"] == "token-inserted" {
                    break message;
                }
            };
            assert_eq!(token["token"]["label"], "デモトークン");
            assert_eq!(token["token"]["pin"]["triesLeft"], 10);
            browser.close();
            assert!(browser.ended().success());
            let cost = reader.card().commands() - before;
            reader.remove();
            reader.insert().unwrap();
            cost
        });
        println!("{layout:?}: {costs:?} commands");
        assert!(costs[0] > 30 && costs[1] <= most, "{layout:?}: {costs:?}");

        let state = home.path().join("state/kagibashi");
        let notes = || -> Vec<PathBuf> {
            let files = fs::read_dir(&state).into_iter().flatten();
            let files = files.map(|file| file.unwrap().path());
            files
                .filter(|file| {
                    file.file_name()
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .starts_with("token-")
                })
                .collect()
        };
        assert_eq!(notes().len(), 1);
        let mode = fs::metadata(&notes()[0]).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mut program = browser::program(home.path(), &pcscd.socket());
        let uninstalled = terminal::run(program.arg("uninstall"), "");
        assert!(uninstalled.status.success(), "{uninstalled:?}");
        assert!(notes().is_empty());
    }
}

/// The certificates that a page of the extension shows, by their digests.
fn listed(browser: &mut Browser) -> Vec<Value> {
    browser.request(1, "certificates", &json!({}));
    let mut response = browser.next_of("response");
    let certificates = response["result"]["certificates"].as_array_mut().unwrap();
    certificates.iter_mut().map(|it| it["id"].take()).collect()
}

/// No reader tells that another program has written onto a token.
#[test]
fn a_token_rewritten_where_it_is_is_shown_as_it_is_now() {
    for (layout, most) in LAYOUTS {
        let [before, after] = [1, 2].map(|seed| issue(layout, seed));
        let pcscd = PrivatePcscd::start().unwrap();
        let home = tempfile::tempdir().unwrap();
        let reader = pcscd.insert(Arc::new(Mutex::new(before.card))).unwrap();
        let mut browser = Browser::start(home.path(), &pcscd.socket()).greeted();
        while browser.receive_any().unwrap()["type"] != "token-inserted" {}
        for issued in [&before.clients, &after.clients, &after.clients] {
            let client = hex::encode(Sha256::digest(&issued[0]));
            assert_eq!(listed(&mut browser)[0], client, "{layout:?}");
            *reader.card() = after.card.clone();
        }
        let commands = reader.card().commands();
        listed(&mut browser);
        let cost = reader.card().commands() - commands;
        println!("{layout:?}: {cost} commands to show it once more");
        assert!(cost <= most, "{layout:?}: {cost}");

        let arguments = json!({
            "origin": "https://portal.example.jp",
            "challengeNonce": "12345678901234567890123456789012345678901234",
        });
        // Issued once: a second later the same request makes another certificate.
        let last = issue(layout, 3);
        *reader.card() = last.card;
        browser.request(2, "authenticate", &arguments);
        let prompt = browser.next_of("enter-pin");
        let client = hex::encode(Sha256::digest(&last.clients[0]));
        assert_eq!(prompt["view"]["certificates"][0]["id"], client);
    }
}
