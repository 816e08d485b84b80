//! The host between a person and a token: every step, every ending.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;
mod openssl;

use std::fs;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use browser::Browser;
use kagibashi_card_simulator::faults::Fault;
use kagibashi_card_simulator::pcscd::PrivatePcscd;
use kagibashi_card_simulator::personalise::{self, Request};
use kagibashi_card_simulator::vpcd::Reader;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const PIN: &str = "12345678";
const ORIGIN: &str = "https://portal.example.jp";
const NONCE: &str = "dGVzdC1ub25jZS10ZXN0LW5vbmNlLXRlc3Qtbm9uY2U=";

/// A computer with a token, and a browser on it.
struct Desk {
    browser: Browser,
    reader: Reader,
    client: Vec<u8>,
    home: tempfile::TempDir,
    pcscd: PrivatePcscd,
}

impl Desk {
    fn new() -> Self {
        Self::with(personalise::company(&Request::default()))
    }

    fn with(token: personalise::Token) -> Self {
        let pcscd = PrivatePcscd::start().unwrap();
        let home = tempfile::tempdir().unwrap();
        let client = token.clients[0].clone();
        let reader = pcscd.insert(Arc::new(Mutex::new(token.card))).unwrap();
        let browser = Browser::start(home.path(), &pcscd.socket()).greeted();
        Self {
            browser,
            reader,
            client,
            home,
            pcscd,
        }
    }

    fn authenticate(&mut self, request: u32) {
        let arguments = json!({"origin": ORIGIN, "challengeNonce": NONCE});
        self.browser.request(request, "authenticate", &arguments);
    }

    /// Asks to sign in and waits for the PIN prompt.
    fn asked_for_pin(&mut self) -> Value {
        self.authenticate(1);
        self.browser.next_of("enter-pin")
    }

    fn enter(&mut self, prompt: &Value, pin: &str, confirmed: bool) {
        let certificate = &prompt["view"]["certificates"][0];
        let answer = json!({"certificate": certificate["id"], "token": certificate["token"], "pin": pin, "lastTryConfirmed": confirmed});
        self.browser.answer(prompt, &answer);
    }

    /// The window says that the token is not there. Which of the two it says
    /// depends on who was faster, the service or the host.
    fn without_token(&mut self) {
        let waiting = self.browser.next_of("waiting-for-token");
        let reason = waiting["view"]["reason"].as_str().unwrap();
        assert!(["no-token", "token-removed"].contains(&reason), "{reason}");
    }

    fn cancel(&mut self) {
        self.browser
            .send(&json!({"type": "cancel", "request": 1, "reason": "cancelled"}));
        self.browser.fails_with("cancelled");
    }

    /// Everything that was written to the log, in all files.
    fn log(&self) -> String {
        fs::read_dir(self.home.path().join("state/kagibashi"))
            .unwrap()
            .map(|file| file.unwrap().path())
            // What else is noted there is what everybody can read on the token.
            .filter(|file| file.extension().is_none_or(|it| it != "json"))
            .map(|file| fs::read_to_string(file).unwrap())
            .collect()
    }
}

fn tries(prompt: &Value) -> &Value {
    &prompt["view"]["tokens"][0]["pin"]["triesLeft"]
}

#[test]
fn signs_in_and_says_what_it_does() {
    let mut desk = Desk::new();
    let prompt = desk.asked_for_pin();
    assert_eq!(prompt["operation"], "authenticate");
    assert_eq!(prompt["site"]["origin"], ORIGIN);
    let certificates = prompt["view"]["certificates"].as_array().unwrap();
    assert_eq!(certificates.len(), 1, "authorities are not offered");
    assert_eq!(certificates[0]["holder"], "山田 太郎");
    assert_eq!(certificates[0]["certificateId"], "FC12345678");
    assert_eq!(certificates[0]["state"], "usable");
    assert_eq!(*tries(&prompt), 10);

    desk.enter(&prompt, PIN, false);
    let mut stages = Vec::new();
    let response = loop {
        let message = desk.browser.receive().unwrap();
        if message["type"] == "response" {
            break message;
        }
        stages.push(message["view"]["stage"].as_str().unwrap().to_owned());
    };
    assert_eq!(stages, ["verifying-pin", "signing"]);
    let result = &response["result"];
    assert_eq!(result["format"], "web-eid:1.0");
    assert_eq!(result["algorithm"], "RS256");
    assert_eq!(
        result["unverifiedCertificate"],
        STANDARD.encode(&desk.client)
    );
    let signed = [Sha256::digest(ORIGIN), Sha256::digest(NONCE)].concat();
    let signature = STANDARD
        .decode(result["signature"].as_str().unwrap())
        .unwrap();
    openssl::verifies(&desk.client, "sha256", &[], &signed, &signature);

    // A second sign-in asks again: nothing stays logged in.
    let prompt = desk.asked_for_pin();
    desk.cancel();
    assert_eq!(*tries(&prompt), 10);

    let log = desk.log();
    for secret in [PIN, NONCE, result["signature"].as_str().unwrap()] {
        assert!(!log.contains(secret), "the log holds {secret}");
    }
}

