//! A new PIN, asked for by the management page: this test is the browser, its
//! extension and the person.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use browser::Browser;
use kagibashi_card_simulator::Card;
use kagibashi_card_simulator::faults::Fault;
use kagibashi_card_simulator::pcscd::PrivatePcscd;
use kagibashi_card_simulator::personalise::{self, Request};
use kagibashi_card_simulator::vpcd::{Reader, SharedCard};
use kagibashi_card_simulator::{Mode, Settings};
use kagibashi_token::{Pin, TokenError};
use serde_json::{Value, json};

const PIN: &str = "12345678";
const NEW_PIN: &str = "correct horse 9!";
const WRONG_PIN: &str = "00000000";
const PUK: &str = "87654321";

/// A browser, a reader with a token, and the token's id.
struct Desk {
    browser: Browser,
    reader: Reader,
    token: String,
    request: u32,
    _pcscd: PrivatePcscd,
    _home: tempfile::TempDir,
}

fn company(tries: u8) -> SharedCard {
    let request = Request {
        tries,
        ..Request::default()
    };
    Arc::new(Mutex::new(personalise::company(&request).card))
}

fn another() -> Card {
    let settings = Settings {
        serial: [9; 8],
        mode: Mode::Aes,
        ..Settings::default()
    };
    let request = Request {
        settings,
        ..Request::default()
    };
    personalise::company(&request).card
}

impl Desk {
    fn new(tries: u8) -> Self {
        let pcscd = PrivatePcscd::start().unwrap();
        let reader = pcscd.insert(company(tries)).unwrap();
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("run")).unwrap();
        let mut browser = Browser::start(home.path(), &pcscd.socket()).greeted();
        let token = loop {
            let message = browser.receive_any().unwrap();
            if message["type"] == "token-inserted" {
                break message["token"]["id"].as_str().unwrap().to_owned();
            }
        };
        Self {
            browser,
            reader,
            token,
            request: 0,
            _pcscd: pcscd,
            _home: home,
        }
    }

    fn ask(&mut self, command: &str) {
        self.request += 1;
        let arguments = json!({"token": self.token});
        self.browser.request(self.request, command, &arguments);
    }

    fn asked(&mut self, command: &str) -> Value {
        self.ask(command);
        self.browser.next_of(command)
    }

    fn change(&mut self, prompt: &Value, pin: &str, new: &str, confirmed: bool) {
        let answer = json!({"pin": pin, "newPin": new, "lastTryConfirmed": confirmed});
        self.browser.answer(prompt, &answer);
    }

    fn unblock(&mut self, prompt: &Value, puk: &str, new: &str, confirmed: bool) {
        let answer = json!({"puk": puk, "newPin": new, "lastTryConfirmed": confirmed});
        self.browser.answer(prompt, &answer);
    }

    /// Exchanges the token for one with this serial number, and waits until the
    /// host has read it: nobody else talks to it then.
    fn put_in(&mut self, card: Card, serial: u64) {
        self.reader.remove();
        *self.reader.card() = card.remade(|settings| settings.serial = serial.to_be_bytes());
        self.reader.insert().unwrap();
        let serial = format!("{serial:016X}");
        self.token = loop {
            let message = self.browser.receive_any().unwrap();
            let token = &message["token"];
            if message["type"] == "token-inserted" && token["serial"] == *serial {
                break token["id"].as_str().unwrap().to_owned();
            }
        };
    }

    /// The same for a token that was put in just now.
    fn asked_when_there(&mut self, command: &str) -> Value {
        loop {
            self.ask(command);
            let message = self.until_waiting_or_ended();
            if message["view"]["kind"] == command {
                return message;
            }
            assert_eq!(message["error"]["name"], "token-removed", "{message}");
        }
    }

    /// The next message but those of a card at work.
    fn until_waiting_or_ended(&mut self) -> Value {
        loop {
            let message = self.browser.receive().unwrap();
            let kind = message["view"]["kind"].as_str();
            let passing = kind == Some("working") || kind == Some("reading-token");
            if !passing && message["type"] != "logins" {
                return message;
            }
        }
    }

    /// The host may have heard of it before the card has let go.
    fn token_is_out(&self) -> bool {
        let start = Instant::now();
        while self.reader.is_inserted() && start.elapsed() < Duration::from_secs(1) {
            thread::yield_now();
        }
        !self.reader.is_inserted()
    }

    /// How a change of the PIN ends, if the token is put in again whenever it
    /// is waited for.
    fn outcome_with_the_token_put_back(&mut self) -> Value {
        loop {
            let message = self.until_waiting_or_ended();
            match message["view"]["kind"].as_str() {
                Some("waiting-for-token") if self.token_is_out() => {
                    self.reader.remove();
                    self.reader.insert().unwrap();
                }
                // Asked anew, because its coming was noticed late.
                Some("change-pin") => self.change(&message, PIN, NEW_PIN, false),
                Some(_) => {}
                None => return message,
            }
        }
    }

    /// Ends the request with the person's no.
    fn cancel(&mut self) {
        let request = self.request;
        self.browser
            .send(&json!({"type": "cancel", "request": request, "reason": "cancelled"}));
        self.browser.fails_with("cancelled");
    }

    /// The PIN that the token takes, of these two; it must be exactly one.
    fn valid_pin(&self) -> &'static str {
        let valid: Vec<&str> = [PIN, NEW_PIN]
            .into_iter()
            .filter(|pin| self.verify(pin).is_ok())
            .collect();
        assert_eq!(valid.len(), 1, "{valid:?}");
        valid[0]
    }

    fn verify(&self, pin: &str) -> Result<(), TokenError> {
        // Apart from the host, on the card itself.
        let mut card = self.reader.card().clone();
        card.faults.clear();
        card.reset();
        direct::open(card).verify_pin(&Pin::new(pin).unwrap())
    }
}

