//! Commands and status words, in the words of the card.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod host;

use std::sync::LazyLock;

use host::Host;
use kagibashi_card_simulator::apdu::Le;
use kagibashi_card_simulator::personalise::{Request, company};
use kagibashi_card_simulator::settings::LastTry;
use kagibashi_card_simulator::{Card, Mode, Settings};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rsa::BigUint;

const SELECT: u32 = 0x00A4_0000;
const CREATE: u32 = 0x00E0_0000;
const DELETE: u32 = 0x00E4_0000;
const READ: u32 = 0x00B0_0000;
const UPDATE: u32 = 0x00D6_0000;
const INSTALL_SECRET: u32 = 0x80E3_0000;
const ANY: Option<Le> = Some(Le::Short(0));

/// FCPs as OpenSC sends them.
const MASTER_FILE: &str =
    "62268202380083023F00840E656E746572736166652D666970738502007F86089090FF90FFFFFFFF";
const APPLICATION: &str =
    "62248202380083025015840CA000000063504B43532D31358502007F86089090FF90FFFFFFFF";
const SECRETS: &str = "621582021000830253018501208608 90FFFF9FFFFFFFFF";
const PRIVATE_KEY: &str = "6216820211008302292085020400 8608FF909090FFFFFFFF";
const PUBLIC_KEY: &str = "621A820212008302302085020400 860890909090FFFFFFFF 87020066";

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).unwrap()
}

/// A company's token; making one takes a second, so it is made once.
fn issued() -> Card {
    static CARD: LazyLock<Card> = LazyLock::new(|| company(&Request::default()).card);
    CARD.clone()
}

/// A transparent file of 16 bytes.
fn file(id: u16, access: &str) -> Vec<u8> {
    bytes(&format!(
        "6216 80020010 82020100 8302{id:04X} 8608{access}FFFFFFFF"
    ))
}

/// A card with master file, application and its secret-key file; the application is current.
fn prepared() -> Card {
    let mut card = Card::blank(Settings::default());
    let mut host = Host::connect(&mut card);
    for fcp in [MASTER_FILE, APPLICATION, SECRETS] {
        assert_eq!(host.status(CREATE, &bytes(fcp)), 0x9000, "{fcp}");
    }
    card
}

fn user_pin() -> Vec<u8> {
    bytes("04019096989800 06FF33 7C222FB2927D828AF22F592134E8932480637C0D00000008")
}

fn erase_password() -> Vec<u8> {
    [bytes("060110161616000FFF66"), b"1234567812345678".to_vec()].concat()
}

#[test]
fn nothing_but_the_way_in_works_without_secure_messaging() {
    let mut card = issued();
    for (command, status) in [
        ("00A40000023F0000", [0x69, 0x85]),
        ("00CA018000", [0x69, 0x85]),
        ("00840000 10", [0x69, 0x85]),
        ("0CA400000D 9701008E080000000000000000 00", [0x69, 0x88]),
        ("0CA40000", [0x69, 0x88]),
        ("00A40000023F", [0x67, 0x00]),
    ] {
        assert_eq!(card.transmit(&bytes(command)), status, "{command}");
    }
    // An opened session changes nothing for plain commands, and they do not end it.
    let mut host = Host::connect(&mut card);
    assert_eq!(host.card.transmit(&bytes("00A40000023F0000")), [0x69, 0x85]);
    assert_eq!(host.select(&[0x3F00]), 0x9000);
    // Without a MAC, and with one that was for an earlier command: the session is over.
    assert_eq!(
        host.card.transmit(&bytes("0CA4000003 970100 00")),
        [0x69, 0x87]
    );
    assert_eq!(host.send_raw(SELECT, &[0x3F, 0x00], ANY), [0x69, 0x88]);
}

#[test]
fn a_wrapped_command_cannot_be_played_again() {
    for mode in [Mode::Aes, Mode::Cmac, Mode::TripleDes] {
        let mut card = company(&Request {
            settings: Settings {
                mode,
                ..Settings::default()
            },
            ..Request::default()
        })
        .card;
        let mut host = Host::connect(&mut card);
        host.select(&[0x3F00]);
        let again = host.card.last_exchange().unwrap().command.clone();
        assert_eq!(host.card.transmit(&again), [0x69, 0x88], "{mode:?}");
    }
}

