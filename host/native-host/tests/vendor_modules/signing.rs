//! What a token of a module does, judged by OpenSSL.

use kagibashi_token::{
    Cancel, KeyKind, Pin, Signable, SignatureAlgorithm, Token, TokenCertificate, TokenError,
};
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::openssl;
use crate::softhsm::{Key, MODULE, PIN, SoftHsm};
use crate::worker::{GENEROUS, module, modules, program, the_token, tokens};

const MESSAGE: &[u8] = b"a message";

fn pin() -> Pin {
    Pin::new(PIN).unwrap()
}

fn digest(algorithm: SignatureAlgorithm) -> Vec<u8> {
    match algorithm.hash_function().length() {
        32 => Sha256::digest(MESSAGE).to_vec(),
        48 => Sha384::digest(MESSAGE).to_vec(),
        64 => Sha512::digest(MESSAGE).to_vec(),
        other => panic!("a hash function of {other} bytes"),
    }
}

/// OpenSSL wants the two numbers of ECDSA in a SEQUENCE.
fn in_sequence(signature: &[u8]) -> Vec<u8> {
    let (r, s) = signature.split_at(signature.len() / 2);
    let mut body = Vec::new();
    for number in [r, s] {
        let zeros = number.iter().take_while(|&&byte| byte == 0).count();
        let mut number = number[zeros..].to_vec();
        if number.first().is_none_or(|byte| byte & 0x80 != 0) {
            number.insert(0, 0);
        }
        body.extend([0x02, u8::try_from(number.len()).unwrap()]);
        body.extend(number);
    }
    [vec![0x30, u8::try_from(body.len()).unwrap()], body].concat()
}

fn openssl_confirms(der: &[u8], algorithm: SignatureAlgorithm, signature: &[u8]) {
    let hash = format!("sha{}", algorithm.hash_function().length() * 8);
    let pss = ["rsa_padding_mode:pss", "rsa_pss_saltlen:digest"];
    match &algorithm.jwa()[..2] {
        "ES" => openssl::verifies(der, &hash, &[], MESSAGE, &in_sequence(signature)),
        "PS" => openssl::verifies(der, &hash, &pss, MESSAGE, signature),
        _ => openssl::verifies(der, &hash, &[], MESSAGE, signature),
    }
}

fn certificate(token: &mut dyn Token, der: &[u8]) -> TokenCertificate {
    let all = token.certificates().unwrap();
    let mut found = all.into_iter().filter(|it| it.der == der);
    found.next().expect("the certificate is not listed")
}

const RSA: Key = Key {
    label: "rsa",
    kind: "rsa:2048",
    id: "01",
    always_authenticate: false,
};

const EC: Key = Key {
    label: "ec",
    kind: "EC:prime256v1",
    id: "02",
    always_authenticate: false,
};

#[test]
fn a_token_of_a_module_signs_with_every_algorithm_of_its_keys() {
    let softhsm = SoftHsm::new();
    softhsm.make_token("デモ");
    let ders = [&RSA, &EC].map(|key| softhsm.make_key("デモ", key));
    let modules = modules(
        &program(&[softhsm.variable()]),
        GENEROUS,
        &[module("SoftHSM", MODULE)],
    );
    let tokens = tokens(&modules);
    let mut token = the_token(&tokens, "SoftHSM");
    let info = token.info().unwrap();
    assert_eq!(
        (info.label.as_str(), info.model.as_str(), info.layout),
        ("デモ", "SoftHSM v2", None)
    );
    assert_eq!(info.reader, format!("SoftHSM: デモ ({})", info.serial));
    assert_eq!(token.certificates().unwrap().len(), 2);
    for der in &ders {
        let found = certificate(token.as_mut(), der);
        let key = found.key.unwrap();
        for algorithm in key.kind.algorithms() {
            let digest = digest(algorithm);
            let mut logged_in = token.login_for(&key, &pin()).unwrap();
            let signature = logged_in.sign(&key, algorithm, &digest).unwrap();
            assert_eq!(signature.len(), key.kind.signature_length(), "{algorithm}");
            openssl_confirms(der, algorithm, &signature);
            let content = Signable::Message(MESSAGE);
            let signature = logged_in.sign_content(&key, algorithm, content).unwrap();
            openssl_confirms(der, algorithm, &signature);
        }
        let other = match key.kind {
            KeyKind::Rsa(_) => SignatureAlgorithm::Es256,
            KeyKind::EllipticCurve(_) => SignatureAlgorithm::Rs256,
        };
        let mut logged_in = token.login(&pin()).unwrap();
        let refused = logged_in.sign(&key, other, &[0; 32]);
        assert!(matches!(refused, Err(TokenError::AlgorithmUnsupported)));
    }
}

