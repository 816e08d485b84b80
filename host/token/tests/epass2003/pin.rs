use kagibashi_card_simulator::faults::Fault;
use kagibashi_card_simulator::personalise::{self, Request};
use kagibashi_card_simulator::settings::LastTry;
use kagibashi_card_simulator::{Mode, Settings};
use kagibashi_token::{PinStatus, SignatureAlgorithm, TokenError, ValidPin};

use crate::signing::key_of;
use crate::simulated::{MODES, PIN, Reader, application, company, overwrite, pin};

const NEW_PIN: &str = "correct horse 9!";
const WRONG_PIN: &str = "00000000";
const PUK: &str = "87654321";

fn tries(left: u8) -> PinStatus {
    PinStatus {
        tries_left: Some(left),
        maximum: Some(10),
        locked: left == 0,
        can_unblock: true,
        pad: false,
    }
}

#[test]
fn a_wrong_pin_costs_one_try_and_the_right_one_gives_it_back() {
    for mode in MODES {
        let reader = Reader::with(company(mode).card);
        let mut token = reader.open().unwrap();
        assert_eq!(token.pin_status().unwrap(), tries(10), "{mode:?}");
        for left in [9, 8] {
            let wrong = token.verify_pin(&pin(WRONG_PIN));
            let Err(TokenError::PinWrong { tries_left }) = wrong else {
                panic!("{wrong:?}")
            };
            assert_eq!(tries_left, Some(left));
            assert_eq!(token.pin_status().unwrap(), tries(left));
        }
        token.verify_pin(&pin(PIN)).unwrap();
        assert_eq!(token.pin_status().unwrap(), tries(10));
        assert_eq!(reader.pins_received(), 3);
    }
}

#[test]
fn a_locked_pin_stays_locked_whichever_way_the_card_says_so() {
    for last_try in [LastTry::Blocked, LastTry::Counter] {
        let settings = Settings {
            last_try,
            ..Settings::default()
        };
        let issued = personalise::company(&Request {
            settings,
            tries: 2,
            ..Request::default()
        });
        let reader = Reader::with(issued.card);
        let mut token = reader.open().unwrap();
        let outcomes = [WRONG_PIN, WRONG_PIN, PIN].map(|typed| token.verify_pin(&pin(typed)));
        assert!(matches!(
            outcomes[0],
            Err(TokenError::PinWrong {
                tries_left: Some(1)
            })
        ));
        assert!(
            matches!(outcomes[1], Err(TokenError::PinLocked)),
            "{last_try:?}"
        );
        assert!(
            matches!(outcomes[2], Err(TokenError::PinLocked)),
            "even the right one"
        );
        assert!(matches!(token.login(&pin(PIN)), Err(TokenError::PinLocked)));
        assert!(matches!(
            token.change_pin(&pin(PIN), &pin(NEW_PIN)),
            Err(TokenError::PinLocked)
        ));
        let status = token.pin_status().unwrap();
        assert_eq!(
            status,
            PinStatus {
                maximum: Some(2),
                ..tries(0)
            },
            "{last_try:?}"
        );
    }
}

#[test]
fn a_login_does_not_outlive_its_token() {
    let reader = Reader::with(company(Mode::Aes).card);
    let key = key_of(&reader);
    assert_eq!(reader.resets(), 0, "nobody logged in");
    let mut token = reader.open().unwrap();
    token.login_for(&key, &pin(PIN)).unwrap();
    assert_eq!(reader.resets(), 0, "still in use");
    drop(token);
    assert_eq!(reader.resets(), 1);
    let refused = reader.open().unwrap().login(&pin(WRONG_PIN)).map(drop);
    assert!(refused.is_err());
    assert_eq!(reader.resets(), 2, "after a wrong PIN, too");
}