#[test]
fn le_must_stand_twice_and_select_must_have_one() {
    let mut card = issued();
    let mut host = Host::connect(&mut card);
    assert_eq!(host.send(SELECT, &[0x3F, 0x00], None).1, 0x6A80);
    let mut wrapped = host.wrap(SELECT, &[0x3F, 0x00], Some(Le::Short(0x20)));
    *wrapped.last_mut().unwrap() = 0x00;
    let answer = host.card.transmit(&wrapped);
    assert_eq!(host.open(&answer).unwrap().1.0, 0x6A80);
    assert_eq!(host.select(&[0x3F00]), 0x9000);
}

#[test]
fn files_are_created_listed_and_deleted_in_their_directory() {
    let mut card = Card::blank(Settings::default());
    let mut host = Host::connect(&mut card);
    assert_eq!(host.select(&[0x3F00]), 0x6A82);
    assert_eq!(host.status(CREATE, &file(0x3101, "90909090")), 0x6A82);
    for (fcp, status) in [
        (bytes(MASTER_FILE), 0x9000),
        (bytes(MASTER_FILE), 0x6A89),
        (bytes(APPLICATION), 0x9000),
        (file(0x3101, "9090FF90"), 0x9000),
        (file(0x3101, "9090FF90"), 0x6A89),
        // 4401 and 3101 have the same short identifier; 3100 and 4420 have none.
        (file(0x4401, "9090FF90"), 0x6A89),
        (file(0x3100, "9090FF90"), 0x9000),
        (file(0x4420, "9090FF9F"), 0x9000),
        (bytes(SECRETS), 0x9000),
        (bytes("6200"), 0x6A80),
        (bytes("6202 8303"), 0x6A80),
        (
            bytes("6216 80020010 82027700 83023102 86089090FF90FFFFFFFF"),
            0x6A80,
        ),
        // A key of 1000 bits.
        (
            bytes("6216 82021100 83022900 850203E8 8608FF909090FFFFFFFF"),
            0x6A80,
        ),
    ] {
        assert_eq!(host.status(CREATE, &fcp), status, "{}", hex::encode(fcp));
    }
    let listed = host.send(0x8034_0000, &[], ANY).0;
    assert_eq!(hex::encode_upper(listed), "3101310044205301");
    assert_eq!(host.status(DELETE, &[0x31, 0x01]), 0x9000);
    assert_eq!(host.status(DELETE, &[0x31, 0x01]), 0x6A82);
    assert_eq!(host.status(DELETE, &[0x44, 0x20]), 0x6982);
    assert_eq!(host.status(DELETE, &[0x31]), 0x6700);
    // One directory at a time: 5015 is not inside 5015.
    assert_eq!(host.select(&[0x5015]), 0x6A82);
    assert_eq!(
        host.send(0x00A4_0400, &bytes("A000000063504B43532D3135"), ANY)
            .1,
        0x9000
    );
    assert_eq!(
        host.send(0x00A4_0400, &bytes("A000000063504B43532D31"), ANY)
            .1,
        0x6A82
    );
}

#[test]
fn bytes_are_read_and_written_within_the_file() {
    let mut card = prepared();
    let mut host = Host::connect(&mut card);
    host.select(&[0x3F00, 0x5015]);
    assert_eq!(host.send(READ, &[], ANY).1, 0x6986);
    host.status(CREATE, &file(0x3100, "9090FF90"));
    assert_eq!(host.status(UPDATE | 4, &[1, 2, 3]), 0x9000);
    for (offset, le, status, data) in [
        (0, 16, 0x9000, "00000000010203000000000000000000"),
        (4, 3, 0x9000, "010203"),
        (4, 0, 0x9000, "010203000000000000000000"),
        (4, 13, 0x6C0C, ""),
        (15, 1, 0x9000, "00"),
        (16, 1, 0x6B00, ""),
        (0x8000, 1, 0x6A86, ""),
    ] {
        let (read, sw) = host.send(READ | offset, &[], Some(Le::Short(le)));
        assert_eq!(
            (sw, hex::encode(read).as_str()),
            (status, data),
            "{le} bytes at {offset}"
        );
    }
    assert_eq!(host.send(READ, &[], Some(Le::Extended(0x0101))).1, 0x6700);
    assert_eq!(host.status(UPDATE | 0x0E, &[1, 2, 3]), 0x6A84);
    assert_eq!(host.status(UPDATE | 0x11, &[1]), 0x6B00);
    host.select(&[0x3F00, 0x5015, 0x5301]);
    assert_eq!(host.send(READ, &[], ANY).1, 0x6981);
}

