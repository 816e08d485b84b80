//! Several tokens at once: they are told apart by what they are, not by where
//! they are.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;

use std::sync::{Arc, LazyLock, Mutex};
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use browser::Browser;
use kagibashi_card_simulator::pcscd::PrivatePcscd;
use kagibashi_card_simulator::personalise::{self, Request};
use kagibashi_card_simulator::settings::Settings;
use kagibashi_card_simulator::vpcd::SharedCard;
use serde_json::{Value, json};

const PIN: &str = "12345678";
const NONCE: &str = "12345678901234567890123456789012345678901234";

static NOW: LazyLock<SystemTime> = LazyLock::new(SystemTime::now);

/// Another card of that number, with the same keys and certificates if it has
/// the same seed.
fn request(number: u8, seed: u64) -> Request {
    Request {
        settings: Settings {
            serial: [number; 8],
            seed,
            ..Settings::default()
        },
        now: *NOW,
        ..Request::default()
    }
}

fn shared(token: personalise::Token) -> SharedCard {
    Arc::new(Mutex::new(token.card))
}

/// A browser, and a service with two readers of the same make.
struct Desk {
    browser: Browser,
    pcscd: PrivatePcscd,
    _home: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let pcscd = PrivatePcscd::start().unwrap();
        let home = tempfile::tempdir().unwrap();
        let browser = Browser::start(home.path(), &pcscd.socket()).greeted();
        Self {
            browser,
            pcscd,
            _home: home,
        }
    }

    /// The next of the tokens that come (`token-inserted`) or go.
    fn next(&mut self, kind: &str) -> Value {
        loop {
            let mut message = self.browser.receive_any().expect("the host ended");
            if message["type"] == kind {
                return message["token"].take();
            }
        }
    }

    fn certificates(&mut self) -> Value {
        self.browser.request(7, "certificates", &json!({}));
        self.browser.next_of("response")["result"].take()
    }

    /// Asks for a sign-in; what the window shows then.
    fn authenticate(&mut self) {
        let arguments = json!({"origin": "https://portal.example.jp", "challengeNonce": NONCE});
        self.browser.request(1, "authenticate", &arguments);
    }

    fn enter(&mut self, prompt: &Value, certificate: &Value, pin: &str) {
        let answer = json!({
            "certificate": certificate["id"],
            "token": certificate["token"],
            "pin": pin,
            "lastTryConfirmed": false,
        });
        self.browser.answer(prompt, &answer);
    }
}

/// The tries left of a token that a window shows.
fn tries(view: &Value, token: &Value) -> u64 {
    let tokens = view["tokens"].as_array().unwrap();
    let found = tokens.iter().find(|it| it["id"] == *token).unwrap();
    found["pin"]["triesLeft"].as_u64().unwrap()
}

#[test]
fn the_same_certificate_on_two_tokens_is_used_on_the_one_that_was_chosen() {
    let mut desk = Desk::new();
    let [original, twin] = [1, 2].map(|number| shared(personalise::company(&request(number, 5))));
    let _first = desk.pcscd.insert(original).unwrap();
    let one = desk.next("token-inserted")["id"].take();
    let _second = desk.pcscd.insert_beside(twin).unwrap();
    let two = desk.next("token-inserted")["id"].take();
    assert_ne!(one, two);

    desk.authenticate();
    let mut prompt = desk.browser.next_of("enter-pin");
    for (expected, pin) in [(10, "00000000"), (9, PIN)] {
        let offered = prompt["view"]["certificates"].as_array().unwrap();
        assert_eq!(offered.len(), 2);
        assert_eq!(offered[0]["id"], offered[1]["id"]);
        let chosen = offered.iter().find(|it| it["token"] == two).unwrap();
        assert_eq!(tries(&prompt["view"], &two), expected);
        assert_eq!(tries(&prompt["view"], &one), 10);
        desk.enter(&prompt, chosen, pin);
        if pin != PIN {
            let again = desk.browser.next_of("enter-pin");
            let same = json!({"certificate": chosen["id"], "token": two});
            assert_eq!(again["view"]["chosen"], same);
            prompt = again;
        }
    }
    desk.browser.next_of("response");

    // A handshake waits for one of them, and the other is not offered for it.
    let certificate = &prompt["view"]["certificates"][0]["id"];
    let arguments = json!({
        "origin": null, "certificate": certificate, "token": two, "idleSeconds": 600,
    });
    desk.browser.request(2, "log-in", &arguments);
    let prompt = desk.browser.next_of("enter-pin");
    let offered = prompt["view"]["certificates"].as_array().unwrap();
    assert_eq!(offered.len(), 1);
    assert_eq!(offered[0]["token"], two);
}

