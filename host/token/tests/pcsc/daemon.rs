//! A daemon for one test, and what is in its reader.

use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kagibashi_card_simulator::pcscd::{PrivatePcscd, SOCKET_VARIABLE};
use kagibashi_card_simulator::personalise::{Request, company};
use kagibashi_card_simulator::vpcd;
use kagibashi_token::{Pin, ReaderState, TokenKind, Tokens};

/// Where the virtual reader of a test's daemon listens.
pub const READER_VARIABLE: &str = "KAGIBASHI_TEST_READER";

pub const READER: &str = "Feitian ePass2003 00 00";

/// Runs a test with a daemon of its own. It does so in another process, for PC/SC looks only once
/// where its daemon is.
pub fn with_daemon(test: &str, body: impl FnOnce(&str)) {
    if let Ok(address) = std::env::var(READER_VARIABLE) {
        return body(&address);
    }
    let daemon = PrivatePcscd::start().unwrap();
    assert_eq!(daemon.reader_name(), READER);
    let output = in_another_process(test)
        .env(SOCKET_VARIABLE, daemon.socket())
        .env(READER_VARIABLE, daemon.address())
        .output()
        .unwrap();
    assert_passed(&output, &daemon.log());
}

/// This program again, to run one test and nothing else.
pub fn in_another_process(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]);
    command
}

pub fn assert_passed(output: &Output, log: &str) {
    let [said, complained] =
        [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    // A misspelt name would run no test, and succeed.
    let passed = output.status.success() && said.contains("test result: ok. 1 passed");
    assert!(passed, "{said}\n{complained}\n{log}");
}

pub fn token_in(address: &str) -> vpcd::Reader {
    let card = company(&Request::default()).card;
    let mut reader = vpcd::Reader::new(address, Arc::new(Mutex::new(card)));
    reader.insert().unwrap();
    wait_for(
        &Tokens::connect().unwrap(),
        &ReaderState::Token {
            kind: TokenKind::Epass2003,
        },
    );
    reader
}

pub fn state(tokens: &Tokens) -> ReaderState {
    let readers = tokens.readers().unwrap();
    readers
        .into_iter()
        .find(|reader| reader.name == READER)
        .unwrap()
        .state
}

pub fn wait_for(tokens: &Tokens, expected: &ReaderState) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while state(tokens) != *expected {
        assert!(
            Instant::now() < deadline,
            "{:?} instead of {expected:?}",
            state(tokens)
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub fn pin() -> Pin {
    Pin::new("12345678").unwrap()
}
