use super::*;
use crate::transcript::Replay;

const HOST: [u8; 8] = [0xBF, 0xC3, 0x29, 0x11, 0xC7, 0x18, 0xC3, 0x40];

const HANDSHAKE: &str = "
> 8050000008BFC32911C718C3401C
< 0000330701161705120100012953358331F153C10FDCBF4B7B8BB1409000
> 8482030010DBD1490B1B0FEB153DB545F942431950
< 9000
";

const SELECT_MASTER_FILE: &str = "
> 0CA4000020871101FAADF8567D73438C3FB6C4D8760663CA9701008E08D23A34DF401D5F5C00
< 873101FC7CC8332758C747D687EF359662D9C76FE6BD7C591FE54DA835420F01F3EF72338CD643E9964387DEC1F1E2C91C7DB7990290008E0811094B90A69D324E9000
";

fn card(transcript: &str) -> SecureMessaging<Replay> {
    SecureMessaging::new(
        Replay::new(transcript).unwrap(),
        Mode::Aes,
        StaticKeys::TRANSPORT,
    )
    .with_host_challenge(Box::new(|| Ok(HOST)))
}

fn select_master_file() -> Command {
    Command::new(0x00, 0xA4, 0x00, 0x00)
        .with_data(&[0x3F, 0x00])
        .expecting(0)
}

/// Recorded between OpenSC 0.23 and a software card.
#[test]
fn a_recorded_session_byte_for_byte() {
    let mut card = card(&[HANDSHAKE, SELECT_MASTER_FILE].concat());
    card.renew().unwrap();
    let answer = card.transmit(&select_master_file()).unwrap();
    assert_eq!(answer.status, StatusWord::Success);
    assert_eq!(answer.data[..2], [0x6F, 0x26]);
    assert_eq!(card.channel_mut().remaining(), 0);
}

#[test]
fn after_a_loss_nothing_is_sent_until_the_next_handshake() {
    let lost = SELECT_MASTER_FILE.split("\n<").next().unwrap().to_owned() + "\n< 6988\n";
    let mut card = card(&[HANDSHAKE, &lost, HANDSHAKE, SELECT_MASTER_FILE].concat());
    card.renew().unwrap();
    for _ in 0..3 {
        let answer = card.transmit(&select_master_file());
        assert!(
            matches!(answer, Err(SecureMessagingError::SessionLost)),
            "{answer:?}"
        );
    }
    card.renew().unwrap();
    assert_eq!(
        card.transmit(&select_master_file()).unwrap().status,
        StatusWord::Success
    );
    assert_eq!(card.channel_mut().remaining(), 0);
}

#[test]
fn a_card_without_the_keys_is_noticed_before_it_gets_a_command() {
    let pretender = HANDSHAKE.replace("0FDCBF4B7B8BB140", "0FDCBF4B7B8BB141");
    let mut card = card(&pretender);
    assert!(matches!(
        card.renew(),
        Err(SecureMessagingError::CardCryptogram)
    ));
    assert_eq!(
        card.channel_mut().remaining(),
        1,
        "EXTERNAL AUTHENTICATE was not sent"
    );
    let answer = card.transmit(&select_master_file());
    assert!(matches!(answer, Err(SecureMessagingError::SessionLost)));
}

#[test]
fn answers_to_the_handshake_of_every_wrong_kind() {
    for (answer, expected) in [
        ("9403", "Handshake"),
        ("6985", "Handshake"),
        ("9000", "Malformed"),
        ("00003307011617051201000129533583319000", "Malformed"),
    ] {
        let transcript = format!("> 8050000008BFC32911C718C3401C\n< {answer}");
        let error = card(&transcript).renew().unwrap_err();
        assert!(
            format!("{error:?}").starts_with(expected),
            "{answer}: {error:?}"
        );
    }
}
