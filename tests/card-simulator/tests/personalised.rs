//! Personalised tokens through the eyes of a host that knows the protocol.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod host;

use std::time::{Duration, SystemTime};

use der::Decode;
use host::Host;
use kagibashi_card_simulator::personalise::{Request, company, two_certificates};
use kagibashi_card_simulator::{Card, Mode, Settings};
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::DecodePublicKey;
use rsa::signature::Verifier;
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, RsaPublicKey};
use x509_cert::Certificate;

const MODES: [Mode; 3] = [Mode::Aes, Mode::Cmac, Mode::TripleDes];

fn request(mode: Mode) -> Request {
    Request {
        settings: Settings {
            mode,
            ..Settings::default()
        },
        // 2026-11-22T23:59:13Z
        now: SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_391_953),
        ..Request::default()
    }
}

#[test]
fn a_company_token_reads_signs_and_guards_in_every_mode() {
    for mode in MODES {
        let mut token = company(&request(mode));
        let mut host = Host::connect(&mut token.card);
        assert_eq!(host.read(0x3100), token.clients[0]);
        assert_eq!(host.read(0x3120), token.intermediate);
        assert_eq!(host.read(0x3140), token.root);
        assert_eq!(host.read(0x4401).len(), 4864);
        assert_eq!(host.read(0x9F00), [10, 10]);

        let block = [0x01; 256];
        assert_eq!(host.apply_key(0x2900, &block).1, 0x6982);
        assert_eq!(host.verify(1, "00000000"), 0x63C9);
        assert_eq!(host.tries(1), 0x63C9);
        assert_eq!(host.verify(1, "12345678"), 0x9000);
        let (signature, status) = host.apply_key(0x2900, &block);
        assert_eq!(status, 0x9000);
        let key = public_key(&token.clients[0]);
        let opened = BigUint::from_bytes_be(&signature).modpow(key.e(), key.n());
        assert_eq!(opened, BigUint::from_bytes_be(&block));
        assert_eq!(host.tries(1), 0x63CA);

        // A wrong PIN and a new handshake each take the level away.
        assert_eq!(host.verify(1, "12345679"), 0x63C9);
        assert_eq!(host.apply_key(0x2900, &block).1, 0x6982);
        assert_eq!(host.verify(1, "12345678"), 0x9000);
        host.reconnect();
        assert_eq!(host.select(&[0x3F00, 0x5015]), 0x9000);
        assert_eq!(host.apply_key(0x2900, &block).1, 0x6982);
    }
}

#[test]
fn certificates_form_chains_and_one_of_two_has_expired() {
    let request = request(Mode::Aes);
    let token = two_certificates(&request);
    let root = Certificate::from_der(&token.root).unwrap();
    let intermediate = Certificate::from_der(&token.intermediate).unwrap();
    assert_signed_by(&root, &token.root);
    assert_signed_by(&intermediate, &token.root);
    let now = request.now.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let expired: Vec<bool> = token
        .clients
        .iter()
        .map(|der| {
            let client = Certificate::from_der(der).unwrap();
            assert_signed_by(&client, &token.intermediate);
            assert!(
                der.len() <= 1080,
                "{} bytes need more than five READ BINARY",
                der.len()
            );
            client.tbs_certificate.validity.not_after.to_unix_duration() < now
        })
        .collect();
    assert_eq!(expired, [false, true]);
    assert_ne!(public_key(&token.clients[0]), public_key(&token.clients[1]));
}

#[test]
fn the_same_request_gives_the_same_token() {
    let [first, second] = [(); 2].map(|()| company(&request(Mode::Aes)));
    assert_eq!(
        serde_json::to_string(&first.card).unwrap(),
        serde_json::to_string(&second.card).unwrap()
    );
    let other = Settings {
        seed: 2,
        ..Settings::default()
    };
    let third = company(&Request {
        settings: other,
        ..request(Mode::Aes)
    });
    assert_ne!(first.clients, third.clients);
}

#[test]
fn a_written_card_reads_back_and_a_newer_one_is_refused() {
    let mut token = company(&request(Mode::Aes));
    let mut host = Host::connect(&mut token.card);
    host.select(&[0x3F00, 0x5015]);
    assert_eq!(host.verify(1, "1234"), 0x63C9);
    let text = serde_json::to_string(&token.card).unwrap();
    let mut card: Card = serde_json::from_str(&text).unwrap();
    let mut host = Host::connect(&mut card);
    host.select(&[0x3F00, 0x5015]);
    assert_eq!(host.tries(1), 0x63C9);
    assert_eq!(host.read(0x3100), token.clients[0]);

    let newer = text.replacen("\"version\":1", "\"version\":2", 1);
    let refused = serde_json::from_str::<Card>(&newer)
        .unwrap_err()
        .to_string();
    assert!(refused.contains("version 2"), "{refused}");
}

fn public_key(certificate: &[u8]) -> RsaPublicKey {
    use der::Encode;
    let certificate = Certificate::from_der(certificate).unwrap();
    let info = certificate
        .tbs_certificate
        .subject_public_key_info
        .to_der()
        .unwrap();
    RsaPublicKey::from_public_key_der(&info).unwrap()
}

fn assert_signed_by(certificate: &Certificate, issuer: &[u8]) {
    use der::Encode;
    let key = VerifyingKey::<sha2::Sha256>::new(public_key(issuer));
    let signature = Signature::try_from(certificate.signature.raw_bytes()).unwrap();
    key.verify(&certificate.tbs_certificate.to_der().unwrap(), &signature)
        .unwrap();
    let issuer = Certificate::from_der(issuer).unwrap();
    assert_eq!(
        certificate.tbs_certificate.issuer,
        issuer.tbs_certificate.subject
    );
}
