//! What can go wrong with a token that the maker's own software set up: on the way, and on it.

use kagibashi_card_simulator::faults::Fault;
use kagibashi_card_simulator::personalise::Attributes;
use kagibashi_card_simulator::{Mode, Refusal, RefusedCommand};
use kagibashi_token::{
    CertificateError, KeyHandle, Signable, SignatureAlgorithm, TokenCertificate, TokenError,
};

use crate::signing::key_of;
use crate::simulated::{PIN, Reader, directory, espk, overwrite, pin};

const INDEX: u16 = 0x6F01;
const RECORD: usize = 30;

/// The first of the files that the index lists; the others follow at steps of 20 (hex).
const FIRST_FILE: u16 = 0x2420;

/// By their place in the index.
const CONTAINER_MAP: usize = 4;
const CERTIFICATE: usize = 8;
const PUBLIC_KEY: usize = 9;
const PRIVATE_KEY: usize = 10;

fn file(place: usize) -> u16 {
    let directories = 4;
    FIRST_FILE + 0x20 * u16::try_from(place - directories).unwrap()
}

fn sign(reader: &Reader, key: &KeyHandle) -> Result<Vec<u8>, TokenError> {
    let mut token = reader.open()?;
    let mut logged_in = token.login_for(key, &pin(PIN))?;
    logged_in.sign_content(
        key,
        SignatureAlgorithm::Rs256,
        Signable::Message(b"message"),
    )
}

#[test]
fn a_session_stolen_or_a_card_pulled_at_any_step_costs_no_try() {
    for (serial, mode) in [
        (0x50, Mode::Aes),
        (0x60, Mode::Cmac),
        (0x70, Mode::TripleDes),
    ] {
        for refused in [false, true] {
            let card = espk(mode, Attributes::All).card.remade(|settings| {
                settings.serial = [serial + u8::from(refused); 8];
                settings.refuses_raw = refused.then_some(Refusal {
                    at: RefusedCommand::UseKey,
                    status: 0x6F83,
                });
            });
            let fresh = Reader::with(card);
            let key = key_of(&fresh.with_copy());
            // Once to find the way, so that every later signature takes the same steps.
            sign(&fresh.with_copy(), &key).unwrap();
            let undisturbed = fresh.with_copy();
            sign(&undisturbed, &key).unwrap();
            let steps = undisturbed.commands();
            let after_pin = if refused { 4 } else { 3 };
            for fault in [Fault::LoseSession, Fault::Remove] {
                for step in 1..=steps {
                    let reader = fresh.with_copy();
                    reader.plan(step, fault);
                    let outcome = sign(&reader, &key);
                    let situation = format!("{mode:?} {refused} {fault:?} {step} of {steps}");
                    match (fault, &outcome) {
                        (Fault::Remove, Err(TokenError::CardRemoved)) => {}
                        (Fault::LoseSession, Err(TokenError::SessionStolen)) => {
                            assert!(step > steps - after_pin, "{situation}");
                        }
                        (Fault::LoseSession, Ok(_)) => {
                            assert!(step <= steps - after_pin, "{situation}");
                        }
                        _ => panic!("{situation}: {outcome:?}"),
                    }
                    assert!(reader.pins_received() <= 1, "{situation}");
                    reader.clear_faults();
                    let status = reader.open().unwrap().pin_status().unwrap();
                    assert_eq!(status.tries_left, Some(10), "{situation}");
                }
            }
        }
    }
}