#[test]
fn a_wrong_pin_costs_one_try_and_is_asked_again() {
    let mut desk = Desk::new();
    let prompt = desk.asked_for_pin();
    desk.enter(&prompt, "00000000", false);
    let again = desk.browser.next_of("enter-pin");
    assert_eq!(again["view"]["notice"], "wrong-pin");
    assert_eq!(*tries(&again), 9);
    let offered = &again["view"]["certificates"][0];
    let chosen = json!({"certificate": offered["id"], "token": offered["token"]});
    assert_eq!(again["view"]["chosen"], chosen);

    // What can't be a PIN never reaches the card.
    let mut prompt = again;
    for (pin, notice) in [
        ("123", "pin-too-short"),
        ("12345678901234567", "pin-too-long"),
        ("\u{ff11}\u{ff12}\u{ff13}\u{ff14}", "pin-not-ascii"),
    ] {
        desk.enter(&prompt, pin, false);
        prompt = desk.browser.next_of("enter-pin");
        assert_eq!(prompt["view"]["notice"], notice);
        assert_eq!(*tries(&prompt), 9);
    }
    desk.enter(&prompt, PIN, false);
    desk.browser.next_of("response");
    assert_eq!(
        *tries(&desk.asked_for_pin()),
        10,
        "the right PIN refills the tries"
    );
}

#[test]
fn the_last_try_needs_a_yes_and_then_locks() {
    let request = Request {
        tries: 3,
        ..Request::default()
    };
    let mut desk = Desk::with(personalise::company(&request));
    let mut prompt = desk.asked_for_pin();
    for left in [2, 1] {
        desk.enter(&prompt, "00000000", false);
        prompt = desk.browser.next_of("enter-pin");
        assert_eq!(*tries(&prompt), left);
    }
    desk.enter(&prompt, PIN, false);
    prompt = desk.browser.next_of("enter-pin");
    assert_eq!(prompt["view"]["notice"], "last-try-not-confirmed");
    assert_eq!(
        *tries(&prompt),
        1,
        "no try was spent, not even on the right PIN"
    );

    desk.enter(&prompt, "00000000", true);
    prompt = desk.browser.next_of("enter-pin");
    assert_eq!(prompt["view"]["tokens"][0]["pin"]["locked"], true);
    desk.enter(&prompt, PIN, true);
    prompt = desk.browser.next_of("enter-pin");
    assert_eq!(prompt["view"]["tokens"][0]["pin"]["locked"], true);
    desk.cancel();
}

#[test]
fn an_answer_to_an_older_prompt_is_dropped() {
    let mut desk = Desk::new();
    let first = desk.asked_for_pin();
    desk.enter(&first, "00000000", false);
    let second = desk.browser.next_of("enter-pin");
    desk.enter(&first, "00000000", false);
    desk.enter(&second, "00000000", false);
    let third = desk.browser.next_of("enter-pin");
    assert_eq!(*tries(&third), 8, "two tries, not three");
    desk.cancel();
}

#[test]
fn a_token_that_goes_and_comes() {
    let mut desk = Desk::new();
    desk.reader.remove();
    desk.authenticate(1);
    desk.without_token();
    desk.reader.insert().unwrap();
    let prompt = desk.browser.next_of("enter-pin");
    desk.reader.remove();
    desk.without_token();
    // A PIN typed for the window before is void.
    desk.enter(&prompt, PIN, false);
    desk.reader.insert().unwrap();
    let prompt = desk.browser.next_of("enter-pin");
    desk.enter(&prompt, PIN, false);
    desk.browser.next_of("response");
}

#[test]
fn a_token_pulled_while_it_signs() {
    let mut desk = Desk::new();
    desk.browser.has_read_the_token();
    let prompt = desk.asked_for_pin();
    desk.reader.card().faults.plan(3, Fault::Remove);
    desk.enter(&prompt, PIN, false);
    desk.without_token();
    desk.reader.insert().unwrap();
    let prompt = desk.browser.next_of("enter-pin");
    assert_eq!(*tries(&prompt), 10);
    desk.enter(&prompt, PIN, false);
    desk.browser.next_of("response");
}

