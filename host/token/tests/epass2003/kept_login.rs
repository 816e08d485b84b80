//! Logins that are kept between signatures.

use kagibashi_card::apdu::Command;
use kagibashi_card::cancel::Cancel;
use kagibashi_card::channel::Cancellable;
use kagibashi_card::status_word::StatusWord;
use kagibashi_card::transcript::Replay;
use kagibashi_card_simulator::Mode;
use kagibashi_card_simulator::faults::Fault;
use kagibashi_token::{
    KeptLogin, KeyHandle, PinStatus, SignatureAlgorithm, TokenError, TokenInfo, driver,
};

use crate::pausing::DISTURBANCES;
use crate::signing::key_of;
use crate::simulated::{MODES, PIN, Reader, application, company, pin};

pub fn sign(login: &mut KeptLogin, key: &KeyHandle) -> Result<Vec<u8>, TokenError> {
    login.sign(key, SignatureAlgorithm::Ps256, &[7; 32])
}

fn tries_left(reader: &Reader) -> Option<u8> {
    reader.open().unwrap().pin_status().unwrap().tries_left
}

/// What a program remembers that has read a token.
pub fn known(reader: &Reader) -> (TokenInfo, KeyHandle, PinStatus) {
    let mut token = reader.open().unwrap();
    let status = token.pin_status().unwrap();
    (token.info().unwrap(), key_of(reader), status)
}

#[test]
fn a_known_token_signs_in_eleven_commands_and_then_in_two() {
    for mode in MODES {
        let reader = Reader::with(company(mode).card);
        let (info, key, earlier) = known(&reader);

        let (mut token, count) = reader.open_again(&info).unwrap();
        assert_eq!(token.pin_status_again(earlier).unwrap(), earlier);
        token.pause();
        assert!(!reader.is_held());
        let asked = count.get();
        token.check_holds(&key).unwrap();
        assert_eq!(count.get(), asked, "it has been checked");
        assert!(!reader.is_held(), "nothing was asked");

        let mut login = token.log_in(&pin(PIN)).unwrap();
        assert!(!reader.is_held());
        sign(&mut login, &key).unwrap();
        println!("{mode:?}: {} commands to the first signature", count.get());
        assert!(count.get() <= 11, "{mode:?}: {}", count.get());
        for _ in 0..3 {
            let before = count.get();
            sign(&mut login, &key).unwrap();
            assert!(!reader.is_held());
            assert!(count.get() - before <= 2, "{mode:?}");
        }
        assert_eq!((reader.pins_received(), reader.resets()), (1, 0));
        drop(login);
        assert_eq!(reader.resets(), 1);
    }
}

/// Whether a program that opens a session of its own is refused the key.
pub fn takes_no_signature(reader: &Reader) -> bool {
    let mut card = application(reader);
    let select_key =
        Command::new(0x00, 0x22, 0x41, 0xB8).with_data(&[0x80, 0x01, 0x84, 0x81, 0x02, 0x29, 0x00]);
    assert_eq!(
        card.transmit(&select_key).unwrap().status,
        StatusWord::Success
    );
    let use_key = Command::new(0x00, 0x2A, 0x80, 0x86)
        .with_data(&[1; 256])
        .expecting(0);
    let answer = card.transmit(&use_key).unwrap();
    answer.status == StatusWord::SecurityStatusNotSatisfied && answer.data.is_empty()
}

#[test]
fn a_kept_login_is_open_to_nobody_else() {
    let reader = Reader::with(company(Mode::Aes).card);
    let key = key_of(&reader);
    let mut login = reader.open().unwrap().log_in(&pin(PIN)).unwrap();

    // In the clear nothing is done that needs a login, and what is done does no harm.
    let select_key = [0x00, 0x22, 0x41, 0xB8, 7, 0x80, 1, 0x84, 0x81, 2, 0x29, 0];
    let use_key = [&[0x00, 0x2A, 0x80, 0x86, 0, 1, 0][..], &[1; 256], &[0, 0]].concat();
    for command in [&select_key[..], &use_key] {
        assert_eq!(reader.transmit_by_another(command), [0x69, 0x85]);
    }
    let capabilities = reader.transmit_by_another(&[0x00, 0xCA, 0x01, 0x86, 0x00]);
    assert_eq!(capabilities.last_chunk(), Some(&[0x90, 0x00]));
    sign(&mut login, &key).unwrap();

    assert!(takes_no_signature(&reader));
    let signed = sign(&mut login, &key);
    assert!(
        matches!(signed, Err(TokenError::SessionStolen)),
        "{signed:?}"
    );
}

#[test]
fn a_lost_session_is_the_end_of_a_kept_login() {
    for (what, disturb) in DISTURBANCES {
        let reader = Reader::with(company(Mode::Aes).card);
        let key = key_of(&reader);
        let mut login = reader.open().unwrap().log_in(&pin(PIN)).unwrap();
        sign(&mut login, &key).unwrap();
        disturb(&reader);
        let signed = sign(&mut login, &key);
        assert!(
            matches!(signed, Err(TokenError::SessionStolen)),
            "{what}: {signed:?}"
        );
        let commands = reader.commands();
        for _ in 0..3 {
            let signed = sign(&mut login, &key);
            assert!(matches!(signed, Err(TokenError::SessionStolen)));
            assert!(!reader.is_held());
        }
        assert_eq!(reader.commands(), commands, "{what}: the card was asked");
        drop(login);
        assert_eq!(reader.resets(), 0, "{what}: others use the card now");
        assert_eq!((reader.pins_received(), tries_left(&reader)), (1, Some(10)));
    }
}