#[test]
fn a_session_stolen_while_listing_is_mended() {
    let fresh = Reader::with(espk(Mode::Aes, Attributes::Few).card);
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

/// Lists a token after these bytes were written into these files.
fn list_after(writes: &[(u16, usize, &[u8])]) -> Vec<TokenCertificate> {
    let reader = Reader::with(espk(Mode::Aes, Attributes::All).card);
    write(&reader, writes);
    let before = reader.commands();
    let certificates = reader.open().unwrap().certificates().unwrap();
    let commands = reader.commands() - before;
    assert!(commands < 200, "{commands} commands");
    certificates
}

fn write(reader: &Reader, writes: &[(u16, usize, &[u8])]) {
    let mut card = directory(reader, 0x2003);
    for &(file, offset, bytes) in writes {
        overwrite_at(&mut card, file, offset, bytes);
    }
}

fn overwrite_at(
    card: &mut kagibashi_card::secure_messaging::SecureMessaging<crate::simulated::CardChannel>,
    file: u16,
    offset: usize,
    bytes: &[u8],
) {
    if offset == 0 {
        return overwrite(card, file, bytes);
    }
    crate::simulated::select(card, file);
    let [high, low] = u16::try_from(offset).unwrap().to_be_bytes();
    let command = kagibashi_card::apdu::Command::new(0x00, 0xD6, high, low).with_data(bytes);
    crate::simulated::demand(card, &command);
}

/// Where a field of a record of the index lies.
fn field(place: usize, offset: usize) -> usize {
    place * RECORD + offset
}

const ID: usize = 0;
const NAME: usize = 12;
const USED: usize = 26;

#[test]
fn an_index_that_lies_harms_only_what_it_lies_about() {
    let le = u16::to_le_bytes;
    let [index, missing, twice] = [le(INDEX), le(0x3FE0), le(file(CERTIFICATE))];
    // What is written into the index; how many certificates are listed then, and how many of those
    // can sign.
    let cases: [(&str, usize, &[u8], usize, usize); 11] = [
        ("as it was", field(CERTIFICATE, ID), &twice, 3, 1),
        ("in use: nothing", field(CERTIFICATE, USED), &[0, 0], 3, 1),
        ("in use: all", field(CERTIFICATE, USED), &[0xFF, 0xFF], 3, 1),
        (
            "in use: too little",
            field(CERTIFICATE, USED),
            &[9, 0],
            3,
            0,
        ),
        ("certificate: index", field(CERTIFICATE, ID), &index, 2, 0),
        (
            "certificate: missing",
            field(CERTIFICATE, ID),
            &missing,
            3,
            0,
        ),
        (
            "public key: certificate",
            field(PUBLIC_KEY, ID),
            &twice,
            3,
            1,
        ),
        (
            "private key: certificate",
            field(PRIVATE_KEY, ID),
            &twice,
            3,
            1,
        ),
        (
            "private key: huge",
            field(PRIVATE_KEY, USED),
            &[0xFF, 0xFF],
            3,
            1,
        ),
        ("name", field(CERTIFICATE, NAME), &[0xFF; 13], 2, 0),
        ("nothing at all", 0, &[0; 200], 3, 1),
    ];
    for (what, offset, bytes, listed, usable) in cases {
        let certificates = list_after(&[(INDEX, offset, bytes)]);
        assert_eq!(certificates.len(), listed, "{what}");
        let keys = certificates.iter().filter(|found| found.key.is_some());
        assert_eq!(keys.count(), usable, "{what}");
    }
    // Two records for one file, or a name that two files have.
    for offset in [ID, NAME] {
        let name: &[u8] = if offset == ID { &twice } else { b"cert0000" };
        let certificates = list_after(&[(INDEX, field(PUBLIC_KEY, offset), name)]);
        assert_eq!(certificates.len(), 3, "{offset}");
    }
}

#[test]
fn a_certificate_that_is_none_leaves_the_others() {
    let value = 8 * 5 + 4 + 1 + 1 + "山田 太郎 FC12345678".len() + 4 + 8;
    let long = u32::MAX.to_le_bytes();
    for (offset, bytes, expected) in [
        (value, &[0x31, 0x00][..], CertificateError::Malformed),
        (value + 6, &[0xFF; 32], CertificateError::Malformed),
        (value - 4, &[0, 0, 0, 0], CertificateError::Malformed),
        (value - 4, &long, CertificateError::Malformed),
        (value - 8, &[0x12], CertificateError::Missing),
        (0, &[0; 16], CertificateError::Missing),
        (4, &long, CertificateError::Missing),
    ] {
        let certificates = list_after(&[(file(CERTIFICATE), offset, bytes)]);
        assert_eq!(certificates[0].parsed, Err(expected), "{offset}");
        assert!(certificates[0].key.is_none());
        assert!(certificates[1..].iter().all(|found| found.parsed.is_ok()));
    }
}

/// Bytes of all the files that are read, at random but the same each time.
#[test]
fn no_byte_on_the_token_stops_the_listing() {
    let mut random: u32 = 0x9E37_79B9;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        usize::try_from(random).unwrap() % below
    };
    for _ in 0..150 {
        let target = [
            INDEX,
            file(CONTAINER_MAP),
            file(CERTIFICATE),
            file(PUBLIC_KEY),
        ];
        let target = [&target[..], &[file(PRIVATE_KEY)]].concat()[next(5)];
        let offset = next(300);
        let bytes: Vec<u8> = (0..=next(8))
            .map(|_| u8::try_from(next(256)).unwrap())
            .collect();
        let certificates = list_after(&[(target, offset, &bytes)]);
        assert!(
            certificates.len() >= 2,
            "{target:04X} {offset} {bytes:02X?}"
        );
    }
}
