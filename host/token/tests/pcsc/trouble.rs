//! Cards that disappear or fall silent.

use std::time::{Duration, Instant};

use kagibashi_card::channel::{Channel, ChannelError};
use kagibashi_card::reader::Transaction;
use kagibashi_card_simulator::faults::Fault;
use kagibashi_token::{Cancel, ReaderState, SignatureAlgorithm, TokenError, TokenKind, Tokens};

use crate::daemon::{READER, pin, token_in, wait_for, with_daemon};

#[test]
fn a_token_pulled_while_it_signs() {
    with_daemon("trouble::a_token_pulled_while_it_signs", |address| {
        let mut reader = token_in(address);
        let tokens = Tokens::connect().unwrap();
        let mut token = tokens.open(READER, &Cancel::new()).unwrap();
        let key = token.certificates().unwrap()[0].key.clone().unwrap();
        let mut logged_in = token.login_for(&key, &pin()).unwrap();
        reader.card().faults.plan(2, Fault::Remove);
        let signed = logged_in.sign(&key, SignatureAlgorithm::Rs256, &[7; 32]);
        assert!(matches!(signed, Err(TokenError::CardRemoved)), "{signed:?}");
        let again = logged_in.sign(&key, SignatureAlgorithm::Rs256, &[7; 32]);
        assert!(matches!(again, Err(TokenError::CardRemoved)), "{again:?}");
        assert!(matches!(
            token.verify_pin(&pin()),
            Err(TokenError::CardRemoved)
        ));
        drop(token);

        wait_for(&tokens, &ReaderState::Empty);
        reader.insert().unwrap();
        wait_for(
            &tokens,
            &ReaderState::Token {
                kind: TokenKind::Epass2003,
            },
        );
        let mut token = tokens.open(READER, &Cancel::new()).unwrap();
        assert_eq!(token.pin_status().unwrap().tries_left, Some(10));
        let mut logged_in = token.login_for(&key, &pin()).unwrap();
        logged_in
            .sign(&key, SignatureAlgorithm::Rs256, &[7; 32])
            .unwrap();
    });
}

#[test]
fn a_card_that_falls_silent() {
    with_daemon("trouble::a_card_that_falls_silent", |address| {
        let reader = token_in(address);
        let longest = Duration::from_millis(300);
        let mut channel = Transaction::begin(READER, &Cancel::new())
            .unwrap()
            .with_longest_answer(longest);
        let command = [0x00, 0xCA, 0x01, 0x86, 0x00];
        assert!(channel.transmit(&command).is_ok());
        reader.card().faults.plan(1, Fault::Mute);
        let started = Instant::now();
        for _ in 0..3 {
            assert!(matches!(
                channel.transmit(&command),
                Err(ChannelError::Mute)
            ));
        }
        drop(channel);
        assert!(
            started.elapsed() < 5 * longest,
            "only the first was waited for"
        );
    });
}
