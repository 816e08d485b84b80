use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kagibashi_card::apdu::Command;
use kagibashi_card::transcript::Replay;
use kagibashi_card_simulator::personalise::{self, Request};
use kagibashi_card_simulator::{Card, Mode, Settings};
use kagibashi_token::certificate::{KeyAlgorithm, chain};
use kagibashi_token::{
    CertificateError, KeyHandle, KeyKind, SecureMessagingMode, TokenError, Usability, driver,
};

use crate::simulated::{MODES, Reader, application, company, demand, overwrite};

#[test]
fn a_company_token_in_every_mode() {
    for mode in MODES {
        let issued = company(mode);
        let reader = Reader::with(issued.card);
        let mut token = reader.open().unwrap();
        let info = token.info().unwrap();
        assert_eq!(
            (info.label.as_str(), info.serial.as_str()),
            ("デモトークン", "3307011617051201")
        );
        assert_eq!(
            (info.model.as_str(), info.reader.as_str()),
            ("ePass2003", "Simulated Reader 0")
        );
        let expected = match mode {
            Mode::Aes => ("01.00.11", SecureMessagingMode::Aes),
            Mode::Cmac => ("10.52.39", SecureMessagingMode::Cmac),
            Mode::TripleDes => ("00.00.03", SecureMessagingMode::TripleDes),
        };
        assert_eq!(
            (info.firmware.as_str(), info.secure_messaging),
            (expected.0, Some(expected.1))
        );

        let certificates = token.certificates().unwrap();
        let ders: Vec<&[u8]> = certificates
            .iter()
            .map(|found| found.der.as_slice())
            .collect();
        assert_eq!(
            ders,
            [&issued.clients[0], &issued.intermediate, &issued.root],
            "{mode:?}"
        );
        let authorities: Vec<bool> = certificates.iter().map(|found| found.authority).collect();
        assert_eq!(authorities, [false, true, true]);
        let keys: Vec<bool> = certificates
            .iter()
            .map(|found| found.key.is_some())
            .collect();
        assert_eq!(keys, [true, false, false]);

        let client = certificates[0].parsed.as_ref().unwrap();
        assert_eq!(client.subject.common_name.as_deref(), Some("山田 太郎"));
        assert_eq!(
            client.subject.organization.as_deref(),
            Some("株式会社サンプル")
        );
        assert_eq!(client.certificate_id.as_deref(), Some("FC12345678"));
        assert_eq!(client.key_algorithm, KeyAlgorithm::Rsa { bits: 2048 });
        assert_eq!(client.policies.len(), 1);
        let now = UNIX_EPOCH.elapsed().unwrap().as_secs().try_into().unwrap();
        assert_eq!(client.usability(true, now), Usability::Usable);
    }
}

#[test]
fn the_chain_is_found_among_the_certificates() {
    let reader = Reader::with(company(Mode::Aes).card);
    let certificates = reader.open().unwrap().certificates().unwrap();
    let parsed: Vec<_> = certificates
        .into_iter()
        .map(|certificate| certificate.parsed.unwrap())
        .collect();
    let backwards = [&parsed[2], &parsed[1], &parsed[0]];
    assert_eq!(
        chain(&parsed[0], backwards),
        [&parsed[0], &parsed[1], &parsed[2]]
    );
    assert_eq!(
        chain(&parsed[0], [&parsed[2]]),
        [&parsed[0]],
        "without the one between"
    );
    assert_eq!(
        chain(&parsed[2], backwards),
        [&parsed[2]],
        "a root is its own issuer"
    );
}

#[test]
fn an_expired_certificate_is_told_from_a_valid_one() {
    let now = SystemTime::now();
    let issued = personalise::two_certificates(&Request {
        now,
        ..Request::default()
    });
    let certificates = Reader::with(issued.card)
        .open()
        .unwrap()
        .certificates()
        .unwrap();
    let now = now.duration_since(UNIX_EPOCH).unwrap();
    let usability = |index: usize, now: Duration| {
        let certificate = &certificates[index];
        let parsed = certificate.parsed.as_ref().unwrap();
        parsed.usability(
            certificate.has_private_key,
            now.as_secs().try_into().unwrap(),
        )
    };
    assert_eq!(usability(0, now), Usability::Usable);
    assert_eq!(usability(1, now), Usability::Expired);
    assert_eq!(usability(0, Duration::ZERO), Usability::NotYetValid);
    assert_eq!(usability(2, now), Usability::Authority);
    let keys: Vec<u16> = certificates[..2]
        .iter()
        .map(|found| found.key.as_ref().unwrap().reference)
        .collect();
    assert_eq!(keys, [0x2900, 0x2920]);
}