#[test]
fn trouble_at_every_step_of_a_kept_login() {
    let fresh = Reader::with(company(Mode::Aes).card);
    let key = key_of(&fresh.with_copy());
    let run = |reader: &Reader| {
        let mut token = reader.open()?;
        token.check_holds(&key)?;
        token.pause();
        let mut login = token.log_in(&pin(PIN))?;
        for _ in 0..2 {
            sign(&mut login, &key)?;
        }
        Ok::<_, TokenError>(())
    };
    let undisturbed = fresh.with_copy();
    run(&undisturbed).unwrap();
    let steps = undisturbed.commands();
    for fault in [
        Fault::Remove,
        Fault::Mute,
        Fault::CorruptMac,
        Fault::LoseSession,
    ] {
        for step in 1..=steps {
            let reader = fresh.with_copy();
            reader.plan(step, fault);
            let outcome = run(&reader);
            let situation = format!("{fault:?} at {step} of {steps}: {outcome:?}");
            match fault {
                Fault::Remove => assert!(matches!(outcome, Err(TokenError::CardRemoved))),
                Fault::Mute => assert!(matches!(outcome, Err(TokenError::CardMute))),
                // The PIN, and two commands for each signature.
                Fault::LoseSession if step > steps - 5 => assert!(
                    matches!(outcome, Err(TokenError::SessionStolen)),
                    "{situation}"
                ),
                Fault::LoseSession => assert!(outcome.is_ok(), "{situation}"),
                // The first and the third answer have no MAC.
                _ if step > 3 => assert!(
                    matches!(outcome, Err(TokenError::SecureMessaging(_))),
                    "{situation}"
                ),
                _ => {}
            }
            assert!(reader.pins_received() <= 1, "{situation}");
            assert!(!reader.is_held(), "{situation}");
            reader.clear_faults();
            assert_eq!(tries_left(&reader), Some(10), "{situation}");
            assert!(takes_no_signature(&reader), "{situation}");
        }
    }
}

#[test]
fn a_login_that_failed_is_not_kept() {
    let reader = Reader::with(company(Mode::Aes).card);
    let refused = reader.open().unwrap().log_in(&pin("00000000"));
    assert!(matches!(
        refused,
        Err(TokenError::PinWrong {
            tries_left: Some(9)
        })
    ));
    assert_eq!((reader.resets(), reader.is_held()), (1, false));
    let mut login = reader.open().unwrap().log_in(&pin(PIN)).unwrap();
    // What has nothing to do with the session does not end the login.
    let key = key_of(&reader.with_copy());
    let missing = KeyHandle {
        reference: 0x29E0,
        ..key.clone()
    };
    assert!(matches!(
        sign(&mut login, &missing),
        Err(TokenError::KeyNotFound)
    ));
    let short = login.sign(&key, SignatureAlgorithm::Rs256, &[7; 20]);
    assert!(matches!(short, Err(TokenError::DigestLength { .. })));
    let elsewhere = KeyHandle {
        serial: "00".to_owned(),
        ..key.clone()
    };
    assert!(matches!(
        sign(&mut login, &elsewhere),
        Err(TokenError::WrongToken { .. })
    ));
    sign(&mut login, &key).unwrap();
    drop(login);
    assert_eq!(reader.resets(), 2);
}

#[test]
fn a_card_that_is_busy_keeps_session_and_login() {
    let reader = Reader::with(company(Mode::Aes).card);
    let key = key_of(&reader);
    let mut token = reader.open().unwrap();
    token.check_holds(&key).unwrap();
    token.pause();
    reader.hold_by_another(true);
    let asked = token.pin_status();
    assert!(
        matches!(asked, Err(TokenError::ReaderBusy { .. })),
        "{asked:?}"
    );
    reader.hold_by_another(false);
    let before = reader.commands();
    let mut login = token.log_in(&pin(PIN)).unwrap();
    assert_eq!(
        reader.commands() - before,
        4,
        "two selections, challenge, PIN: the session was not lost"
    );
    for _ in 0..3 {
        reader.hold_by_another(true);
        let signed = sign(&mut login, &key);
        assert!(
            matches!(signed, Err(TokenError::ReaderBusy { .. })),
            "{signed:?}"
        );
        reader.hold_by_another(false);
        sign(&mut login, &key).unwrap();
    }
    assert_eq!(reader.pins_received(), 1);
}

#[test]
fn a_raised_flag_stops_a_paused_token_but_no_kept_login() {
    let reader = Reader::with(company(Mode::Aes).card);
    let key = key_of(&reader);
    let cancel = Cancel::new();
    let open = || {
        let channel = Cancellable::new(reader.clone().channel(), cancel.clone());
        driver::open(Box::new(channel), "", &reader.atr()).unwrap()
    };
    let mut token = open();
    token.pause();
    let mut login = open().log_in(&pin(PIN)).unwrap();
    cancel.cancel();
    assert!(matches!(token.pin_status(), Err(TokenError::Cancelled)));
    sign(&mut login, &key).unwrap();
}

#[test]
fn without_secure_messaging_no_login_is_kept() {
    let transcript = "> 00CA018600\n< 80010181021DD5820103830200008401009000";
    let atr = Reader::with(company(Mode::Aes).card).atr();
    let channel = Replay::new(transcript).unwrap();
    let token = driver::open(Box::new(channel), "", &atr).unwrap();
    // Any command would be one too many for the transcript.
    let refused = token.log_in(&pin(PIN));
    assert!(
        matches!(refused, Err(TokenError::LoginUnprotected)),
        "{refused:?}"
    );
}
