//! Everything that can go wrong on the way, at every command.

use kagibashi_card::cancel::Cancel;
use kagibashi_card::channel::{Cancellable, Channel, ChannelError};
use kagibashi_card_simulator::Mode;
use kagibashi_card_simulator::faults::Fault;
use kagibashi_token::{KeyHandle, SignatureAlgorithm, TokenError, driver};

use crate::signing::key_of;
use crate::simulated::{CardChannel, MODES, PIN, Reader, company, pin};

fn sign(reader: &Reader, key: &KeyHandle) -> Result<Vec<u8>, TokenError> {
    let mut token = reader.open()?;
    let mut logged_in = token.login_for(key, &pin(PIN))?;
    logged_in.sign(key, SignatureAlgorithm::Rs256, &[7; 32])
}

/// Signs once for each command that a signature takes, with the fault at that command.
fn at_every_step_of_sign(
    mode: Mode,
    fault: Fault,
    check: impl Fn(u64, u64, Result<Vec<u8>, TokenError>),
) {
    let fresh = Reader::with(company(mode).card);
    let key = key_of(&fresh.with_copy());
    let undisturbed = fresh.with_copy();
    sign(&undisturbed, &key).unwrap();
    let steps = undisturbed.commands();
    for step in 1..=steps {
        let reader = fresh.with_copy();
        reader.plan(step, fault);
        let outcome = sign(&reader, &key);
        assert!(
            reader.pins_received() <= 1,
            "{mode:?} {fault:?} {step}: the PIN was sent again"
        );
        check(step, steps, outcome);
        reader.clear_faults();
        let status = reader.open().unwrap().pin_status().unwrap();
        assert_eq!(status.tries_left, Some(10), "{mode:?} {fault:?} {step}");
    }
}

#[test]
fn the_card_pulled_at_every_step_of_sign() {
    for mode in MODES {
        at_every_step_of_sign(mode, Fault::Remove, |step, _, outcome| {
            assert!(
                matches!(outcome, Err(TokenError::CardRemoved)),
                "{mode:?} {step}: {outcome:?}"
            );
        });
    }
}

#[test]
fn the_card_mute_from_every_step_of_sign() {
    at_every_step_of_sign(Mode::Aes, Fault::Mute, |step, _, outcome| {
        assert!(
            matches!(outcome, Err(TokenError::CardMute)),
            "{step}: {outcome:?}"
        );
    });
}

#[test]
fn a_wrong_answer_mac_at_every_step_of_sign() {
    for mode in MODES {
        at_every_step_of_sign(mode, Fault::CorruptMac, |step, _, outcome| match step {
            // What the card says of itself has no MAC. The byte that is altered means nothing to us
            // in one mode, and in the others leads to a mode that does not work.
            1 => assert_eq!(outcome.is_ok(), mode == Mode::Aes, "{mode:?}: {outcome:?}"),
            // The yes to the handshake is two bytes, of which none is altered.
            3 => assert!(outcome.is_ok(), "{mode:?} {step}: {outcome:?}"),
            _ => assert!(
                matches!(outcome, Err(TokenError::SecureMessaging(_))),
                "{mode:?} {step}: {outcome:?}"
            ),
        });
    }
}

#[test]
fn the_session_lost_at_every_step_of_sign() {
    for mode in MODES {
        at_every_step_of_sign(mode, Fault::LoseSession, |step, steps, outcome| {
            // PIN, key and signature are the last three commands.
            if step > steps - 3 {
                assert!(
                    matches!(outcome, Err(TokenError::SessionStolen)),
                    "{mode:?} {step} of {steps}: {outcome:?}"
                );
            } else {
                assert!(outcome.is_ok(), "{mode:?} {step} of {steps}: {outcome:?}");
            }
        });
    }
}