#[test]
fn a_browser_that_goes_leaves_the_card_free() {
    let mut desk = Desk::new();
    desk.asked_for_pin();
    desk.browser.close();
    assert!(desk.browser.ended().success());
    let mut next = Browser::start(desk.home.path(), &desk.pcscd.socket()).greeted();
    next.request(1, "certificates", &json!({}));
    let response = next.next_of("response");
    assert_eq!(
        response["result"]["certificates"].as_array().unwrap().len(),
        3
    );
    assert_eq!(response["result"]["tokens"][0]["label"], "デモトークン");
}

#[test]
fn hashes_are_signed_for_sites_with_a_grant() {
    let mut desk = Desk::new();
    let origin = json!({"origin": ORIGIN});
    desk.browser.request(1, "get-signing-certificate", &origin);
    let prompt = desk.browser.next_of("choose-certificate");
    let id = prompt["view"]["certificates"][0]["id"].clone();
    desk.browser.answer(&prompt, &json!({"certificate": id}));
    let chosen = desk.browser.next_of("response");
    assert_eq!(
        chosen["result"]["supportedSignatureAlgorithms"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let certificate = chosen["result"]["certificate"].clone();

    let hash = Sha256::digest("document");
    let sign = json!({
        "origin": ORIGIN,
        "certificate": certificate,
        "hash": STANDARD.encode(hash),
        "hashFunction": "SHA-256",
    });
    desk.browser.request(1, "sign", &sign);
    let prompt = desk.browser.next_of("grant-signing");
    desk.browser.answer(&prompt, &json!({"grant": false}));
    desk.browser.fails_with("signing-not-granted");

    desk.browser.request(1, "sign", &sign);
    let prompt = desk.browser.next_of("grant-signing");
    desk.browser.answer(&prompt, &json!({"grant": true}));
    let prompt = desk.browser.next_of("enter-pin");
    assert_eq!(prompt["operation"], "sign");
    desk.enter(&prompt, PIN, false);
    let response = desk.browser.next_of("response");
    let algorithm =
        json!({"cryptoAlgorithm": "RSA", "hashFunction": "SHA-256", "paddingScheme": "PKCS1.5"});
    assert_eq!(response["result"]["signatureAlgorithm"], algorithm);
    let signature = STANDARD
        .decode(response["result"]["signature"].as_str().unwrap())
        .unwrap();
    openssl::verifies(&desk.client, "sha256", &[], b"document", &signature);

    // Once given it is not asked again, until it is taken back.
    desk.browser.request(1, "sign", &sign);
    desk.browser.next_of("enter-pin");
    desk.cancel();
    desk.browser.request(1, "grants", &json!({}));
    assert_eq!(
        desk.browser.next_of("response")["result"]["grants"][0]["origin"],
        ORIGIN
    );
    for revoked in [true, false] {
        desk.browser.request(1, "revoke-grant", &origin);
        assert_eq!(
            desk.browser.next_of("response")["result"]["revoked"],
            revoked
        );
    }
    desk.browser.request(1, "sign", &sign);
    desk.browser.next_of("grant-signing");
    desk.cancel();

    let mut unknown = sign;
    unknown["certificate"] = json!("MAA=");
    desk.browser.request(1, "sign", &unknown);
    let waiting = desk.browser.next_of("waiting-for-token");
    assert_eq!(waiting["view"]["reason"], "certificate-not-found");
    desk.cancel();
}

#[test]
fn an_expired_certificate_is_shown_and_not_taken() {
    let mut desk = Desk::with(personalise::two_certificates(&Request::default()));
    let prompt = desk.asked_for_pin();
    let states: Vec<&Value> = prompt["view"]["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["state"])
        .collect();
    assert_eq!(states, ["usable", "expired"]);
    let expired = &prompt["view"]["certificates"][1];
    let answer = json!({"certificate": expired["id"], "token": expired["token"], "pin": PIN, "lastTryConfirmed": false});
    desk.browser.answer(&prompt, &answer);
    let again = desk.browser.next_of("enter-pin");
    desk.enter(&again, PIN, false);
    desk.browser.next_of("response");
}

#[test]
fn troubles_of_the_card_have_their_names() {
    let mut desk = Desk::new();
    desk.browser.has_read_the_token();
    let prompt = desk.asked_for_pin();
    desk.reader.card().faults.plan(4, Fault::CorruptMac);
    desk.enter(&prompt, PIN, false);
    desk.browser.fails_with("secure-messaging-failed");

    // A session lost before the PIN is mended in silence, one lost by the PIN
    // is not: the PIN is asked again, and no try was spent.
    let prompt = desk.asked_for_pin();
    desk.reader.card().faults.plan(5, Fault::LoseSession);
    desk.enter(&prompt, PIN, false);
    desk.browser.next_of("response");
}
