//! Tokens that OpenSC's tools wrote.

use std::fs;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kagibashi_card_simulator::{Card, Settings, vpcd};
use kagibashi_token::{
    Cancel, Pin, PublicCache, ReaderState, SignatureAlgorithm, TokenKind, Tokens,
};

use crate::daemon::{READER, pin, wait_for, with_daemon};

const PATIENCE: Duration = Duration::from_secs(20);

/// The referee wrote the files that we read: two keys with their certificates, the second of them
/// imported after a key that has none.
#[test]
fn a_token_that_opensc_set_up() {
    with_daemon("opensc::a_token_that_opensc_set_up", |address| {
        let card = Arc::new(Mutex::new(Card::blank(Settings::default())));
        let mut reader = vpcd::Reader::new(address, card);
        reader.insert().unwrap();
        let tokens = Tokens::connect().unwrap();
        wait_for(
            &tokens,
            &ReaderState::Token {
                kind: TokenKind::Epass2003,
            },
        );
        let folder = tempfile::tempdir().unwrap();
        let run = |line: &str| {
            let output = Command::new("sh")
                .args(["-ec", line])
                .current_dir(folder.path())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{line}: {said}");
        };
        run(
            "pkcs15-init --create-pkcs15 --profile pkcs15+onepin --use-default-transport-keys \
             --label 鍵橋 --pin 12345678 --puk 87654321",
        );
        for (name, id) in [("first", "a1"), ("second", "b2")] {
            run(&format!(
                "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out {name}.pem \
                 -subj '/C=JP/O=Example/CN={name}' -days 9
                 openssl pkcs12 -export -inkey key.pem -in {name}.pem -passout pass:secret \
                 -out {name}.p12
                 openssl x509 -in {name}.pem -outform DER -out {name}.der
                 pkcs15-init --store-private-key {name}.p12 --format pkcs12 --passphrase secret \
                 --id {id} --auth-id 01 --pin 12345678
                 pkcs15-init --generate-key rsa/1024 --id 0{id} --auth-id 01 --pin 12345678"
            ));
        }

        let mut token = tokens.open(READER, &Cancel::new()).unwrap();
        assert_eq!(token.info().unwrap().label, "鍵橋");
        let certificates = token.certificates().unwrap();
        let ders: Vec<&[u8]> = certificates
            .iter()
            .map(|found| found.der.as_slice())
            .collect();
        let expected = ["first", "second"]
            .map(|name| fs::read(folder.path().join(name).with_extension("der")).unwrap());
        assert_eq!(ders, expected);
        let references: Vec<u16> = certificates
            .iter()
            .map(|found| found.key.as_ref().unwrap().reference)
            .collect();
        assert_eq!(references, [0x2900, 0x2940]);
        let status = token.pin_status().unwrap();
        assert_eq!((status.tries_left, status.maximum), (Some(6), Some(6)));
        let mut logged_in = token.login(&pin()).unwrap();
        for certificate in &certificates {
            let key = certificate.key.as_ref().unwrap();
            logged_in
                .sign(key, SignatureAlgorithm::Ps512, &[7; 64])
                .unwrap();
        }
        token
            .change_pin(&pin(), &Pin::new("new PIN").unwrap())
            .unwrap();
        drop(token);
        run("pkcs15-tool --verify-pin --pin 'new PIN'");
        assert_changes_are_noticed(&tokens, &expected, run);
    });
}

/// What OpenSC's tools change is never shown as it was noted before.
fn assert_changes_are_noticed(tokens: &Tokens, certificates: &[Vec<u8>], run: impl Fn(&str)) {
    let folder = tempfile::tempdir().unwrap();
    let tokens = tokens
        .clone()
        .with_cache(PublicCache::in_folder(folder.path()));
    let list = || -> Vec<Vec<u8>> {
        let mut token = tokens.open(READER, &Cancel::new()).unwrap();
        let listed = token.certificates().unwrap().into_iter();
        listed.map(|found| found.der).collect()
    };
    let noted = || fs::read_dir(folder.path()).unwrap().count() == 1;
    // Not before the second is over in which the token was written to.
    let start = Instant::now();
    while !noted() {
        assert!(start.elapsed() < PATIENCE, "the token is not noted");
        assert_eq!(list(), certificates);
    }
    assert_eq!(list(), certificates);
    run("pkcs15-init --delete-objects cert --id b2 --pin 'new PIN'");
    assert_eq!(list(), certificates[..1]);
    run("pkcs15-init --store-certificate second.pem --id c3 --pin 'new PIN'");
    assert_eq!(list(), certificates);
}
