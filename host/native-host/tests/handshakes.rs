//! The host between the PKCS#11 module and the extension: this test is the
//! browser, its module and its extension in one process.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;
mod openssl;

use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use browser::{Browser, PATIENCE};
use kagibashi_card_simulator::Settings;
use kagibashi_card_simulator::faults::Fault;
use kagibashi_card_simulator::pcscd::PrivatePcscd;
use kagibashi_card_simulator::personalise::{self, Request};
use kagibashi_card_simulator::vpcd::Reader;
use kagibashi_protocol::agent::{
    AgentError, Algorithm, Answer, Client, LoginBy, MeetingPlace, Name, Question, SlotToken,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const PIN: &str = "12345678";
const SITE: &str = "https://portal.example.jp";

/// A browser with the module and the extension, and a token.
struct Desk {
    browser: Browser,
    reader: Reader,
    client: Vec<u8>,
    place: MeetingPlace,
    home: tempfile::TempDir,
    pcscd: PrivatePcscd,
}

impl Desk {
    fn new() -> Self {
        let pcscd = PrivatePcscd::start().unwrap();
        let token = personalise::company(&Request::default());
        let client = token.clients[0].clone();
        let reader = pcscd.insert(Arc::new(Mutex::new(token.card))).unwrap();
        let home = tempfile::tempdir().unwrap();
        // As a session manager makes it.
        std::fs::create_dir(home.path().join("run")).unwrap();
        let browser = Browser::start(home.path(), &pcscd.socket()).greeted();
        let place = MeetingPlace::in_folder(home.path().join("run/kagibashi"));
        Self {
            browser,
            reader,
            client,
            place,
            home,
            pcscd,
        }
    }

    fn module(&self) -> Client {
        let start = Instant::now();
        loop {
            match Client::connect(&self.place, Name::Browser(std::process::id())) {
                Ok(client) => return client,
                Err(error) => assert!(start.elapsed() < PATIENCE, "{error}"),
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The token, as soon as the host has read it.
    fn token(&self) -> SlotToken {
        let mut module = self.module();
        let start = Instant::now();
        loop {
            let tokens = tokens(&mut module);
            if let Some(token) = tokens.into_iter().next() {
                return token;
            }
            assert!(start.elapsed() < PATIENCE, "the token is not read");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// What the module sees as soon as the token has been pulled out.
    fn token_other_than(&self, since: u64) -> SlotToken {
        let mut tokens = self.until(|tokens| matches!(tokens, [one] if one.since != since));
        tokens.remove(0)
    }

    fn until(&self, expected: impl Fn(&[SlotToken]) -> bool) -> Vec<SlotToken> {
        let mut module = self.module();
        let start = Instant::now();
        loop {
            let tokens = tokens(&mut module);
            if expected(&tokens) {
                return tokens;
            }
            let seen = tokens.iter().map(|it| (it.id.clone(), it.since));
            let seen: Vec<_> = seen.collect();
            assert!(start.elapsed() < PATIENCE, "the module sees {seen:?}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Opens a login as the extension does for a handshake with a token that
    /// is out.
    fn log_in_with_token(&mut self, request: u32) {
        let arguments = json!({
            "origin": SITE,
            "certificate": hex::encode(Sha256::digest(&self.client)),
            "token": null,
            "idleSeconds": 600,
        });
        self.browser.request(request, "log-in", &arguments);
        let waiting = self.next_of("waiting-for-token");
        let wanted = &waiting["view"]["certificates"];
        assert_eq!(wanted[0]["state"], "token-out");
        assert_eq!(wanted[0]["certificateId"], "FC12345678");
        assert_eq!(waiting["view"]["tokens"][0]["label"], "デモトークン");
        self.reader.insert().unwrap();
        let prompt = self.next_of("enter-pin");
        self.enter(&prompt, PIN);
        self.next_of("response");
    }

    /// Signs with a token that is out: it is put in, and then its PIN asked.
    fn ask_for_the_token(&mut self, out: &SlotToken) {
        let handshake = self.handshake(b"out");
        self.next_of("handshake");
        self.log_in_with_token(90);
        let signature = handshake.join().unwrap().unwrap();
        openssl::verifies(&self.client, "sha256", &[], b"out", &signature);
        // The browser has noticed nothing, as nothing it relied on has ended.
        assert_eq!(self.token().since, out.since);
    }

    /// A handshake, in a thread as in a browser.
    fn handshake(&self, data: &'static [u8]) -> JoinHandle<Result<Vec<u8>, AgentError>> {
        let token = self.token();
        let mut module = self.module();
        thread::spawn(move || sign(&mut module, &token, data))
    }

    fn log_in(&mut self, request: u32, idle: u32) -> Value {
        let arguments =
            json!({"origin": SITE, "certificate": null, "token": null, "idleSeconds": idle});
        self.browser.request(request, "log-in", &arguments);
        self.next_of("enter-pin")
    }

    fn enter(&mut self, prompt: &Value, pin: &str) {
        let certificate = &prompt["view"]["certificates"][0];
        let answer = json!({"certificate": certificate["id"], "token": certificate["token"], "pin": pin, "lastTryConfirmed": false});
        self.browser.answer(prompt, &answer);
    }

    /// The next message of that kind; what else the extension is told passes.
    fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let message = self.browser.receive().expect("the host ended");
            if message["type"] == kind || message["view"]["kind"] == kind {
                return message;
            }
            let fatal = message["type"] == "failure" || message["type"] == "response";
            assert!(!fatal, "{kind} expected: {message}");
        }
    }

    /// Opens a login as the extension does for a handshake.
    fn opened(&mut self, idle: u32) {
        let prompt = self.log_in(1, idle);
        self.enter(&prompt, PIN);
        self.next_of("response");
    }

    /// The same for the certificate that a handshake has told of.
    fn opened_for(&mut self, handshake: &Value) {
        let certificate = &handshake["certificate"];
        let arguments = json!({
            "origin": SITE,
            "certificate": certificate["id"],
            "token": certificate["token"],
            "idleSeconds": 600,
        });
        self.browser.request(1, "log-in", &arguments);
        let prompt = self.next_of("enter-pin");
        self.enter(&prompt, PIN);
        self.next_of("response");
    }

    /// Waits to be told that so many logins are open. False if a PIN is asked
    /// for first.
    fn logins_are(&mut self, count: usize) -> bool {
        loop {
            let message = self.browser.receive().expect("the host ended");
            match message["type"].as_str() {
                Some("logins") if message["logins"].as_array().unwrap().len() == count => {
                    return true;
                }
                Some("prompt") if message["view"]["kind"] == "enter-pin" => return false,
                _ => {}
            }
        }
    }

    fn commands(&self) -> u64 {
        self.reader.card().commands()
    }
}

fn tokens(module: &mut Client) -> Vec<SlotToken> {
    match module.ask(&Question::Tokens, PATIENCE).unwrap() {
        Answer::Tokens { tokens, .. } => tokens,
        other => panic!("{other:?}"),
    }
}

fn sign(module: &mut Client, token: &SlotToken, data: &[u8]) -> Result<Vec<u8>, AgentError> {
    let question = Question::Sign {
        token: token.id.clone(),
        certificate: token.certificates[0].id.clone(),
        algorithm: Algorithm::Rs256,
        digest: Sha256::digest(data).to_vec(),
    };
    match module.ask(&question, Duration::from_secs(30))? {
        Answer::Signature { signature } => Ok(signature),
        other => panic!("{other:?}"),
    }
}

fn failed(outcome: Result<Vec<u8>, AgentError>) -> String {
    match outcome.unwrap_err() {
        AgentError::Failed(failure) => failure.code.name().to_owned(),
        other => panic!("{other}"),
    }
}

#[test]
fn a_handshake_asks_once_and_the_next_do_not() {
    let mut desk = Desk::new();
    let token = desk.token();
    assert_eq!(desk.module().login(), LoginBy::Window);
    assert_eq!(token.certificates.len(), 3);
    assert_eq!(token.certificates.iter().filter(|it| it.has_key).count(), 1);
    let read = desk.commands();
    desk.token();
    assert_eq!(desk.commands(), read, "a look costs no command to the card");

    // Two handshakes at once are one question.
    let handshakes = [desk.handshake(b"one"), desk.handshake(b"two")];
    let handshake = desk.next_of("handshake");
    assert_eq!(handshake["certificate"]["holder"], "山田 太郎");
    desk.next_of("handshake");
    desk.opened_for(&handshake);
    let [one, two] = handshakes.map(|handshake| handshake.join().unwrap().unwrap());
    openssl::verifies(&desk.client, "sha256", &[], b"one", &one);
    openssl::verifies(&desk.client, "sha256", &[], b"two", &two);
    let first = desk.commands() - read;
    assert!(
        first <= 11 + 2,
        "PIN and two signatures took {first} commands"
    );

    let before = desk.commands();
    let three = desk.handshake(b"three").join().unwrap().unwrap();
    openssl::verifies(&desk.client, "sha256", &[], b"three", &three);
    assert!(
        desk.commands() - before <= 2,
        "a later signature costs two commands"
    );

    // After logging out the PIN is asked again.
    desk.browser.request(2, "log-out", &json!({"token": null}));
    assert_eq!(desk.next_of("response")["result"]["ended"], 1);
    let handshake = desk.handshake(b"four");
    desk.next_of("handshake");
    desk.opened(600);
    handshake.join().unwrap().unwrap();
}

/// The token's own software may write a new certificate onto it while the browser
/// runs.
#[test]
fn a_token_rewritten_where_it_is_fails_once_and_is_then_what_it_is() {
    let mut desk = Desk::new();
    let before = desk.token();
    let renewed = personalise::company(&Request {
        settings: Settings {
            seed: 77,
            ..Settings::default()
        },
        ..Request::default()
    });
    // In its place: no reader tells of it.
    *desk.reader.card() = renewed.card;
    desk.client.clone_from(&renewed.clients[0]);

    let mut module = desk.module();
    let out_of_date = before.clone();
    let handshake = thread::spawn(move || sign(&mut module, &out_of_date, b"old"));
    let told = desk.next_of("handshake");
    desk.opened_for(&told);
    assert_eq!(failed(handshake.join().unwrap()), "signature-check-failed");
    let now = desk.token();
    assert_ne!(now.since, before.since, "the browser has to look again");
    assert_eq!(now.certificates[0].der, desk.client);
    let handshake = desk.handshake(b"new");
    let told = desk.next_of("handshake");
    desk.opened_for(&told);
    let signature = handshake.join().unwrap().unwrap();
    openssl::verifies(&desk.client, "sha256", &[], b"new", &signature);
}

/// As the management page does it.
#[test]
fn a_login_to_a_token_lasts_while_it_is_looked_at() {
    let mut desk = Desk::new();
    let token = desk.token();
    let arguments = json!({
        "origin": null, "certificate": null, "token": token.id, "idleSeconds": 600,
    });
    desk.browser.request(1, "log-in", &arguments);
    let prompt = desk.next_of("enter-pin");
    assert_eq!(prompt["site"], Value::Null);
    assert_eq!(prompt["view"]["certificates"].as_array().unwrap().len(), 1);
    desk.enter(&prompt, PIN);
    let login = &desk.next_of("response")["result"]["login"];
    assert_eq!(login["token"], token.id.as_str());

    let before = desk.commands();
    for (request, command) in [(2, "tokens"), (3, "certificates")] {
        desk.browser.request(request, command, &json!({}));
        let tokens = &desk.next_of("response")["result"]["tokens"];
        assert_eq!(tokens[0]["pin"]["triesLeft"], 10);
    }
    assert_eq!(desk.commands(), before, "the card was asked");
    let signed = desk.handshake(b"one").join().unwrap().unwrap();
    openssl::verifies(&desk.client, "sha256", &[], b"one", &signed);

    desk.browser
        .request(4, "log-out", &json!({"token": "another"}));
    assert_eq!(desk.next_of("response")["result"]["ended"], 0);
    desk.browser
        .request(5, "log-out", &json!({"token": token.id}));
    assert_eq!(desk.next_of("response")["result"]["ended"], 1);
}

#[test]
fn a_hundred_handshakes_at_once_are_one_question() {
    let mut desk = Desk::new();
    let token = desk.token();
    let handshakes: Vec<_> = (0..100)
        .map(|_| {
            let (mut module, token) = (desk.module(), token.clone());
            thread::spawn(move || sign(&mut module, &token, b"one of many"))
        })
        .collect();
    desk.next_of("handshake");
    desk.opened(600);
    for handshake in handshakes {
        let signature = handshake.join().unwrap().unwrap();
        openssl::verifies(&desk.client, "sha256", &[], b"one of many", &signature);
    }
}

#[test]
fn a_cancelled_login_ends_the_handshake() {
    let mut desk = Desk::new();
    let handshake = desk.handshake(b"one");
    desk.next_of("handshake");
    desk.log_in(1, 600);
    desk.browser
        .send(&json!({"type": "cancel", "request": 1, "reason": "cancelled"}));
    desk.browser.fails_with_among("cancelled");
    assert_eq!(failed(handshake.join().unwrap()), "cancelled");

    // An extension that does not ask within its time ends it too.
    let start = Instant::now();
    assert_eq!(failed(desk.handshake(b"two").join().unwrap()), "timed-out");
    assert!(start.elapsed() < Duration::from_secs(15));

    // While the window is taken by something else it waits.
    desk.browser
        .request(7, "get-signing-certificate", &json!({"origin": SITE}));
    desk.next_of("choose-certificate");
    let handshake = desk.handshake(b"meanwhile");
    desk.next_of("handshake");
    thread::sleep(Duration::from_secs(6));
    assert!(!handshake.is_finished());
    desk.browser
        .send(&json!({"type": "cancel", "request": 7, "reason": "cancelled"}));
    desk.browser.fails_with_among("cancelled");
    desk.opened(0);
    handshake.join().unwrap().unwrap();

    // The next one is asked anew, and a wrong PIN first does no harm.
    let handshake = desk.handshake(b"three");
    let prompt = desk.log_in(2, 600);
    desk.enter(&prompt, "00000000");
    let again = desk.next_of("enter-pin");
    assert_eq!(again["view"]["notice"], "wrong-pin");
    desk.enter(&again, PIN);
    desk.next_of("response");
    handshake.join().unwrap().unwrap();
}

#[test]
fn a_login_without_idle_time_serves_what_waits() {
    let mut desk = Desk::new();
    let handshake = desk.handshake(b"one");
    desk.next_of("handshake");
    desk.opened(0);
    handshake.join().unwrap().unwrap();
    let handshake = desk.handshake(b"two");
    desk.next_of("handshake");
    desk.opened(1);
    handshake.join().unwrap().unwrap();
    thread::sleep(Duration::from_millis(2_500));
    let handshake = desk.handshake(b"three");
    desk.next_of("handshake");
    desk.opened(600);
    handshake.join().unwrap().unwrap();
}

#[test]
fn a_login_goes_with_its_token() {
    let mut desk = Desk::new();
    desk.token();
    desk.opened(600);
    desk.reader.card().faults.plan(2, Fault::Remove);
    let handshake = desk.handshake(b"one");
    desk.next_of("handshake");
    desk.log_in_with_token(2);
    handshake.join().unwrap().unwrap();
}

#[test]
fn a_token_that_is_out_is_asked_for_in_the_handshake() {
    let mut desk = Desk::new();
    let before = desk.token();
    desk.reader.remove();
    let out = desk.token_other_than(before.since);
    assert_eq!(out.certificates, before.certificates);
    desk.ask_for_the_token(&out);

    // The next browser begins without the token, and knows whom to ask for.
    desk.reader.remove();
    desk.token_other_than(out.since);
    desk.browser.close();
    assert!(desk.browser.ended().success());
    desk.browser = Browser::start(desk.home.path(), &desk.pcscd.socket()).greeted();
    let out = desk.token();
    assert_eq!(out.certificates, before.certificates);
    desk.ask_for_the_token(&out);
}

#[test]
fn while_another_token_is_in_the_last_one_is_not_offered() {
    let mut desk = Desk::new();
    let first = desk.token();
    desk.reader.remove();
    desk.token_other_than(first.since);
    let other = personalise::two_certificates(&Request {
        settings: Settings {
            serial: [9; 8],
            ..Settings::default()
        },
        ..Request::default()
    });
    let mut reader = desk.pcscd.insert(Arc::new(Mutex::new(other.card))).unwrap();
    desk.until(|tokens| matches!(tokens, [one] if one.id != first.id));
    reader.remove();
    // Now that one was in last.
    desk.until(|tokens| matches!(tokens, [one] if one.id != first.id));
    desk.reader.insert().unwrap();
    desk.until(|tokens| matches!(tokens, [one] if one.id == first.id));
}

#[test]
fn a_login_to_one_token_signs_for_no_other() {
    let mut desk = Desk::new();
    let first = desk.token();
    let other = personalise::two_certificates(&Request {
        settings: Settings {
            serial: [9; 8],
            ..Settings::default()
        },
        ..Request::default()
    });
    let other_client = other.clients[0].clone();
    let _reader = desk
        .pcscd
        .insert_beside(Arc::new(Mutex::new(other.card)))
        .unwrap();
    let tokens = desk.until(|tokens| tokens.len() == 2);
    let second = tokens.into_iter().find(|it| it.id != first.id).unwrap();

    let first_client = desk.client.clone();
    let both = [(&second, &other_client), (&first, &first_client)];
    for (before, (token, client)) in both.into_iter().enumerate() {
        let mut module = desk.module();
        let asked = token.clone();
        let handshake = thread::spawn(move || sign(&mut module, &asked, b"whose"));
        let message = desk.next_of("handshake");
        assert_eq!(message["certificate"]["token"], json!(token.id));
        let arguments = json!({
            "origin": SITE,
            "certificate": message["certificate"]["id"],
            "token": token.id,
            "idleSeconds": 600,
        });
        desk.browser.request(1, "log-in", &arguments);
        let prompt = desk.next_of("enter-pin");
        let offered = prompt["view"]["certificates"].as_array().unwrap();
        assert_eq!(offered.len(), 1, "the other token's are not offered");
        desk.enter(&prompt, PIN);
        // The login of the other token stays.
        assert!(desk.logins_are(before + 1));
        desk.next_of("response");
        let signature = handshake.join().unwrap().unwrap();
        openssl::verifies(client, "sha256", &[], b"whose", &signature);
    }
}

/// Whoever looks at the toolbar icon must not be told of a login that is over.
#[test]
fn a_login_that_a_site_ends_by_asking_for_a_signature_is_said_to_be_over() {
    let mut desk = Desk::new();
    desk.token();
    desk.opened(600);
    let arguments = json!({"origin": SITE, "challengeNonce": "n".repeat(44)});
    desk.browser.request(2, "authenticate", &arguments);
    let told = desk.logins_are(0);
    assert!(
        told,
        "asked for the PIN while the login was said to be open"
    );
    let prompt = desk.next_of("enter-pin");
    desk.enter(&prompt, "00000000");
    let again = desk.next_of("enter-pin");
    assert_eq!(again["view"]["tokens"][0]["pin"]["triesLeft"], 9);
    desk.enter(&again, PIN);
    desk.next_of("response");
}

#[test]
fn another_program_ends_the_login_and_gains_nothing() {
    let mut desk = Desk::new();
    desk.token();
    desk.opened(600);
    // A program beside us, with a session of its own.
    let output = browser::program(desk.home.path(), &desk.pcscd.socket())
        .args(["pin", "status", "--json"])
        .output()
        .unwrap();
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(status["triesLeft"], 10);
    let handshake = desk.handshake(b"one");
    desk.next_of("handshake");
    desk.opened(600);
    handshake.join().unwrap().unwrap();
}

#[test]
fn strangers_are_hung_up_on() {
    let desk = Desk::new();
    desk.token();
    // Not this browser: a child of it, with its socket's path.
    let name = format!("browser-{}", std::process::id());
    let socket = desk.place.folder().join(name);
    let script = "import socket,struct,sys
s = socket.socket(socket.AF_UNIX); s.settimeout(5); s.connect(sys.argv[1])
body = b'{\"ask\":\"tokens\"}'
try:
    s.sendall(struct.pack('=I', len(body)) + body)
    sys.exit(1 if s.recv(1) else 0)
except OSError:
    sys.exit(0)";
    let status = std::process::Command::new("python3")
        .args(["-c", script, socket.to_str().unwrap()])
        .status()
        .expect("python3 is needed (Debian: apt-get install python3)");
    assert!(status.success(), "a stranger was answered");
}

#[test]
fn a_browser_that_ends_leaves_no_login() {
    let mut desk = Desk::new();
    desk.token();
    desk.opened(600);
    desk.browser.close();
    assert!(desk.browser.ended().success());
    assert!(Client::connect(&desk.place, Name::Browser(std::process::id())).is_err());
    let output = browser::program(desk.home.path(), &desk.pcscd.socket())
        .args(["certificates", "--json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "the card is free");
}
