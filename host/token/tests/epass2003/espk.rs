//! Tokens that the maker's own software set up.

use kagibashi_card::apdu::Command;
use kagibashi_card_simulator::Mode;
use kagibashi_card_simulator::personalise::{self, Attributes, Layout as Arranged, Request};
use kagibashi_token::{KeyKind, Layout, SecureMessagingMode, SignatureAlgorithm, TokenError};

use crate::signing::key_of;
use crate::simulated::{MODES, PIN, Reader, company, demand, directory, espk, pin};

const ATTRIBUTES: [Attributes; 3] = [Attributes::All, Attributes::WithoutId, Attributes::Few];

#[test]
fn every_mode_and_every_version_of_the_software_is_listed() {
    for mode in MODES {
        for attributes in ATTRIBUTES {
            let issued = espk(mode, attributes);
            let reader = Reader::with(issued.card);
            let mut token = reader.open().unwrap();
            assert_eq!(token.layout().unwrap(), Some(Layout::Espk));
            let info = token.info().unwrap();
            assert_eq!(info.layout, Some(Layout::Espk));
            assert_eq!(
                (info.label.as_str(), info.serial.as_str()),
                ("デモトークン", "3307011617051201")
            );
            let protection = match mode {
                Mode::Aes => SecureMessagingMode::Aes,
                Mode::Cmac => SecureMessagingMode::Cmac,
                Mode::TripleDes => SecureMessagingMode::TripleDes,
            };
            assert_eq!(info.secure_messaging, Some(protection));

            let certificates = token.certificates().unwrap();
            let ders: Vec<&[u8]> = certificates
                .iter()
                .map(|found| found.der.as_slice())
                .collect();
            assert_eq!(
                ders,
                [&issued.clients[0], &issued.intermediate, &issued.root]
            );
            let authorities: Vec<bool> = certificates.iter().map(|found| found.authority).collect();
            assert_eq!(authorities, [false, true, true]);
            let private: Vec<bool> = certificates
                .iter()
                .map(|found| found.has_private_key)
                .collect();
            assert_eq!(private, [true, false, false]);
            let key = certificates[0].key.clone().unwrap();
            assert_eq!((key.reference, key.kind), (0xA020, KeyKind::Rsa(2048)));
            assert_eq!(certificates[0].label, "山田 太郎 FC12345678");
            let id_length = usize::from(attributes == Attributes::All) * 20;
            assert_eq!(certificates[0].id.len(), id_length, "{attributes:?}");

            let mut logged_in = token.login_for(&key, &pin(PIN)).unwrap();
            for algorithm in key.kind.algorithms() {
                let digest = vec![7; algorithm.hash_function().length()];
                logged_in.sign(&key, algorithm, &digest).unwrap();
            }
        }
    }
}

#[test]
fn two_keys_are_told_apart_with_and_without_identifiers() {
    for attributes in ATTRIBUTES {
        let issued = personalise::two_certificates(&Request {
            layout: Arranged::Espk(attributes),
            ..Request::default()
        });
        let mut token = Reader::with(issued.card).open().unwrap();
        let certificates = token.certificates().unwrap();
        let keys: Vec<_> = certificates
            .iter()
            .filter_map(|found| found.key.clone())
            .collect();
        let references: Vec<u16> = keys.iter().map(|key| key.reference).collect();
        assert_eq!(references, [0xA020, 0xA040], "{attributes:?}");
        let mut logged_in = token.login(&pin(PIN)).unwrap();
        for key in &keys {
            logged_in
                .sign(key, SignatureAlgorithm::Ps256, &[7; 32])
                .unwrap();
        }
    }
}

