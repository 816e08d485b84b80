//! The two ways of signing, in both layouts and all modes, open or refused.

use kagibashi_card_simulator::personalise::{self, Attributes};
use kagibashi_card_simulator::{Mode, Refusal, RefusedCommand, StatusWord};
use kagibashi_token::{KeyHandle, PinStatus, Signable, SignatureAlgorithm, Token, TokenError};

use crate::signing::key_of;
use crate::simulated::{MODES, PIN, Reader, company, espk, pin};

const MESSAGE: &[u8] = "鍵橋".as_bytes();
const NEW_PIN: &str = "87654321";

/// Refusals that were observed, or can be expected, after a right PIN.
const STATUS_WORDS: [u16; 5] = [0x6A80, 0x6A88, 0x6982, 0x6D00, 0x6F83];

/// A card that refuses the raw way, the way by a hash, both or neither, with a serial number of its
/// own: which way worked is remembered by that.
fn reader(
    issued: personalise::Token,
    serial: u8,
    raw: Option<Refusal>,
    hashing: Option<Refusal>,
) -> Reader {
    Reader::with(issued.card.remade(|settings| {
        settings.serial = [0xAA, 0, 0, 0, 0, 0, 0, serial];
        settings.refuses_raw = raw;
        settings.refuses_hashing = hashing;
    }))
}

/// At the last moment, as a token was seen to answer.
const IN_USE: Option<Refusal> = Some(Refusal {
    at: RefusedCommand::UseKey,
    status: 0x6F83,
});

fn sign(
    token: &mut dyn Token,
    key: &KeyHandle,
    algorithm: SignatureAlgorithm,
    content: Signable,
) -> Result<Vec<u8>, TokenError> {
    token
        .login_for(key, &pin(PIN))?
        .sign_content(key, algorithm, content)
}

fn unsupported(signed: &Result<Vec<u8>, TokenError>, expected: u16) -> bool {
    match signed {
        Err(TokenError::SignatureUnsupported { status_word, .. }) => {
            u16::from(*status_word) == expected
        }
        _ => false,
    }
}

#[test]
fn every_layout_in_every_mode_signs_whichever_way_is_open() {
    let mut serial = 0;
    for mode in MODES {
        for issued in [company(mode), espk(mode, Attributes::WithoutId)] {
            for (raw, hashing) in [(true, true), (true, false), (false, true), (false, false)] {
                serial += 1;
                let situation = format!("{mode:?}, card {serial}, raw {raw}, hashing {hashing}");
                let closed = |open: bool| if open { None } else { IN_USE };
                let reader = reader(issued.clone(), serial, closed(raw), closed(hashing));
                let mut token = reader.open().unwrap();

                let certificates = token.certificates().unwrap();
                assert_eq!(certificates[0].der, issued.clients[0], "{situation}");
                let key = certificates[0].key.clone().unwrap();

                let wrong = token.verify_pin(&pin("00000000"));
                assert!(
                    matches!(
                        wrong,
                        Err(TokenError::PinWrong {
                            tries_left: Some(9)
                        })
                    ),
                    "{situation}: {wrong:?}"
                );
                token.verify_pin(&pin(PIN)).unwrap();
                let pins = reader.pins_received();

                let message = Signable::Message(MESSAGE);
                let whole = sign(token.as_mut(), &key, SignatureAlgorithm::Rs256, message);
                match whole {
                    Ok(_) => assert!(raw || hashing, "{situation}"),
                    Err(TokenError::Unexpected { status_word, .. }) => {
                        assert!(!raw && !hashing, "{situation}");
                        assert_eq!(u16::from(status_word), 0x6F83);
                    }
                    Err(error) => panic!("{situation}: {error:?}"),
                }
                for algorithm in [SignatureAlgorithm::Rs256, SignatureAlgorithm::Ps256] {
                    let digest = Signable::Digest(&[7; 32]);
                    let signed = sign(token.as_mut(), &key, algorithm, digest);
                    assert!(
                        if raw {
                            signed.is_ok()
                        } else {
                            unsupported(&signed, 0x6F83)
                        },
                        "{situation} {algorithm}: {signed:?}"
                    );
                }
                let ps256 = sign(token.as_mut(), &key, SignatureAlgorithm::Ps256, message);
                assert_eq!(ps256.is_ok(), raw, "{situation}: {ps256:?}");
                assert_eq!(reader.pins_received() - pins, 4, "{situation}");

                token.change_pin(&pin(PIN), &pin(NEW_PIN)).unwrap();
                token.verify_pin(&pin(NEW_PIN)).unwrap();
                let status = token.pin_status().unwrap();
                assert_eq!(status.tries_left, Some(10), "{situation}");
                let old = token.verify_pin(&pin(PIN));
                assert!(
                    matches!(old, Err(TokenError::PinWrong { .. })),
                    "{situation}"
                );
            }
        }
    }
}

