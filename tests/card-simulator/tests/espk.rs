//! Tokens in the maker's own layout, and the maker's own way of signing.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod host;

use std::sync::LazyLock;

use der::{Decode, Encode};
use host::Host;
use kagibashi_card_simulator::apdu::Le;
use kagibashi_card_simulator::personalise::{Attributes, Layout, Request, Token, company};
use kagibashi_card_simulator::{Card, Mode, Refusal, RefusedCommand, Settings};
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::DecodePublicKey;
use rsa::signature::Verifier;
use sha2::Sha256;

const APPLICATION: [u16; 2] = [0x3F00, 0x2003];
const KEY: [u8; 2] = [0xA0, 0x20];
const SET_HASHING_KEY: u32 = 0x0022_41B6;
const HASH: u32 = 0x002A_90A0;
const SIGN_HASH: u32 = 0x002A_9E9A;
const ANY: Option<Le> = Some(Le::Short(0));

/// The chaining value of SHA-256 before the first block (FIPS 180-4, section 5.3.3).
const FRESH: &str = "6A09E667BB67AE853C6EF372A54FF53A510E527F9B05688C1F83D9AB5BE0CD19";
/// After 64 times "A".
const AFTER_A: &str = "6CB7244102F65790145141E105D2C3D387A1D91E9CEDA13A4A3D25DD87BEEA05";

/// A company's token; making one takes a second, so it is made once.
fn issue(settings: Settings) -> Token {
    static TOKEN: LazyLock<Token> = LazyLock::new(|| {
        company(&Request {
            layout: Layout::Espk(Attributes::All),
            ..Request::default()
        })
    });
    let token = TOKEN.clone();
    Token {
        card: token.card.remade(|remade| *remade = settings),
        ..token
    }
}

fn begun(blocks: u32, state: &str, rest: &[u8]) -> Vec<u8> {
    let mut data = vec![0x81, 4];
    data.extend(blocks.to_be_bytes());
    data.extend([0x90, 32]);
    data.extend(hex::decode(state).unwrap());
    data.extend([0x80, u8::try_from(rest.len()).unwrap()]);
    data.extend(rest);
    data
}

fn choose_key(host: &mut Host, usage: u8) -> u16 {
    let data = [&[0x80, 1, usage, 0x81, 2], KEY.as_slice()].concat();
    let header = if usage == 0x84 {
        0x0022_41B8
    } else {
        SET_HASHING_KEY
    };
    host.status(header, &data)
}

fn logged_in(card: &mut Card) -> Host<'_> {
    let mut host = Host::connect(card);
    assert_eq!(host.select(&APPLICATION), 0x9000);
    assert_eq!(host.verify(1, "12345678"), 0x9000);
    host
}

#[test]
fn it_looks_as_published() {
    let mut card = issue(Settings::default()).card;
    assert_eq!(
        hex::encode_upper(card.atr()),
        "3B9F958131FE9F006646530501001171DF000000000013"
    );
    let mut host = Host::connect(&mut card);
    host.select(&[0x3F00]);
    assert_eq!(host.select(&[0x5015]), 0x6A82);
    let (control, _) = host.send(0x00A4_0000, &[0x20, 0x03], ANY);
    let name = b"\x84\x10ENTERSAFE-ESPK\0\0";
    assert!(control.windows(name.len()).any(|window| window == name));
    assert_eq!(host.select(&[0x6F01]), 0x9000);
    let (first, _) = host.send(0x00B0_0000, &[], Some(Le::Short(30)));
    assert_eq!(first[..12], *b"\xFF\xFFinternal\0\0");
}

#[test]
fn the_card_finishes_a_hash_and_signs_it_in_every_mode() {
    for mode in [Mode::Aes, Mode::Cmac, Mode::TripleDes] {
        let mut token = issue(Settings {
            mode,
            ..Settings::default()
        });
        let certificate = x509_cert::Certificate::from_der(&token.clients[0]).unwrap();
        let info = certificate.tbs_certificate.subject_public_key_info;
        let key = rsa::RsaPublicKey::from_public_key_der(&info.to_der().unwrap()).unwrap();
        let key = VerifyingKey::<Sha256>::new(key);
        let mut host = logged_in(&mut token.card);
        for (data, message) in [
            (begun(0, FRESH, b"abc"), b"abc".to_vec()),
            (begun(0, FRESH, &[b'A'; 64]), vec![b'A'; 64]),
            (begun(1, AFTER_A, b"A"), vec![b'A'; 65]),
        ] {
            assert_eq!(choose_key(&mut host, 0x82), 0x9000);
            assert_eq!(host.send(HASH, &data, ANY), (Vec::new(), 0x9000));
            let (signature, status) = host.send(SIGN_HASH, &[], ANY);
            assert_eq!(status, 0x9000, "{mode:?}");
            let signature = Signature::try_from(signature.as_slice()).unwrap();
            key.verify(&message, &signature).unwrap();
            // A hash is signed once.
            assert_eq!(host.send(SIGN_HASH, &[], ANY).1, 0x6985);
        }
    }
}

#[test]
fn what_no_host_was_seen_to_send_is_refused() {
    let mut card = issue(Settings::default()).card;
    let mut host = logged_in(&mut card);
    assert_eq!(choose_key(&mut host, 0x81), 0x6A80);
    assert_eq!(choose_key(&mut host, 0x82), 0x9000);
    let whole = begun(1, AFTER_A, b"A");
    for (data, status) in [
        (whole[6..40].to_vec(), 0x6A80),
        (whole[40..].to_vec(), 0x6A80),
        (begun(1, AFTER_A, b""), 0x6A80),
        (begun(1, AFTER_A, &[b'A'; 65]), 0x6A80),
        (whole, 0x9000),
    ] {
        assert_eq!(host.send(HASH, &data, ANY).1, status);
    }
    // Chosen for one thing, a key is not used for the other.
    assert_eq!(host.send(0x002A_8086, &[0; 256], ANY).1, 0x6A88);
    assert_eq!(choose_key(&mut host, 0x84), 0x9000);
    assert_eq!(host.send(SIGN_HASH, &[], ANY).1, 0x6A88);
    // Without the PIN.
    host.reconnect();
    host.select(&APPLICATION);
    assert_eq!(choose_key(&mut host, 0x82), 0x9000);
    assert_eq!(host.send(HASH, &begun(1, AFTER_A, b"A"), ANY).1, 0x9000);
    assert_eq!(host.send(SIGN_HASH, &[], ANY).1, 0x6982);
}

#[test]
fn either_way_of_signing_can_be_refused() {
    let refusal = |at, status| Some(Refusal { at, status });
    for status in [0x6A80, 0x6A88, 0x6982, 0x6D00, 0x6F83] {
        let mut card = issue(Settings {
            refuses_raw: refusal(RefusedCommand::UseKey, status),
            refuses_hashing: refusal(RefusedCommand::ChooseKey, status),
            ..Settings::default()
        })
        .card;
        let mut host = logged_in(&mut card);
        assert_eq!(choose_key(&mut host, 0x84), 0x9000);
        assert_eq!(host.send(0x002A_8086, &[0; 256], ANY).1, status);
        assert_eq!(choose_key(&mut host, 0x82), status);
    }
}