#[test]
fn a_wrong_pin_is_given_once_and_the_login_ends_with_its_owner() {
    let softhsm = SoftHsm::new();
    softhsm.make_token("one");
    let der = softhsm.make_key("one", &RSA);
    let modules = modules(
        &program(&[softhsm.variable()]),
        GENEROUS,
        &[module("SoftHSM", MODULE)],
    );
    let tokens = tokens(&modules);
    let mut token = the_token(&tokens, "SoftHSM");
    let key = certificate(token.as_mut(), &der).key.unwrap();
    let wrong = token.login(&Pin::new("not-it-12").unwrap()).err();
    assert!(
        matches!(wrong, Some(TokenError::PinWrong { tries_left: None })),
        "{wrong:?}"
    );
    token.verify_pin(&pin()).unwrap();
    let digest = [7; 32];
    let mut kept = token.log_in(&pin()).unwrap();
    for _ in 0..2 {
        kept.sign(&key, SignatureAlgorithm::Rs256, &digest).unwrap();
    }
    // A login of the same token elsewhere ends this one, as it does on a card.
    let mut other = tokens.open(&key.reader, &Cancel::new()).unwrap();
    other.verify_pin(&pin()).unwrap();
    let stolen = kept.sign(&key, SignatureAlgorithm::Rs256, &digest);
    assert!(
        matches!(stolen, Err(TokenError::SessionStolen)),
        "{stolen:?}"
    );

    let new = Pin::new("another-12").unwrap();
    let refused = other.change_pin(&new, &pin());
    assert!(
        matches!(refused, Err(TokenError::PinWrong { .. })),
        "{refused:?}"
    );
    other.change_pin(&pin(), &new).unwrap();
    assert!(other.verify_pin(&pin()).is_err());
    other.verify_pin(&new).unwrap();
}

#[test]
fn a_key_that_wants_the_pin_each_time_gets_it_once_for_one_signature() {
    let softhsm = SoftHsm::new();
    softhsm.make_token("one");
    let key = Key {
        always_authenticate: true,
        ..RSA
    };
    let der = softhsm.make_key("one", &key);
    let modules = modules(
        &program(&[softhsm.variable()]),
        GENEROUS,
        &[module("SoftHSM", MODULE)],
    );
    let mut token = the_token(&tokens(&modules), "SoftHSM");
    let key = certificate(token.as_mut(), &der).key.unwrap();
    let rs256 = SignatureAlgorithm::Rs256;
    let digest = digest(rs256);
    for _ in 0..2 {
        let mut logged_in = token.login(&pin()).unwrap();
        let signature = logged_in.sign(&key, rs256, &digest).unwrap();
        openssl_confirms(&der, rs256, &signature);
        let again = logged_in.sign(&key, rs256, &digest);
        assert!(matches!(again, Err(TokenError::SessionStolen)), "{again:?}");
    }
    // A login that is kept serves one handshake; the person is asked for each.
    let mut kept = token.log_in(&pin()).unwrap();
    kept.sign(&key, rs256, &digest).unwrap();
    let again = kept.sign(&key, rs256, &digest);
    assert!(matches!(again, Err(TokenError::SessionStolen)), "{again:?}");
}

#[test]
fn a_key_is_found_without_an_identifier_and_an_authority_has_none() {
    let softhsm = SoftHsm::new();
    softhsm.make_token("one");
    let ders = [&RSA, &EC].map(|key| softhsm.make_key("one", key));
    // The same certificates on another token without their identifiers.
    softhsm.make_token("two");
    let strangers = [
        softhsm.make_key("two", &Key { id: "0a", ..RSA }),
        softhsm.make_key("two", &Key { id: "0b", ..EC }),
    ];
    softhsm.remove_certificates("two");
    for der in &strangers {
        softhsm.write_certificate("two", der, "no id", None);
    }
    softhsm.write_certificate("two", &authority(), "CA", None);
    let modules = modules(
        &program(&[softhsm.variable()]),
        GENEROUS,
        &[module("SoftHSM", MODULE)],
    );
    let tokens = tokens(&modules);
    let readers = tokens.readers().unwrap();
    let reader = readers.iter().find(|reader| reader.name.contains("two"));
    let mut token = tokens.open(&reader.unwrap().name, &Cancel::new()).unwrap();
    let all = token.certificates().unwrap();
    assert_eq!(all.len(), 3);
    assert!(ders.iter().all(|der| all.iter().all(|it| it.der != *der)));
    for der in &strangers {
        let key = certificate(token.as_mut(), der).key.unwrap();
        let algorithm = key.kind.authentication_algorithm();
        let mut logged_in = token.login(&pin()).unwrap();
        let signature = logged_in.sign(&key, algorithm, &digest(algorithm)).unwrap();
        openssl_confirms(der, algorithm, &signature);
    }
    let authority = all.iter().find(|it| it.label == "CA").unwrap();
    assert!(authority.authority && authority.key.is_none());
}

fn authority() -> Vec<u8> {
    let arguments = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=CA",
        "-keyout",
        "/dev/null",
        "-outform",
        "DER",
    ];
    openssl::run(&arguments, b"")
}
