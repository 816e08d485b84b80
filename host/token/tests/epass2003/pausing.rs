//! Tokens in a pause, and tokens that are known from before.

use kagibashi_card_simulator::Mode;
use kagibashi_card_simulator::faults::Fault;
use kagibashi_token::{SignatureAlgorithm, Token, TokenError};

use crate::kept_login::{known, sign, takes_no_signature};
use crate::signing::key_of;
use crate::simulated::{MODES, PIN, Reader, application, company, other_company, pin};

/// Its name, and what does it.
type Disturbance = (&'static str, fn(&Reader));

/// What other programs do to a card that they find free, with and without telling PC/SC.
pub const DISTURBANCES: [Disturbance; 3] = [
    ("reset", Reader::reset_by_another),
    ("a session of another's", |reader| {
        application(reader);
    }),
    ("a session that is gone", |reader| {
        reader.plan(1, Fault::LoseSession);
    }),
];

#[test]
fn another_token_is_not_taken_for_the_known_one() {
    for mode in MODES {
        let (info, ..) = known(&Reader::with(company(mode).card));
        for other in MODES {
            let reader = Reader::with(other_company(other).card);
            let opened = reader.open_again(&info).map(drop);
            let Err(TokenError::WrongToken { expected, found }) = opened else {
                panic!("{mode:?} {other:?}: {opened:?}")
            };
            assert_eq!(
                (expected.as_str(), found.as_str()),
                ("3307011617051201", "0909090909090909")
            );
        }
    }
}

#[test]
fn a_paused_token_opens_a_new_session_when_it_has_to() {
    for mode in MODES {
        for (what, disturb) in DISTURBANCES {
            if mode != Mode::Aes && what.contains("another's") {
                continue;
            }
            let reader = Reader::with(company(mode).card);
            let key = key_of(&reader);
            let mut token = reader.open().unwrap();
            let status = token.pin_status().unwrap();
            token.pause();
            disturb(&reader);
            assert_eq!(token.pin_status().unwrap(), status, "{mode:?}: {what}");
            token.pause();
            disturb(&reader);
            token.check_holds(&key).unwrap();
            let mut login = token.log_in(&pin(PIN)).unwrap();
            sign(&mut login, &key).unwrap();
            assert_eq!(reader.pins_received(), 1);
        }
    }
}

#[test]
fn a_paused_token_without_login_is_left_as_it_is() {
    let reader = Reader::with(company(Mode::Aes).card);
    let mut token = reader.open().unwrap();
    token.certificates().unwrap();
    token.pause();
    token.pause();
    drop(token);
    assert_eq!(reader.resets(), 0);
    assert!(!reader.is_held());
}

#[test]
fn a_pause_ends_the_login_of_the_moment() {
    let reader = Reader::with(company(Mode::Aes).card);
    let key = key_of(&reader);
    let mut token = reader.open().unwrap();
    token.login_for(&key, &pin(PIN)).unwrap();
    token.pause();
    assert_eq!(reader.resets(), 1);
    token
        .login_for(&key, &pin(PIN))
        .unwrap()
        .sign(&key, SignatureAlgorithm::Rs256, &[7; 32])
        .unwrap();
    token.pause();
    drop(token);
    assert_eq!(reader.resets(), 2);
    assert!(takes_no_signature(&reader));
}

#[test]
fn a_token_exchanged_in_a_pause_gets_no_pin() {
    for mode in MODES {
        for other in MODES {
            let reader = Reader::with(company(mode).card);
            let key = key_of(&reader);
            let paused = || -> Box<dyn Token> {
                let mut token = reader.open().unwrap();
                token.check_holds(&key).unwrap();
                token.pause();
                token
            };
            let mut tokens = [paused(), paused()];
            reader.exchange_card(other_company(other).card);
            for token in &mut tokens {
                let outcome = token.login_for(&key, &pin(PIN)).map(drop);
                assert!(
                    matches!(outcome, Err(TokenError::CardRemoved)),
                    "{mode:?} {other:?}: {outcome:?}"
                );
            }
            assert_eq!(reader.pins_received(), 0);
        }
    }
}