/// The firmware with CMAC may expect another MAC on this one command than ours.
#[test]
fn a_card_that_refuses_to_tell_the_tries_can_still_be_used() {
    let settings = Settings {
        mode: Mode::Cmac,
        retry_query_without_icv: true,
        ..Settings::default()
    };
    let issued = personalise::company(&Request {
        settings,
        ..Request::default()
    });
    let reader = Reader::with(issued.card);
    let mut token = reader.open().unwrap();
    let key = token.certificates().unwrap()[0].key.clone().unwrap();
    let status = token.pin_status().unwrap();
    assert_eq!(
        status,
        PinStatus {
            tries_left: None,
            ..tries(10)
        }
    );
    let mut logged_in = token.login_for(&key, &pin(PIN)).unwrap();
    logged_in
        .sign(&key, SignatureAlgorithm::Ps256, &[7; 32])
        .unwrap();
    token.change_pin(&pin(PIN), &pin(NEW_PIN)).unwrap();
    token.verify_pin(&pin(NEW_PIN)).unwrap();
}

#[test]
fn a_changed_pin_replaces_the_old_one_and_keeps_its_tries() {
    for mode in MODES {
        let reader = Reader::with(company(mode).card);
        let mut token = reader.open().unwrap();
        token.change_pin(&pin(PIN), &pin(NEW_PIN)).unwrap();
        let old = token.verify_pin(&pin(PIN));
        assert!(
            matches!(
                old,
                Err(TokenError::PinWrong {
                    tries_left: Some(9)
                })
            ),
            "{old:?}"
        );
        token.verify_pin(&pin(NEW_PIN)).unwrap();
        assert_eq!(token.pin_status().unwrap(), tries(10), "{mode:?}");

        let wrong = token.change_pin(&pin(PIN), &pin(WRONG_PIN));
        assert!(
            matches!(
                wrong,
                Err(TokenError::PinWrong {
                    tries_left: Some(9)
                })
            ),
            "{wrong:?}"
        );
        token.verify_pin(&pin(NEW_PIN)).unwrap();
    }
}

#[test]
fn a_puk_sets_a_new_pin_where_the_old_one_is_locked() {
    for mode in MODES {
        let reader = Reader::with(company(mode).card);
        let mut token = reader.open().unwrap();
        while token.verify_pin(&pin(WRONG_PIN)).is_err() {
            if token.pin_status().unwrap().locked {
                break;
            }
        }
        let wrong = token.unblock_pin(&pin(WRONG_PIN), &pin(NEW_PIN));
        assert!(
            matches!(
                wrong,
                Err(TokenError::PukWrong {
                    tries_left: Some(9)
                })
            ),
            "{wrong:?}"
        );
        assert_eq!(token.puk_status().unwrap().tries_left, Some(9));
        assert!(token.pin_status().unwrap().locked, "{mode:?}");
        token.unblock_pin(&pin(PUK), &pin(NEW_PIN)).unwrap();
        assert_eq!(token.pin_status().unwrap(), tries(10), "{mode:?}");
        assert_eq!(token.puk_status().unwrap().tries_left, Some(10));
        token.verify_pin(&pin(NEW_PIN)).unwrap();
        assert!(token.verify_pin(&pin(PIN)).is_err());
    }
}

#[test]
fn a_puk_can_be_locked_and_be_missing() {
    let issued = personalise::company(&Request {
        tries: 2,
        ..Request::default()
    });
    let reader = Reader::with(issued.card);
    let mut token = reader.open().unwrap();
    let outcomes = [WRONG_PIN, WRONG_PIN, PUK]
        .map(|typed| token.unblock_pin(&pin(typed), &pin(NEW_PIN)).unwrap_err());
    assert!(matches!(
        outcomes[0],
        TokenError::PukWrong {
            tries_left: Some(1)
        }
    ));
    assert!(matches!(outcomes[1], TokenError::PukLocked));
    assert!(matches!(outcomes[2], TokenError::PukLocked));
    assert!(token.puk_status().unwrap().locked);
    token.verify_pin(&pin(PIN)).unwrap();

    overwrite(&mut application(&reader), 0x9F00, &[2, 0]);
    assert!(!reader.open().unwrap().pin_status().unwrap().can_unblock);
}