#[test]
fn records_are_appended_read_and_replaced() {
    let mut card = prepared();
    let mut host = Host::connect(&mut card);
    host.select(&[0x3F00]);
    host.status(
        CREATE,
        &bytes("6215 82050400004000 83022F00 860890909090FFFFFFFF"),
    );
    assert_eq!(host.status(0x00E2_0000, &[0xA1; 5]), 0x9000);
    assert_eq!(host.status(0x00E2_0000, &[0xA2; 64]), 0x9000);
    assert_eq!(host.status(0x00E2_0000, &[0xA3; 65]), 0x6700);
    assert_eq!(host.status(0x00DC_0104, &[0xB1; 7]), 0x9000);
    assert_eq!(host.status(0x00DC_0304, &[0xB3; 7]), 0x6A83);
    for (number, le, answer) in [
        (1, 0x00, (vec![0xB1; 7], 0x9000)),
        (1, 0x02, (vec![0xB1; 2], 0x9000)),
        (2, 0xFF, (vec![0xA2; 64], 0x9000)),
        (3, 0x00, (vec![], 0x6A83)),
    ] {
        assert_eq!(
            host.send(0x00B2_0004 | number << 8, &[], Some(Le::Short(le))),
            answer,
            "record {number}"
        );
    }
    let description = host.send(SELECT, &[0x2F, 0x00], ANY).0;
    assert_eq!(hex::encode_upper(&description[2..9]), "82050400004002");
}

#[test]
fn directory_files_change_only_after_the_pin() {
    let mut card = prepared();
    let mut host = Host::connect(&mut card);
    assert_eq!(host.status(INSTALL_SECRET, &user_pin()), 0x9000);
    host.status(CREATE, &file(0x4401, "9096FF96"));
    assert_eq!(host.send(READ, &[], Some(Le::Short(2))).1, 0x9000);
    assert_eq!(host.status(UPDATE, &[1]), 0x6982);
    assert_eq!(host.verify(1, "12345678"), 0x9000);
    assert_eq!(host.status(UPDATE, &[1]), 0x9000);
    host.reconnect();
    assert_eq!(host.status(DELETE, &[0x44, 0x01]), 0x6982);
    host.verify(1, "12345678");
    assert_eq!(host.status(DELETE, &[0x44, 0x01]), 0x9000);
}

#[test]
fn a_pin_counts_down_blocks_and_is_never_replaced_by_installing() {
    for (last_try, last_status) in [(LastTry::Blocked, 0x6983), (LastTry::Counter, 0x63C0)] {
        let settings = Settings {
            last_try,
            ..Settings::default()
        };
        let mut card = company(&Request {
            settings,
            tries: 3,
            ..Request::default()
        })
        .card;
        let mut host = Host::connect(&mut card);
        host.select(&[0x3F00, 0x5015]);
        assert_eq!(host.verify(3, "12345678"), 0x9403);
        assert_eq!(host.status(INSTALL_SECRET, &user_pin()), 0x6982);
        // A challenge serves one attempt, and only the next.
        assert_eq!(host.status(0x0082_0181, &[0; 8]), 0x6985);
        assert_eq!(host.status(0x0082_0181, &[]), 0x6985);
        for status in [0x63C2, 0x63C1, last_status, 0x6983] {
            assert_eq!(host.verify(1, "1234567"), status);
        }
        assert_eq!(host.verify(1, "12345678"), 0x6983);
        assert_eq!(host.tries(1), 0x6983);
        assert_eq!(host.set_pin(1, 3, "1234"), 0x6982);
        assert_eq!(host.verify(2, "00000000"), 0x63C2);
        assert_eq!(host.set_pin(1, 3, "1234"), 0x6982);
        assert_eq!(host.verify(2, "87654321"), 0x9000);
        assert_eq!(host.set_pin(1, 3, "1234"), 0x9000);
        assert_eq!(host.verify(1, "1234"), 0x9000);
        // The user's level does not change the PUK.
        assert_eq!(host.set_pin(2, 3, "1234"), 0x6982);
    }
}

