//! Other programs that use the same card.

use std::ffi::CString;
use std::time::{Duration, Instant};

use kagibashi_card::channel::ChannelError;
use kagibashi_card::reader::Transaction;
use kagibashi_token::{Cancel, SignatureAlgorithm, TokenError, Tokens};

use crate::daemon::{READER, pin, token_in, with_daemon};
use crate::other_program::OtherProgram;

#[test]
fn the_card_is_left_without_login() {
    with_daemon("sharing::the_card_is_left_without_login", |address| {
        let _reader = token_in(address);
        let tokens = Tokens::connect().unwrap();
        let mut other = OtherProgram::connect();

        let mut token = tokens.open(READER, &Cancel::new()).unwrap();
        let key = token.certificates().unwrap()[0].key.clone().unwrap();
        drop(token);
        assert!(!other.finds_a_reset(), "nobody logged in");

        let mut token = tokens.open(READER, &Cancel::new()).unwrap();
        let mut logged_in = token.login_for(&key, &pin()).unwrap();
        let signature = logged_in
            .sign(&key, SignatureAlgorithm::Ps256, &[7; 32])
            .unwrap();
        assert_eq!(signature.len(), 256);
        drop(token);
        assert!(other.finds_a_reset());
        drop(other);

        // A panic in the middle is no exception.
        let mut other = OtherProgram::connect();
        let panicked = std::thread::spawn(move || {
            let mut token = tokens.open(READER, &Cancel::new()).unwrap();
            let _logged_in = token.login_for(&key, &pin()).unwrap();
            panic!("on purpose");
        });
        assert!(panicked.join().is_err());
        assert!(other.finds_a_reset());
    });
}

#[test]
fn a_card_that_another_program_holds() {
    with_daemon("sharing::a_card_that_another_program_holds", |address| {
        let _reader = token_in(address);
        let begin = |wait| Transaction::begin_within(READER, &Cancel::new(), wait);
        let mut other = OtherProgram::connect();

        let held = other.card.transaction().unwrap();
        let wait = Duration::from_millis(300);
        let Err(ChannelError::Busy { waited }) = begin(wait) else {
            panic!()
        };
        assert!(waited >= wait && waited < 10 * wait, "{waited:?}");
        let cancel = Cancel::new();
        let canceller = cancel.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(200));
            canceller.cancel();
        });
        let opened = Tokens::connect().unwrap().open(READER, &cancel).err();
        assert!(matches!(opened, Some(TokenError::Cancelled)), "{opened:?}");

        // Once it lets go we get the card, and those who gave up do not have it.
        let waiting = std::thread::spawn(|| {
            Tokens::connect()
                .unwrap()
                .open(READER, &Cancel::new())
                .map(drop)
        });
        std::thread::sleep(Duration::from_millis(200));
        drop(held);
        waiting.join().unwrap().unwrap();
        drop(begin(Duration::from_secs(5)).unwrap());
        drop(other);

        let context = pcsc::Context::establish(pcsc::Scope::User).unwrap();
        let name = CString::new(READER).unwrap();
        let alone = || context.connect(&name, pcsc::ShareMode::Exclusive, pcsc::Protocols::ANY);
        // Those who gave up find out within moments that they have got it, and let go.
        let deadline = Instant::now() + Duration::from_secs(10);
        let exclusive = loop {
            match alone() {
                Err(pcsc::Error::SharingViolation) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                connected => break connected.unwrap(),
            }
        };
        assert!(matches!(begin(wait), Err(ChannelError::Busy { .. })));
        drop(exclusive);
        drop(begin(Duration::from_secs(10)).unwrap());
    });
}