/// As for a change, for which see below.
#[test]
fn a_disturbed_unblocking_says_which_pin_is_valid() {
    let fresh = Reader::with(company(Mode::Aes).card);
    let mut token = fresh.open().unwrap();
    while !token.pin_status().unwrap().locked {
        token.verify_pin(&pin(WRONG_PIN)).unwrap_err();
    }
    drop(token);
    let undisturbed = fresh.with_copy();
    let unblock = |reader: &Reader| {
        reader
            .open()
            .and_then(|mut token| token.unblock_pin(&pin(PUK), &pin(NEW_PIN)))
    };
    unblock(&undisturbed).unwrap();
    let steps = undisturbed.commands() - fresh.commands();
    let mut outcomes = Vec::new();
    for fault in [
        Fault::Remove,
        Fault::Mute,
        Fault::CorruptMac,
        Fault::LoseSession,
    ] {
        for step in 1..=steps {
            let reader = fresh.with_copy();
            reader.plan(step, fault);
            let changed = unblock(&reader);
            let told = match &changed {
                Ok(()) => ValidPin::New,
                Err(TokenError::PinChange(error)) => error.valid,
                Err(_) => ValidPin::Current,
            };
            reader.clear_faults();
            let mut token = reader.open().unwrap();
            let found = token.find_valid_pin(None, &pin(NEW_PIN)).unwrap();
            let locked = token.pin_status().unwrap().locked;
            let new = token.verify_pin(&pin(NEW_PIN)).is_ok();
            let situation = format!("{fault:?} at command {step} of {steps}: {changed:?}");
            assert_ne!(new, locked, "{situation}");
            assert_eq!(found == ValidPin::New, new, "{situation}");
            assert!(told == found || told == ValidPin::Unknown, "{situation}");
            outcomes.push(told);
        }
    }
    for outcome in [ValidPin::New, ValidPin::Current, ValidPin::Unknown] {
        assert!(outcomes.contains(&outcome), "{outcome:?} never happened");
    }
}

/// The file with the maximum can be overwritten by anybody.
#[test]
fn a_maximum_of_one_try_is_not_believed() {
    let reader = Reader::with(company(Mode::Aes).card);
    overwrite(&mut application(&reader), 0x9F00, &[1, 1]);

    let mut token = reader.open().unwrap();
    token.change_pin(&pin(PIN), &pin(NEW_PIN)).unwrap();
    assert_eq!(token.pin_status().unwrap().tries_left, Some(10));
}

/// Whatever happens at whichever command of a change, one PIN is valid after it and the error says
/// which, unless the token is gone.
#[test]
fn a_disturbed_change_leaves_one_pin_and_says_which() {
    let fresh = Reader::with(company(Mode::Aes).card);
    let undisturbed = fresh.with_copy();
    undisturbed
        .open()
        .unwrap()
        .change_pin(&pin(PIN), &pin(NEW_PIN))
        .unwrap();
    let steps = undisturbed.commands();
    let mut outcomes = Vec::new();
    for fault in [
        Fault::Remove,
        Fault::Mute,
        Fault::CorruptMac,
        Fault::LoseSession,
    ] {
        for step in 1..=steps {
            let reader = fresh.with_copy();
            reader.plan(step, fault);
            let changed = reader
                .open()
                .and_then(|mut token| token.change_pin(&pin(PIN), &pin(NEW_PIN)));
            let told = match &changed {
                Ok(()) => ValidPin::New,
                Err(TokenError::PinChange(error)) => error.valid,
                Err(_) => ValidPin::Current,
            };
            reader.clear_faults();
            let mut token = reader.open().unwrap();
            let found = token.find_valid_pin(Some(&pin(PIN)), &pin(NEW_PIN));
            assert_eq!(token.pin_status().unwrap(), tries(10), "a try was spent");
            let new = token.verify_pin(&pin(NEW_PIN)).is_ok();
            let current = token.verify_pin(&pin(PIN)).is_ok();
            let situation = format!("{fault:?} at command {step} of {steps}: {changed:?}");
            assert_ne!(new, current, "{situation}");
            assert_eq!(found.unwrap() == ValidPin::New, new, "{situation}");
            let gone = matches!(fault, Fault::Remove | Fault::Mute);
            match told {
                ValidPin::New => assert!(new, "{situation}"),
                ValidPin::Current => assert!(current, "{situation}"),
                ValidPin::Unknown => assert!(gone, "{situation}"),
            }
            outcomes.push(told);
        }
    }
    for outcome in [ValidPin::New, ValidPin::Current, ValidPin::Unknown] {
        assert!(outcomes.contains(&outcome), "{outcome:?} never happened");
    }
}
