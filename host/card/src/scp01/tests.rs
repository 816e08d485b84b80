use std::collections::HashMap;

use super::*;
use crate::apdu::Command;

const HOST: [u8; 8] = [0xBF, 0xC3, 0x29, 0x11, 0xC7, 0x18, 0xC3, 0x40];
const CARD: [u8; 8] = [0x29, 0x53, 0x35, 0x83, 0x31, 0xF1, 0x53, 0xC1];

fn session(mode: Mode) -> SessionKeys {
    SessionKeys::derive(mode, &StaticKeys::TRANSPORT, HOST, CARD)
}

fn bytes(hex_digits: &str) -> Vec<u8> {
    if hex_digits == "-" {
        Vec::new()
    } else {
        hex::decode(hex_digits).unwrap()
    }
}

#[test]
fn handshakes() {
    // Mode, S-ENC, S-MAC, card cryptogram, host cryptogram, MAC, counter after it.
    let cases = [
        (
            Mode::Aes,
            "76EC09DB79F6F384DF9394CDD108F076",
            "76EC09DB79F6F384DF9394CDD108F076",
            "0FDCBF4B7B8BB140",
            "DBD1490B1B0FEB15",
            "3DB545F942431950",
            "3DB545F9424319500000000000000000",
        ),
        (
            Mode::Cmac,
            "B1608E708532921A55E3371F1AE7A39A",
            "E201709650968A8E44A640D5E30975AB",
            "D05FA4C7B23099BA",
            "17494B9869491CC2",
            "20E0A727E66AA7F0",
            "20E0A727E66AA7F00000000000000000",
        ),
        (
            Mode::TripleDes,
            "B5B0A13CA9455F1B9AE4F69268E0CA6D",
            "B5B0A13CA9455F1B9AE4F69268E0CA6D",
            "48BE30B471CF3E5D",
            "D8274CD48414110C",
            "34122BF56C72305C",
            "34122BF56C72305C",
        ),
    ];
    for (mode, encryption, authentication, card, host, mac, counter) in cases {
        let mut keys = session(mode);
        assert_eq!(hex::encode_upper(keys.encryption), encryption, "{mode:?}");
        assert_eq!(
            hex::encode_upper(keys.authentication),
            authentication,
            "{mode:?}"
        );
        assert_eq!(
            hex::encode_upper(keys.card_cryptogram(HOST, CARD)),
            card,
            "{mode:?}"
        );
        let data = hex::encode_upper(keys.authenticate(HOST, CARD));
        assert_eq!(data, format!("{host}{mac}"), "{mode:?}");
        assert_eq!(hex::encode_upper(&keys.counter), counter, "{mode:?}");
    }
}

/// The blocks of `vectors.txt`.
fn vectors() -> Vec<HashMap<String, String>> {
    let text = include_str!("vectors.txt").replace("\n        ", "");
    let vectors: Vec<HashMap<String, String>> = text
        .split("\n\n")
        .skip(1)
        .map(|block| {
            block
                .lines()
                .filter_map(|line| line.split_at_checked(8))
                .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
                .collect()
        })
        .collect();
    assert_eq!(vectors.len(), 18);
    vectors
}

/// A session just before the vector's command, whose counter is one behind.
fn session_before(vector: &HashMap<String, String>) -> SessionKeys {
    let mode = match vector["mode"].as_str() {
        "Aes" => Mode::Aes,
        "Cmac" => Mode::Cmac,
        "TripleDes" => Mode::TripleDes,
        other => panic!("{other}"),
    };
    let mut counter = bytes(&vector["counter"]);
    *counter.last_mut().unwrap() -= 1;
    let mut keys = session(mode);
    keys.counter = counter;
    keys
}

fn command(vector: &HashMap<String, String>) -> Command {
    let header = bytes(&vector["header"]);
    let mut command =
        Command::new(header[0], header[1], header[2], header[3]).with_data(&bytes(&vector["data"]));
    command.expected = bytes(&vector["expect"])
        .first()
        .map(|&length| u16::from(length));
    command
}

#[test]
fn recorded_commands_and_answers() {
    for vector in vectors() {
        let mut keys = session_before(&vector);
        let sent = keys.wrap(&command(&vector));
        assert_eq!(hex::encode_upper(sent), vector["sent"], "{vector:?}");
        let response = keys
            .unwrap(&bytes(&vector["answer"]))
            .expect(&vector["name"]);
        assert_eq!(
            hex::encode_upper(response.data),
            vector["plain"].replace('-', ""),
            "{vector:?}"
        );
        assert_eq!(response.status.to_string(), vector["status"], "{vector:?}");
    }
}

#[test]
fn no_flipped_bit_and_no_missing_byte_goes_unnoticed() {
    for vector in vectors() {
        let mut keys = session_before(&vector);
        keys.wrap(&command(&vector));
        let answer = bytes(&vector["answer"]);
        for position in 0..answer.len() {
            for bit in 0..8 {
                let mut altered = answer.clone();
                altered[position] ^= 1 << bit;
                assert!(
                    keys.unwrap(&altered).is_err(),
                    "{} byte {position}",
                    vector["name"]
                );
            }
        }
        for length in 0..answer.len() {
            assert!(
                keys.unwrap(&answer[..length]).is_err(),
                "{} cut at {length}",
                vector["name"]
            );
        }
    }
}

#[test]
fn answers_in_the_clear_are_never_taken_for_the_cards() {
    let keys = session(Mode::Aes);
    for lost in ["6985", "6987", "6988"] {
        assert!(
            matches!(keys.unwrap(&bytes(lost)), Err(Error::SessionLost)),
            "{lost}"
        );
    }
    for other in ["9000", "63C5", "6A82"] {
        assert!(
            matches!(keys.unwrap(&bytes(other)), Err(Error::Unprotected { .. })),
            "{other}"
        );
    }
}

#[test]
fn a_status_that_differs_outside_is_noticed() {
    let vector = &vectors()[0];
    let mut keys = session_before(vector);
    keys.wrap(&command(vector));
    let mut answer = bytes(&vector["answer"]);
    let end = answer.len() - 2;
    answer[end..].copy_from_slice(&[0x6A, 0x82]);
    assert!(matches!(keys.unwrap(&answer), Err(Error::StatusMismatch)));
}

#[test]
fn lengths_of_encrypted_data_in_every_spelling() {
    let value = [&[0x01][..], &[0xAB; 0xE0]].concat();
    for length in [vec![0xE1], vec![0x81, 0xE1], vec![0x82, 0x00, 0xE1]] {
        let object = [length.clone(), value.clone()].concat();
        assert_eq!(cryptogram_of(&object), Some(&value[1..]), "{length:02X?}");
        assert_eq!(
            cryptogram_of(&object[..object.len() - 1]),
            None,
            "{length:02X?}"
        );
    }
    // 82 as a bare length would be read as the two-byte form, which then does not fit.
    assert_eq!(cryptogram_of(&[0x02, 0x01, 0xAB]), Some(&[0xAB][..]));
    assert_eq!(
        cryptogram_of(&[0x02, 0x02, 0xAB]),
        None,
        "the padding indicator is always 01"
    );
}

#[test]
fn the_counter_carries() {
    let mut keys = session(Mode::TripleDes);
    keys.counter = bytes("00000000000000FF");
    keys.increment();
    assert_eq!(hex::encode(&keys.counter), "0000000000000100");
}