#[test]
fn an_erasure_can_be_begun_again() {
    let mut card = issued();
    let mut host = Host::connect(&mut card);
    host.select(&[0x3F00]);
    assert_eq!(host.status(0x0020_0001, b"1234567812345678"), 0x9403);
    assert_eq!(host.status(INSTALL_SECRET, &erase_password()), 0x9000);
    host.card.reset();
    host.reconnect();
    host.select(&[0x3F00]);
    assert_eq!(host.status(INSTALL_SECRET, &erase_password()), 0x9000);
    assert_eq!(host.status(0x0020_0001, b"1234567812345679"), 0x63C5);
    assert_eq!(host.status(0x0020_0001, b"1234567812345678"), 0x9000);
    assert_eq!(host.status(DELETE, &[0x3F, 0x00]), 0x9000);
    assert_eq!(host.select(&[0x3F00]), 0x6A82);
    assert_eq!(host.send(0x00CA_0180, &[], ANY).1, 0x9000);
}

#[test]
fn a_key_is_generated_read_and_used() {
    let mut card = prepared();
    let mut host = Host::connect(&mut card);
    for fcp in [PRIVATE_KEY, PUBLIC_KEY] {
        assert_eq!(host.status(CREATE, &bytes(fcp)), 0x9000);
    }
    assert_eq!(host.select(&[0x3F00, 0x5015, 0x2920]), 0x6982);
    assert_eq!(host.apply_key(0x2920, &[1; 128]).1, 0x6A88);
    for (data, status) in [
        ("01 0800 2920 3020", 0x6A80),
        ("02 0400 2920 3020", 0x6A80),
        ("01 0400 2940 3020", 0x6A82),
        ("01 0400 3020 3020", 0x6981),
        ("01 0400 2920 30", 0x6700),
        ("01 0400 2920 3020", 0x9000),
    ] {
        assert_eq!(host.status(0x0046_0000, &bytes(data)), status, "{data}");
    }
    let modulus = host.send(0x80B4_0200, &[0x30, 0x20], ANY).0;
    assert_eq!(modulus.len(), 128);
    let block = [0x01; 128];
    let output = host.apply_key(0x2920, &block).0;
    let n = BigUint::from_bytes_be(&modulus);
    let opened = BigUint::from_bytes_be(&output).modpow(&BigUint::from(65_537_u32), &n);
    assert_eq!(opened, BigUint::from_bytes_be(&block));

    assert_eq!(host.apply_key(0x2920, &[1; 127]).1, 0x6700);
    assert_eq!(host.apply_key(0x2920, &modulus).1, 0x6A80);
    assert_eq!(host.status(0x0022_41B8, &bytes("80018481022940")), 0x6A88);
    host.reconnect();
    assert_eq!(
        host.send(0x002A_8086, &block, ANY).1,
        0x6A88,
        "the chosen key went with the session"
    );
    assert_eq!(host.send(0x002A_9E9A, &block, ANY).1, 0x6A86);
}