#[test]
fn listing_takes_at_most_forty_commands_and_no_file_is_read_twice() {
    for mode in MODES {
        let reader = Reader::with(company(mode).card);
        let (mut token, count) = reader.open_counted();
        token.info().unwrap();
        assert_eq!(token.certificates().unwrap().len(), 3);
        assert_eq!(token.pin_status().unwrap().tries_left, Some(10));
        println!(
            "{mode:?}: {} commands for info, three certificates and tries left",
            count.get()
        );
        assert!(count.get() <= 40, "{mode:?}: {}", count.get());

        let listed = count.get();
        token.info().unwrap();
        token.certificates().unwrap();
        assert_eq!(count.get(), listed, "{mode:?}: everything was remembered");
    }
}

#[test]
fn what_is_no_such_token_is_refused() {
    let blank = Reader::with(Card::blank(Settings::default()));
    let mut token = blank.open().unwrap();
    assert!(matches!(token.info(), Err(TokenError::NotInitialised)));
    assert!(matches!(
        token.certificates(),
        Err(TokenError::NotInitialised)
    ));
    assert!(matches!(
        token.pin_status(),
        Err(TokenError::NotInitialised)
    ));

    let atr = blank.atr();
    for position in [0, 8, 15, 18] {
        let mut other = atr.clone();
        other[position] ^= 0x10;
        assert_eq!(driver::recognise(&other), None, "byte {position}");
        let opened = driver::open(Box::new(blank.clone().channel()), "", &other);
        assert!(matches!(
            opened.err(),
            Some(TokenError::CardUnsupported { .. })
        ));
    }
    for length in 0..atr.len() {
        assert_eq!(driver::recognise(&atr[..length]), None);
    }
    // Firmware version and layout may be anything.
    let mut newer = atr;
    newer[12..15].fill(0xEE);
    newer[19..].fill(0x77);
    assert!(driver::recognise(&newer).is_some());
}

#[test]
fn a_broken_and_a_missing_certificate_leave_the_others() {
    let issued = company(Mode::Aes);
    let reader = Reader::with(issued.card);
    let mut card = application(&reader);
    overwrite(&mut card, 0x3120, &[0x30, 0x03, 0x01, 0x02]);
    demand(
        &mut card,
        &Command::new(0x00, 0xE4, 0x00, 0x00).with_data(&[0x31, 0x40]),
    );
    drop(card);

    let certificates = reader.open().unwrap().certificates().unwrap();
    assert!(certificates[0].parsed.is_ok() && certificates[0].key.is_some());
    assert_eq!(certificates[1].parsed, Err(CertificateError::Malformed));
    assert_eq!(certificates[2].parsed, Err(CertificateError::Missing));
    assert!(
        certificates[1..]
            .iter()
            .all(|certificate| !certificate.label.is_empty())
    );
}

/// As no token is known to be; but the card's own word for it exists.
#[test]
fn a_card_without_secure_messaging_is_spoken_to_in_the_clear() {
    let transcript = "
        > 00CA018600
        < 80010181021DD5820103830200008401009000
        > 00CA018000
        < 33070116170512019000
        > 00A40000023F0000
        < 6A82";
    let atr = Reader::with(company(Mode::Aes).card).atr();
    let replay = Replay::new(transcript).unwrap();
    let mut token = driver::open(Box::new(replay), "", &atr).unwrap();
    let elsewhere = KeyHandle {
        reader: String::new(),
        serial: "00".to_owned(),
        reference: 0,
        kind: KeyKind::Rsa(2048),
        public_key: Vec::new(),
    };
    let refused = token.check_holds(&elsewhere);
    let Err(TokenError::WrongToken { found, .. }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(found, "3307011617051201");
    assert!(matches!(token.info(), Err(TokenError::NotInitialised)));
}