#[test]
fn however_the_raw_way_is_refused_the_other_is_taken_without_a_second_pin() {
    let mut serial = 100;
    for status in STATUS_WORDS {
        for at in [RefusedCommand::ChooseKey, RefusedCommand::UseKey] {
            serial += 1;
            let refusal = Some(Refusal { at, status });
            let reader = reader(espk(Mode::Aes, Attributes::All), serial, refusal, None);
            let key = key_of(&reader);
            let mut token = reader.open().unwrap();
            let mut logged_in = token.login_for(&key, &pin(PIN)).unwrap();
            // What the card is asked for first must not decide what it is asked for later.
            let digest = logged_in.sign(&key, SignatureAlgorithm::Rs256, &[7; 32]);
            assert!(unsupported(&digest, status), "{status:04X}: {digest:?}");
            for length in [1, 63, 64, 65, 200] {
                let message = vec![b'A'; length];
                logged_in
                    .sign_content(&key, SignatureAlgorithm::Rs256, Signable::Message(&message))
                    .unwrap();
            }
            // Nothing of it is left for the card to hash.
            let empty = Signable::Message(b"");
            let signed = logged_in.sign_content(&key, SignatureAlgorithm::Rs256, empty);
            assert!(unsupported(&signed, status), "{signed:?}");
            for algorithm in key.kind.algorithms().skip(1) {
                let message = Signable::Message(MESSAGE);
                let signed = logged_in.sign_content(&key, algorithm, message);
                assert!(unsupported(&signed, status), "{algorithm}: {signed:?}");
            }
            assert_eq!(reader.pins_received(), 1);
        }
    }
}

#[test]
fn a_token_is_remembered_by_the_way_it_takes() {
    let issued = espk(Mode::Aes, Attributes::All);
    for (serial, raw, expected) in [(120, None, [2, 2]), (121, IN_USE, [5, 3])] {
        let reader = reader(issued.clone(), serial, raw, None);
        let key = key_of(&reader);
        let costs = [(); 2].map(|()| {
            let (mut token, count) = reader.open_counted();
            let mut logged_in = token.login_for(&key, &pin(PIN)).unwrap();
            let before = count.get();
            let message = Signable::Message(MESSAGE);
            logged_in
                .sign_content(&key, SignatureAlgorithm::Rs256, message)
                .unwrap();
            count.get() - before
        });
        assert_eq!(costs, expected);
    }

    // A token that takes the other way later, as after it was set up anew, is not lost.
    let reader = reader(issued, 121, None, IN_USE);
    let key = key_of(&reader);
    let mut token = reader.open().unwrap();
    for content in [Signable::Message(MESSAGE), Signable::Digest(&[7; 32])] {
        sign(token.as_mut(), &key, SignatureAlgorithm::Rs256, content).unwrap();
    }
}

#[test]
fn where_both_ways_are_refused_the_cards_word_is_told() {
    for (serial, status) in (130..).zip(STATUS_WORDS) {
        let refusal = Some(Refusal {
            at: RefusedCommand::ChooseKey,
            status,
        });
        let reader = reader(espk(Mode::Cmac, Attributes::All), serial, refusal, refusal);
        let key = key_of(&reader);
        let mut token = reader.open().unwrap();
        let message = Signable::Message(MESSAGE);
        let signed = sign(token.as_mut(), &key, SignatureAlgorithm::Rs256, message);
        match signed {
            // The card's own word for a key that it does not have.
            Err(TokenError::KeyNotFound) => assert_eq!(StatusWord(status).0, 0x6A88),
            Err(TokenError::Unexpected { status_word, .. }) => {
                assert_eq!(u16::from(status_word), status);
            }
            other => panic!("{status:04X}: {other:?}"),
        }
        assert_eq!(
            token.pin_status().unwrap(),
            PinStatus {
                tries_left: Some(10),
                ..PinStatus::default()
            }
        );
        assert_eq!(reader.pins_received(), 1);
    }
}