#[test]
fn tokens_keep_their_names_whatever_reader_they_are_in() {
    let mut desk = Desk::new();
    let [a, b] = [1, 2].map(|number| personalise::company(&request(number, number.into())));
    let client_of_a = a.clients[0].clone();
    let [a, b] = [a, b].map(shared);

    let mut left = desk.pcscd.insert(Arc::clone(&a)).unwrap();
    let token_a = desk.next("token-inserted");
    let mut right = desk.pcscd.insert_beside(Arc::clone(&b)).unwrap();
    let token_b = desk.next("token-inserted");
    assert_ne!(token_a["reader"], token_b["reader"]);

    // Pulled in the order they came in, put back crosswise.
    left.remove();
    assert_eq!(desk.next("token-removed")["id"], token_a["id"]);
    right.remove();
    assert_eq!(desk.next("token-removed")["id"], token_b["id"]);
    let _left = desk.pcscd.insert(b).unwrap();
    let again_b = desk.next("token-inserted");
    let _right = desk.pcscd.insert_beside(a).unwrap();
    let again_a = desk.next("token-inserted");
    for (before, after) in [(&token_a, &again_a), (&token_b, &again_b)] {
        assert_eq!(before["id"], after["id"]);
        assert_ne!(before["reader"], after["reader"]);
    }

    desk.authenticate();
    let prompt = desk.browser.next_of("enter-pin");
    let offered = prompt["view"]["certificates"].as_array().unwrap();
    assert_eq!(offered.len(), 2);
    let of_a = offered.iter().find(|it| it["token"] == token_a["id"]);
    desk.enter(&prompt, of_a.unwrap(), PIN);
    let signed = desk.browser.next_of("response");
    assert_eq!(
        signed["result"]["unverifiedCertificate"],
        STANDARD.encode(client_of_a)
    );
}

#[test]
fn a_token_without_certificates_is_in_nobodys_way() {
    let mut desk = Desk::new();
    let bare = personalise::without_certificates(&request(3, 5));
    let _bare = desk.pcscd.insert(shared(bare)).unwrap();
    let bare = desk.next("token-inserted");
    assert_eq!(bare["label"], "デモトークン");
    assert_eq!(desk.certificates()["certificates"], json!([]));
    desk.authenticate();
    let waiting = desk.browser.next_of("waiting-for-token");
    assert_eq!(waiting["view"]["reason"], "no-usable-certificate");

    // The window goes on by itself when one comes that has some.
    let company = personalise::company(&request(4, 5));
    let _beside = desk.pcscd.insert_beside(shared(company)).unwrap();
    let prompt = desk.browser.next_of("enter-pin");
    let offered = prompt["view"]["certificates"].as_array().unwrap();
    assert_eq!(offered.len(), 1);
    let tokens = prompt["view"]["tokens"].as_array().unwrap();
    assert!(tokens.iter().all(|it| it["id"] != bare["id"]));
    desk.enter(&prompt, &offered[0], PIN);
    desk.browser.next_of("response");
    let all = desk.certificates();
    assert_eq!(all["tokens"].as_array().unwrap().len(), 2);
    assert_eq!(all["certificates"].as_array().unwrap().len(), 3);
}
