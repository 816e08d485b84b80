//! Published exchanges of a reference card: handshakes in all modes, wrapped commands,
//! PIN and signature.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use kagibashi_card_simulator::apdu::{Apdu, Le};
use kagibashi_card_simulator::file::PrivateKey;
use kagibashi_card_simulator::secure_messaging::Session;
use kagibashi_card_simulator::{Card, Mode, Settings, StatusWord};

/// Capabilities, INITIALIZE UPDATE, EXTERNAL AUTHENTICATE: command and answer each.
const HANDSHAKES: [(Mode, [[&str; 2]; 3]); 3] = [
    (
        Mode::Aes,
        [
            ["00CA018600", "80010181021DD58201039000"],
            [
                "8050000008BFC32911C718C3401C",
                "0000330701161705120100012953358331F153C10FDCBF4B7B8BB1409000",
            ],
            ["8482030010DBD1490B1B0FEB153DB545F942431950", "9000"],
        ],
    ),
    (
        Mode::Cmac,
        [
            [
                "00CA018600",
                "80010181021DD482010083020000840101850A000033070116170512018601008701019000",
            ],
            [
                "8050000008BFC32911C718C3401D",
                "000033070116170512010003002953358331F153C1D05FA4C7B23099BA9000",
            ],
            ["848203001017494B9869491CC220E0A727E66AA7F0", "9000"],
        ],
    ),
    (
        Mode::TripleDes,
        [
            ["00CA018600", "80010281021DD5820103830200008401019000"],
            [
                "8050000008BFC32911C718C3401C",
                "0000330701161705120100012953358331F153C148BE30B471CF3E5D9000",
            ],
            ["8482030010D8274CD48414110C34122BF56C72305C", "9000"],
        ],
    ),
];

/// S-ENC and S-MAC of those handshakes.
fn session_keys(mode: Mode) -> [&'static str; 2] {
    match mode {
        Mode::Aes => ["76EC09DB79F6F384DF9394CDD108F076"; 2],
        Mode::Cmac => [
            "B1608E708532921A55E3371F1AE7A39A",
            "E201709650968A8E44A640D5E30975AB",
        ],
        Mode::TripleDes => ["B5B0A13CA9455F1B9AE4F69268E0CA6D"; 2],
    }
}

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

#[test]
fn handshakes_and_the_command_after_them() {
    for (mode, exchanges) in HANDSHAKES {
        let mut card = Card::blank(Settings {
            mode,
            ..Settings::default()
        });
        for [command, answer] in exchanges {
            assert_eq!(
                hex::encode_upper(card.transmit(&bytes(command))),
                answer,
                "{mode:?} {command}"
            );
        }
    }
}

/// The same handshake with one bit wrong opens nothing.
#[test]
fn a_wrong_handshake_opens_no_session() {
    for (mode, exchanges) in HANDSHAKES {
        for index in 5..21 {
            let mut card = Card::blank(Settings {
                mode,
                ..Settings::default()
            });
            card.transmit(&bytes(exchanges[1][0]));
            let mut authenticate = bytes(exchanges[2][0]);
            authenticate[index] ^= 0x10;
            assert_eq!(card.transmit(&authenticate), [0x63, 0x00]);
            authenticate[index] ^= 0x10;
            assert_eq!(
                card.transmit(&authenticate),
                [0x69, 0x85],
                "the second attempt must fail"
            );
            assert_eq!(card.transmit(&bytes("0CA4000000")), [0x69, 0x88]);
        }
    }
}

struct Wrapped {
    name: String,
    mode: Mode,
    plain: Apdu,
    icv: [u8; 16],
    command: Vec<u8>,
    answer: Vec<u8>,
    result: Vec<u8>,
    status: StatusWord,
}

/// Reads `exchanges.txt`.
fn exchanges() -> Vec<Wrapped> {
    let text = include_str!("exchanges.txt").replace("\n        ", "");
    let blocks = text.split("\n[").skip(1);
    blocks
        .map(|block| {
            let (name, fields) = block.split_once(']').unwrap();
            let find = |name: &str| {
                fields
                    .lines()
                    .find_map(|line| line.strip_prefix(name))
                    .map(str::trim)
                    .unwrap_or_default()
            };
            let header = bytes(find("header"));
            let mode = serde_json::from_value(find("mode").into()).unwrap();
            let mut icv = bytes(find("icv"));
            icv.resize(16, 0);
            let le = match bytes(find("le"))[..] {
                [] => None,
                [length] => Some(Le::Short(length)),
                [high, low] => Some(Le::Extended(u16::from_be_bytes([high, low]))),
                _ => panic!("Le has one or two bytes"),
            };
            let status = u16::from_str_radix(find("status"), 16).unwrap();
            Wrapped {
                name: format!("{mode:?} {name}"),
                mode,
                plain: Apdu {
                    cla: header[0],
                    ins: header[1],
                    p1: header[2],
                    p2: header[3],
                    data: bytes(find("data")),
                    le,
                },
                icv: icv.try_into().unwrap(),
                command: bytes(find("command")),
                answer: bytes(find("answer")),
                result: bytes(find("result")),
                status: StatusWord(status),
            }
        })
        .collect()
}