#[test]
fn the_session_lost_at_every_step_of_listing() {
    let fresh = Reader::with(company(Mode::Aes).card);
    let list = |reader: &Reader| -> Result<_, TokenError> {
        let mut token = reader.open()?;
        let certificates = token.certificates()?;
        let ders: Vec<Vec<u8>> = certificates.into_iter().map(|found| found.der).collect();
        Ok((token.info()?, ders, token.pin_status()?))
    };
    let undisturbed = fresh.with_copy();
    let expected = list(&undisturbed).unwrap();
    for step in 1..=undisturbed.commands() {
        let reader = fresh.with_copy();
        reader.plan(step, Fault::LoseSession);
        assert_eq!(list(&reader).unwrap(), expected, "{step}");
    }
}

#[test]
fn a_session_that_is_always_lost_ends_in_an_error() {
    let reader = Reader::with(company(Mode::Aes).card);
    let key = key_of(&reader);
    for command in 4..1000 {
        reader.plan(command, Fault::LoseSession);
    }
    let before = reader.commands();
    assert!(matches!(
        sign(&reader, &key),
        Err(TokenError::SessionStolen)
    ));
    assert!(reader.commands() - before < 20);
    assert_eq!(reader.pins_received(), 0);
}

#[test]
fn a_raised_flag_stops_before_the_next_command() {
    let reader = Reader::with(company(Mode::Aes).card);
    let cancel = Cancel::new();
    let channel = Cancellable::new(reader.clone().channel(), cancel.clone());
    let mut token = driver::open(Box::new(channel), "", &reader.atr()).unwrap();
    let before = reader.commands();
    cancel.cancel();
    assert!(matches!(token.certificates(), Err(TokenError::Cancelled)));
    assert!(matches!(token.login(&pin(PIN)), Err(TokenError::Cancelled)));
    assert_eq!((reader.commands(), reader.pins_received()), (before, 0));
}

/// A card left in a directory without keys until it is reset.
struct Keyless(CardChannel, bool);

impl Channel for Keyless {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        match command {
            [0x80, 0x50, ..] if self.1 => Ok(vec![0x94, 0x03]),
            command => self.0.transmit(command),
        }
    }

    fn reset(&mut self) -> Result<(), ChannelError> {
        self.1 = false;
        self.0.reset()
    }

    fn reset_at_end(&mut self) {
        self.0.reset_at_end();
    }
}

#[test]
fn a_card_that_finds_no_keys_is_reset() {
    let reader = Reader::with(company(Mode::Aes).card);
    let channel = Keyless(reader.clone().channel(), true);
    let mut token = driver::open(Box::new(channel), "", &reader.atr()).unwrap();
    assert_eq!(token.certificates().unwrap().len(), 3);
    assert_eq!(reader.resets(), 1);
}

/// A card that another program resets before a command.
struct ResetBefore {
    card: CardChannel,
    commands_left: u64,
}

impl Channel for ResetBefore {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.commands_left = self.commands_left.wrapping_sub(1);
        if self.commands_left == 0 {
            self.card.reset()?;
            return Err(ChannelError::WasReset);
        }
        self.card.transmit(command)
    }

    fn reset(&mut self) -> Result<(), ChannelError> {
        self.card.reset()
    }

    fn reset_at_end(&mut self) {
        self.card.reset_at_end();
    }
}

#[test]
fn the_card_reset_by_another_program_at_every_step_of_sign() {
    let fresh = Reader::with(company(Mode::Aes).card);
    let key = key_of(&fresh.with_copy());
    let undisturbed = fresh.with_copy();
    sign(&undisturbed, &key).unwrap();
    let steps = undisturbed.commands();
    for step in 1..=steps {
        let reader = fresh.with_copy();
        let channel = ResetBefore {
            card: reader.clone().channel(),
            commands_left: step,
        };
        let outcome = driver::open(Box::new(channel), "", &reader.atr()).and_then(|mut token| {
            let mut logged_in = token.login_for(&key, &pin(PIN))?;
            logged_in.sign(&key, SignatureAlgorithm::Rs256, &[7; 32])
        });
        if step > steps - 3 {
            assert!(
                matches!(outcome, Err(TokenError::SessionStolen)),
                "{step}: {outcome:?}"
            );
        } else {
            assert!(outcome.is_ok(), "{step}: {outcome:?}");
        }
        assert!(reader.pins_received() <= 1);
    }
}