/// A card without any reader between.
mod direct {
    use kagibashi_card::channel::{Channel, ChannelError};
    use kagibashi_card_simulator::Card;
    use kagibashi_card_simulator::card::Outcome;
    use kagibashi_token::{Token, driver};

    struct InProcess(Card);

    impl Channel for InProcess {
        fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
            match self.0.exchange(command) {
                Outcome::Answer(answer) => Ok(answer),
                Outcome::Mute => Err(ChannelError::Mute),
                Outcome::Removed => Err(ChannelError::Removed),
            }
        }

        fn reset(&mut self) -> Result<(), ChannelError> {
            self.0.reset();
            Ok(())
        }

        /// The card ends with its channel.
        fn reset_at_end(&mut self) {}
    }

    pub fn open(card: Card) -> Box<dyn Token> {
        let atr = card.atr();
        driver::open(Box::new(InProcess(card)), "in process", &atr).unwrap()
    }
}

#[test]
fn the_pin_is_changed_once_everything_is_right() {
    let mut desk = Desk::new(10);
    let mut prompt = desk.asked("change-pin");
    assert_eq!(prompt["operation"], "change-pin");
    assert_eq!(prompt["site"], Value::Null);
    assert_eq!(prompt["view"]["token"]["pin"]["triesLeft"], 10);
    assert_eq!(prompt["view"]["minimum"], 4);
    assert_eq!(prompt["view"]["maximum"], 16);
    for (pin, new, notice, tries) in [
        (PIN, PIN, "pin-unchanged", 10),
        (PIN, "123", "pin-too-short", 10),
        (PIN, "12345678901234567", "pin-too-long", 10),
        (PIN, "１２３４", "pin-not-ascii", 10),
        ("123", NEW_PIN, "wrong-pin", 10),
        (WRONG_PIN, NEW_PIN, "wrong-pin", 9),
    ] {
        desk.change(&prompt, pin, new, false);
        prompt = desk.browser.next_of("change-pin");
        assert_eq!(prompt["view"]["notice"], notice, "{pin} {new}");
        assert_eq!(prompt["view"]["token"]["pin"]["triesLeft"], tries, "{new}");
    }
    assert_eq!(desk.valid_pin(), PIN);
    desk.change(&prompt, PIN, NEW_PIN, false);
    let stage = loop {
        let message = desk.browser.receive().unwrap();
        if message["view"]["kind"] == "working" {
            break message["view"]["stage"].clone();
        }
    };
    assert_eq!(stage, "changing-pin");
    assert_eq!(desk.browser.next_of("response")["result"], json!({}));
    assert_eq!(desk.valid_pin(), NEW_PIN);
}

#[test]
fn the_last_try_needs_a_yes_and_a_puk_unlocks() {
    let mut desk = Desk::new(2);
    let prompt = desk.asked("change-pin");
    desk.change(&prompt, WRONG_PIN, NEW_PIN, false);
    let prompt = desk.browser.next_of("change-pin");
    assert_eq!(prompt["view"]["token"]["pin"]["triesLeft"], 1);
    desk.change(&prompt, WRONG_PIN, NEW_PIN, false);
    let prompt = desk.browser.next_of("change-pin");
    assert_eq!(prompt["view"]["notice"], "last-try-not-confirmed");
    assert_eq!(prompt["view"]["token"]["pin"]["triesLeft"], 1);
    desk.change(&prompt, WRONG_PIN, NEW_PIN, true);
    let prompt = desk.browser.next_of("change-pin");
    assert_eq!(prompt["view"]["token"]["pin"]["locked"], true);
    desk.cancel();

    let prompt = desk.asked("unblock-pin");
    assert_eq!(prompt["operation"], "unblock-pin");
    assert_eq!(prompt["view"]["puk"]["triesLeft"], 2);
    assert_eq!(prompt["view"]["token"]["pin"]["locked"], true);
    desk.unblock(&prompt, "1", NEW_PIN, false);
    let prompt = desk.browser.next_of("unblock-pin");
    assert_eq!(prompt["view"]["notice"], "wrong-puk");
    assert_eq!(prompt["view"]["puk"]["triesLeft"], 2, "it was not sent");
    desk.unblock(&prompt, WRONG_PIN, NEW_PIN, false);
    let prompt = desk.browser.next_of("unblock-pin");
    assert_eq!(prompt["view"]["puk"]["triesLeft"], 1);
    desk.unblock(&prompt, PUK, NEW_PIN, false);
    let prompt = desk.browser.next_of("unblock-pin");
    assert_eq!(prompt["view"]["notice"], "last-try-not-confirmed");
    desk.unblock(&prompt, PUK, NEW_PIN, true);
    desk.browser.next_of("response");
    assert_eq!(desk.valid_pin(), NEW_PIN);

    let prompt = desk.asked("unblock-pin");
    assert_eq!(prompt["view"]["puk"]["triesLeft"], 2);
    assert_eq!(prompt["view"]["token"]["pin"]["locked"], false);
    desk.unblock(&prompt, WRONG_PIN, PIN, true);
    let prompt = desk.browser.next_of("unblock-pin");
    desk.unblock(&prompt, WRONG_PIN, PIN, true);
    let prompt = desk.browser.next_of("unblock-pin");
    assert_eq!(prompt["view"]["puk"]["locked"], true);
    assert_eq!(desk.valid_pin(), NEW_PIN);
}