/// The mark in the ATR says only where to look first.
#[test]
fn the_layout_is_known_by_its_name_not_by_the_atr() {
    for (card, layout) in [
        (company(Mode::Aes).card, Layout::Pkcs15),
        (espk(Mode::Aes, Attributes::All).card, Layout::Espk),
    ] {
        let mark = match layout {
            Layout::Pkcs15 => [0x00, 0x00],
            Layout::Espk => [0x03, 0x90],
        };
        let reader = Reader::with(card);
        let mut atr = reader.atr();
        atr[19..21].copy_from_slice(&mark);
        let channel = Box::new(reader.clone().channel());
        let mut token = kagibashi_token::driver::open(channel, "", &atr).unwrap();
        assert_eq!(token.layout().unwrap(), Some(layout));
        assert_eq!(token.certificates().unwrap().len(), 3);
    }

    // A directory of that number that has another name is somebody else's.
    let reader = Reader::with(company(Mode::Aes).card);
    let mut card = directory(&reader, 0x5015);
    let select = Command::new(0x00, 0xA4, 0x00, 0x00)
        .with_data(&[0x3F, 0x00])
        .expecting(0);
    demand(&mut card, &select);
    let mut file = vec![0x62, 0x1C, 0x82, 2, 0x38, 0, 0x83, 2, 0x20, 0x03, 0x84, 4];
    file.extend(b"OTHR\x85\x02\x00\x7F\x86\x08\x90\x90\xFF\x90\xFF\xFF\xFF\xFF");
    let create = Command::new(0x00, 0xE0, 0x00, 0x00).with_data(&file);
    demand(&mut card, &create);
    drop(card);
    let mut atr = reader.atr();
    atr[19..21].fill(0);
    let channel = Box::new(reader.clone().channel());
    let mut token = kagibashi_token::driver::open(channel, "", &atr).unwrap();
    assert_eq!(token.layout().unwrap(), Some(Layout::Pkcs15));

    // And if it is all there is, the token is none of ours.
    let mut card = directory(&reader, 0x5015);
    demand(&mut card, &select);
    let delete = Command::new(0x00, 0xE4, 0x00, 0x00).with_data(&[0x50, 0x15]);
    demand(&mut card, &delete);
    drop(card);
    let mut token = reader.open().unwrap();
    assert!(matches!(token.layout(), Err(TokenError::NotInitialised)));
    assert!(matches!(token.info(), Err(TokenError::NotInitialised)));
}

#[test]
fn listing_and_signing_take_few_commands() {
    for mode in MODES {
        for attributes in ATTRIBUTES {
            let reader = Reader::with(espk(mode, attributes).card);
            let (mut token, count) = reader.open_counted();
            let info = token.info().unwrap();
            let key = token.certificates().unwrap()[0].key.clone().unwrap();
            assert_eq!(token.pin_status().unwrap().tries_left, Some(10));
            let listed = count.get();
            assert!(listed <= 50, "{mode:?} {attributes:?}: {listed}");
            token.info().unwrap();
            token.certificates().unwrap();
            assert_eq!(count.get(), listed, "everything was remembered");
            drop(token);

            let (mut token, count) = reader.open_again(&info).unwrap();
            let mut logged_in = token.login_for(&key, &pin(PIN)).unwrap();
            let sign = |logged_in: &mut kagibashi_token::LoggedIn| {
                logged_in
                    .sign(&key, SignatureAlgorithm::Rs256, &[7; 32])
                    .unwrap();
            };
            sign(&mut logged_in);
            let cold = count.get();
            sign(&mut logged_in);
            println!("{mode:?} {attributes:?}: {listed} to list, {cold} to sign from cold");
            assert!(cold <= 9, "{mode:?}: {cold}");
            assert_eq!(count.get() - cold, 2);
        }
    }
}

#[test]
fn a_key_that_is_not_there_is_not_found() {
    let reader = Reader::with(espk(Mode::Aes, Attributes::All).card);
    let mut key = key_of(&reader);
    key.reference = 0xA0E0;
    let mut token = reader.open().unwrap();
    let mut logged_in = token.login_for(&key, &pin(PIN)).unwrap();
    for algorithm in [SignatureAlgorithm::Rs256, SignatureAlgorithm::Ps256] {
        let signed = logged_in.sign(&key, algorithm, &[7; 32]);
        assert!(matches!(signed, Err(TokenError::KeyNotFound)), "{signed:?}");
    }
}
