use std::path::Path;
use std::process::Command;

use kagibashi_card_simulator::Mode;
use kagibashi_card_simulator::personalise::{self, Request};
use kagibashi_token::algorithm::Scheme;
use kagibashi_token::{KeyHandle, SignatureAlgorithm, TokenError};

use crate::simulated::{MODES, PIN, Reader, company, other_company, pin};

pub fn key_of(reader: &Reader) -> KeyHandle {
    let certificates = reader.open().unwrap().certificates().unwrap();
    certificates
        .into_iter()
        .find_map(|certificate| certificate.key)
        .unwrap()
}

/// Each signature over a file is checked by a foreign program that hashes the file itself.
#[test]
fn openssl_accepts_every_algorithm_in_every_mode() {
    let folder = tempfile::tempdir().unwrap();
    let message = folder.path().join("message");
    std::fs::write(&message, "鍵橋").unwrap();
    for mode in MODES {
        let issued = company(mode);
        let certificate = folder.path().join("certificate.der");
        std::fs::write(&certificate, &issued.clients[0]).unwrap();
        let public_key = folder.path().join("public-key.pem");
        let der = ["x509", "-inform", "DER", "-pubkey", "-noout", "-in"];
        std::fs::write(&public_key, openssl(&der, &certificate)).unwrap();

        let reader = Reader::with(issued.card);
        let key = key_of(&reader);
        let mut token = reader.open().unwrap();
        let mut logged_in = token.login_for(&key, &pin(PIN)).unwrap();
        for algorithm in key.kind.algorithms() {
            let hash = algorithm
                .hash_function()
                .name()
                .replace('-', "")
                .to_lowercase();
            let hash = format!("-{hash}");
            let digest = openssl(&["dgst", "-binary", &hash], &message);
            let signature = logged_in.sign(&key, algorithm, &digest).unwrap();
            let file = folder.path().join("signature");
            std::fs::write(&file, &signature).unwrap();
            let mut arguments = vec!["dgst", &hash, "-verify", public_key.to_str().unwrap()];
            if algorithm.scheme() == Scheme::Pss {
                arguments.extend(["-sigopt", "rsa_padding_mode:pss"]);
                arguments.extend(["-sigopt", "rsa_pss_saltlen:digest"]);
            }
            arguments.extend(["-signature", file.to_str().unwrap()]);
            assert_eq!(
                openssl(&arguments, &message),
                b"Verified OK\n",
                "{mode:?} {algorithm}"
            );
        }
    }
}

fn openssl(arguments: &[&str], file: &Path) -> Vec<u8> {
    let output = Command::new("openssl")
        .args(arguments)
        .arg(file)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

#[test]
fn a_remembered_key_signs_from_cold_in_eleven_commands() {
    for mode in MODES {
        let reader = Reader::with(company(mode).card);
        let key = key_of(&reader);
        let (mut token, count) = reader.open_counted();
        let mut logged_in = token.login_for(&key, &pin(PIN)).unwrap();
        logged_in
            .sign(&key, SignatureAlgorithm::Rs256, &[7; 32])
            .unwrap();
        println!(
            "{mode:?}: {} commands for a signature from cold",
            count.get()
        );
        assert!(count.get() <= 11, "{mode:?}: {}", count.get());
    }
}

#[test]
fn two_keys_sign_each_for_itself() {
    let issued = personalise::two_certificates(&Request::default());
    let reader = Reader::with(issued.card);
    let mut token = reader.open().unwrap();
    let certificates = token.certificates().unwrap();
    let mut logged_in = token.login(&pin(PIN)).unwrap();
    // Each is verified with its own public key before it is returned.
    let signatures: Vec<Vec<u8>> = certificates[..2]
        .iter()
        .map(|certificate| {
            let key = certificate.key.as_ref().unwrap();
            logged_in
                .sign(key, SignatureAlgorithm::Rs256, &[7; 32])
                .unwrap()
        })
        .collect();
    assert_ne!(signatures[0], signatures[1]);
    let crossed = KeyHandle {
        reference: certificates[1].key.as_ref().unwrap().reference,
        ..certificates[0].key.clone().unwrap()
    };
    let signed = logged_in.sign(&crossed, SignatureAlgorithm::Rs256, &[7; 32]);
    assert!(
        matches!(signed, Err(TokenError::SignatureInvalid)),
        "{signed:?}"
    );
    let missing = KeyHandle {
        reference: 0x29E0,
        ..crossed
    };
    let signed = logged_in.sign(&missing, SignatureAlgorithm::Rs256, &[7; 32]);
    assert!(matches!(signed, Err(TokenError::KeyNotFound)), "{signed:?}");
}

#[test]
fn another_token_is_refused_before_the_pin_is_sent() {
    for mode in MODES {
        let key = key_of(&Reader::with(company(mode).card));
        let reader = Reader::with(other_company(mode).card);
        let mut token = reader.open().unwrap();
        let refused = token.login_for(&key, &pin(PIN)).map(drop);
        let Err(TokenError::WrongToken { expected, found }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(
            (expected.as_str(), found.as_str()),
            ("3307011617051201", "0909090909090909")
        );
        assert_eq!(reader.pins_received(), 0);
    }
}

#[test]
fn a_digest_of_the_wrong_length_never_reaches_the_key() {
    let reader = Reader::with(company(Mode::Aes).card);
    let key = key_of(&reader);
    let mut token = reader.open().unwrap();
    let mut logged_in = token.login_for(&key, &pin(PIN)).unwrap();
    for algorithm in key.kind.algorithms() {
        let right = algorithm.hash_function().length();
        for length in [0, 20, right - 1, right + 1] {
            let before = reader.commands();
            let signed = logged_in.sign(&key, algorithm, &vec![7; length]);
            assert!(
                matches!(signed, Err(TokenError::DigestLength { .. })),
                "{algorithm} {length}"
            );
            assert_eq!(reader.commands(), before);
        }
    }
    logged_in
        .sign(&key, SignatureAlgorithm::Rs256, &[7; 32])
        .unwrap();
}