#[test]
fn another_token_is_never_touched() {
    let mut desk = Desk::new(10);
    let prompt = desk.asked("change-pin");
    desk.reader.remove();
    desk.browser.fails_with("token-removed");
    desk.ask("change-pin");
    desk.browser.fails_with("token-removed");

    let mine = std::mem::replace(&mut *desk.reader.card(), another());
    desk.reader.insert().unwrap();
    // The service may not have noticed it yet.
    let failure = loop {
        desk.ask("change-pin");
        let failure = desk.browser.next_of("failure");
        if failure["error"]["name"] != "token-removed" {
            break failure;
        }
    };
    assert_eq!(failure["error"]["name"], "other-token", "{failure}");
    desk.ask("unblock-pin");
    desk.browser.fails_with("other-token");
    let arguments =
        json!({"origin": null, "certificate": null, "token": desk.token, "idleSeconds": 60});
    desk.browser.request(90, "log-in", &arguments);
    desk.browser.fails_with("other-token");
    // An answer that comes too late finds nobody.
    desk.change(&prompt, PIN, NEW_PIN, false);
    assert_eq!(desk.valid_pin(), PIN);

    // Exchanged so fast that nobody noticed.
    desk.reader.remove();
    *desk.reader.card() = mine;
    desk.reader.insert().unwrap();
    let prompt = desk.asked_when_there("change-pin");
    *desk.reader.card() = another();
    desk.change(&prompt, PIN, NEW_PIN, false);
    let failure = loop {
        let message = desk.until_waiting_or_ended();
        // The coming of the first may be noticed late, and has the window asked anew.
        if message["view"]["kind"] != "change-pin" {
            break message;
        }
        desk.change(&message, PIN, NEW_PIN, false);
    };
    assert_eq!(failure["type"], "failure", "{failure}");
    assert_eq!(desk.valid_pin(), PIN);
}

/// Whatever happens at whichever command of the change: the outcome says which
/// PIN is valid.
#[test]
fn an_interrupted_change_says_which_pin_is_valid() {
    let mut desk = Desk::new(10);
    let fresh = desk.reader.card().clone();
    let before = desk.reader.card().commands();
    let prompt = desk.asked("change-pin");
    let asked = desk.reader.card().commands();
    desk.change(&prompt, PIN, NEW_PIN, false);
    desk.browser.next_of("response");
    let steps = desk.reader.card().commands() - asked;
    assert!(steps > 5 && asked > before, "{steps}");
    let mut told = [0; 2];
    for step in 1..=steps {
        desk.put_in(fresh.clone(), step);
        let prompt = desk.asked("change-pin");
        desk.reader.card().faults.plan(step, Fault::Remove);
        desk.change(&prompt, PIN, NEW_PIN, false);
        let outcome = desk.outcome_with_the_token_put_back();
        let valid = desk.valid_pin();
        let situation = format!("pulled at command {step} of {steps}: {outcome}");
        if outcome["type"] == "response" {
            assert_eq!(valid, NEW_PIN, "{situation}");
            told[0] += 1;
        } else {
            assert_eq!(outcome["error"]["name"], "token-removed", "{situation}");
            assert_eq!(valid, PIN, "{situation}");
            told[1] += 1;
        }
    }
    assert!(told[0] > 0 && told[1] > 0, "{told:?}");
}

#[test]
fn a_token_that_does_not_come_back_leaves_it_open() {
    let mut desk = Desk::new(10);
    let fresh = desk.reader.card().clone();
    for step in 1.. {
        desk.put_in(fresh.clone(), step);
        let prompt = desk.asked("change-pin");
        desk.reader.card().faults.plan(step, Fault::Remove);
        desk.change(&prompt, PIN, NEW_PIN, false);
        let message = desk.until_waiting_or_ended();
        assert_ne!(
            message["type"], "response",
            "the change was never left open"
        );
        if message["view"]["kind"] == "waiting-for-token" {
            break;
        }
    }
    let request = desk.request;
    desk.browser
        .send(&json!({"type": "cancel", "request": request, "reason": "cancelled"}));
    desk.browser.fails_with("pin-change-uncertain");
    desk.valid_pin();
}