fn session_before(exchange: &Wrapped) -> Session {
    let [encryption_key, mac_key] =
        session_keys(exchange.mode).map(|key| bytes(key).try_into().unwrap());
    // The counter goes up by one before it is used; no vector borrows across a byte.
    let mut icv = exchange.icv;
    icv[exchange.mode.block() - 1] -= 1;
    Session {
        mode: exchange.mode,
        encryption_key,
        mac_key,
        icv,
        retry_query_without_icv: false,
    }
}

#[test]
fn wrapped_commands_open_and_answers_close_as_published() {
    let exchanges = exchanges();
    assert_eq!(exchanges.len(), 18);
    for exchange in exchanges {
        let name = &exchange.name;
        let mut card = session_before(&exchange);
        let opened = card.unwrap(&Apdu::parse(&exchange.command).unwrap());
        assert_eq!(opened.as_ref(), Ok(&exchange.plain), "{name}");
        let answer = card.wrap_answer(&exchange.result, exchange.status);
        assert_eq!(hex::encode(answer), hex::encode(&exchange.answer), "{name}");

        let mut host = session_before(&exchange);
        assert_eq!(
            hex::encode(host.wrap(&exchange.plain)),
            hex::encode(&exchange.command),
            "{name}"
        );
        let answer = host.unwrap_answer(&exchange.answer);
        assert_eq!(
            answer,
            Some((exchange.result.clone(), exchange.status)),
            "{name}"
        );
    }
}

/// Whatever bit of a wrapped command flips, the card does not take it.
#[test]
fn a_flipped_bit_is_always_noticed() {
    for exchange in exchanges() {
        for index in 0..exchange.command.len() - 1 {
            let mut command = exchange.command.clone();
            command[index] ^= 0x04;
            let Ok(apdu) = Apdu::parse(&command) else {
                continue;
            };
            // A class that does not say "wrapped" never comes here, and the outer Le is
            // outside the MAC: the card compares it with the one inside.
            if apdu.cla & 0x0C != 0x0C
                || apdu.data == Apdu::parse(&exchange.command).unwrap().data && index > 4
            {
                continue;
            }
            let opened = session_before(&exchange).unwrap(&apdu);
            assert!(
                opened.is_err(),
                "{} byte {index}: {opened:?}",
                exchange.name
            );
        }
    }
}

#[test]
fn the_raw_key_operation_as_published() {
    let key = PrivateKey {
        bits: 2048,
        modulus: bytes(MODULUS),
        exponent: bytes(EXPONENT),
    };
    let signing = exchanges()
        .into_iter()
        .find(|exchange| exchange.name == "Aes PSO")
        .unwrap();
    assert_eq!(key.apply(&signing.plain.data), Ok(signing.result));
}

const MODULUS: &str = "\
    D752F127B9B118A28DAC8B36039D32533BE7A7A4456C82C99DD84CFC18D874AB2A9EBA7233C482AA0AC19221\
    907307C24CBA94A57DB47FD501839BD6FF7B6AF26A4A588A8E4C36C11381D8E3C1118D17388D4F9F07CEAA6B\
    883EFB186CE4CF6624F69638632D9CA8CA52169BA7D950DCEF4A49FCB67D059B77ED3AABCD5180210E765052\
    B581E2697B106D47EDD0F0ACC2632F00ABC5640E6D678924088F79AB84ADFBC646B0F82E3F98C620B2630EAD\
    FA1E6025D4346F768E4003BC44306214DFFF273FB9511468AF7E961CE51AE4B0A19D3097FBECBB11D13B9E1B\
    D26444959DAF2D76A1D659E2B7686BD7F5A6F36BCF7327B4FF95C92F46363D77DAB90B0B";

const EXPONENT: &str = "\
    6B34FAA8E2C590146F2177767F3A273255E3330E911A43CC0A71057387134E93627701319720C245D3712946\
    D8DACD042A9BC322DA81A21BF5D3072676B186400837D7F9B47BB1CF53DD1495E12CD1E8BBD96FC92863F769\
    EEBE1CDABE6CF5EE4F7D0EB2287F2F3EC2ED38206BE3C1651F2707CB7138B23003F7F37C528FBF90CB97C1D3\
    68195EF9CC6D4309D8C8986CD368FD79E385FB1AC253987343EA138E7153F95280AA0C6A52900D0B92153EFF\
    D62F08C847C2F8B7507D7C2E39F641950BE023EFF81D8676D2AFD2DC99737251F79E6529C3EA8D26D82C1D50\
    6DC39A67A62672B5EE110DCEBA06044C47C8FB9DA7DDB1724206182FD81D57124413D071";