/// OpenSC leaves out leading zeros, so of some keys the exponent is shorter than the modulus.
#[test]
fn an_imported_number_may_be_shorter_than_the_key() {
    let mut card = prepared();
    let mut host = Host::connect(&mut card);
    assert_eq!(host.status(CREATE, &bytes(PRIVATE_KEY)), 0x9000);
    host.select(&[0x3F00, 0x5015]);
    let import = |number: &[u8]| [&[0x29, 0x20], number].concat();
    assert_eq!(host.status(0x80E7_0200, &import(&[0xFF; 128])), 0x9000);
    for (number, status) in [
        (&[3; 129][..], 0x6700),
        (&[], 0x6700),
        (&[3; 127], 0x9000),
        (&[3], 0x9000),
    ] {
        assert_eq!(
            host.status(0x80E7_0300, &import(number)),
            status,
            "{} bytes",
            number.len()
        );
    }
    // The last number written, 3, is the exponent, not 3 with zeros behind it.
    let mut block = [0; 128];
    block[127] = 5;
    let mut cube = [0; 128];
    cube[127] = 125;
    assert_eq!(host.apply_key(0x2920, &block), (cube.to_vec(), 0x9000));
}

#[test]
fn a_cmac_card_can_expect_the_retry_query_of_newer_hosts() {
    let settings = Settings {
        mode: Mode::Cmac,
        retry_query_without_icv: true,
        ..Settings::default()
    };
    let mut card = company(&Request {
        settings,
        ..Request::default()
    })
    .card;
    let mut host = Host::connect(&mut card);
    host.select(&[0x3F00, 0x5015]);
    assert_eq!(host.verify(1, "12345678"), 0x9000);
    // This host uses the ICV, so the query ends the session; nothing else did.
    host.send(0x0084_0000, &[], Some(Le::Short(8)));
    assert_eq!(host.send_raw(0x0082_0181, &[], None), [0x69, 0x88]);
}

/// Long sequences of commands of every kind, half of them mangled: the card answers
/// each with at least a status word, and a written card reads back.
#[test]
fn no_sequence_of_commands_confuses_the_card() {
    let headers = [
        0x00CA_0180,
        0x00CA_0186,
        SELECT,
        0x00A4_0400,
        READ,
        UPDATE,
        0x00B2_0104,
        0x00E2_0000,
        0x00DC_0104,
        CREATE,
        DELETE,
        0x8034_0000,
        0x0084_0000,
        0x0082_0181,
        0x0082_0182,
        0x0020_0001,
        INSTALL_SECRET,
        0x80E5_0401,
        0x80E7_0200,
        0x80E7_0300,
        0x80B4_0200,
        0x0022_41B8,
        0x002A_8086,
        0x8050_0000,
        0x8482_0300,
    ];
    let template = issued();
    for seed in 0..40 {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut card = if seed % 4 == 0 {
            prepared()
        } else {
            template.clone()
        };
        let mut host = Host::connect(&mut card);
        for _ in 0..100 {
            let mut pick = |count: usize| usize::try_from(rng.next_u32()).unwrap() % count;
            let data = match pick(9) {
                0 => Vec::new(),
                1 => vec![0x3F, 0x00],
                2 => vec![0x50, 0x15],
                3 => vec![
                    [0x29, 0x30, 0x31, 0x44, 0x53][pick(5)],
                    [0x00, 0x01, 0x20][pick(3)],
                ],
                4 => user_pin(),
                5 => file(0x3100 + u16::try_from(pick(40)).unwrap(), "9096FF90"),
                6 => bytes([APPLICATION, SECRETS, PRIVATE_KEY, PUBLIC_KEY][pick(4)]),
                7 => bytes("80018481022900"),
                _ => vec![0x5A; pick(300)],
            };
            let mut header = headers[pick(headers.len())];
            if pick(4) == 0 {
                header ^= 1 << pick(24);
            }
            let le = [None, ANY, Some(Le::Short(8)), Some(Le::Extended(0xD8))][pick(4)];
            let answer = if pick(10) == 0 {
                host.card
                    .transmit(&[header.to_be_bytes().as_slice(), &data].concat())
            } else {
                host.send_raw(header, &data, le)
            };
            assert!(answer.len() >= 2, "seed {seed}: no status word");
            if matches!(answer[..], [0x69, 0x88 | 0x87]) || pick(30) == 0 {
                host.reconnect();
            }
        }
        let text = serde_json::to_string(&card).unwrap();
        let again: Card = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), text);
    }
}
