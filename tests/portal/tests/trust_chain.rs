//! From a client certificate up to what a site trusts: every rule of the path.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod software_token;

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kagibashi_portal::verifier::{Certificate, Holder, TrustStore, Verifier, VerifyError};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPublicKey;
use software_token::{authority_params, certificate_of, client, client_params, intermediate, root};

fn verdict(trusted: Vec<Certificate>, leaf: &Certificate) -> Result<(), &'static str> {
    let origin = "https://portal.example.jp".parse().unwrap();
    Verifier::new(origin, TrustStore::new(trusted))
        .check_signing_certificate(&STANDARD.encode(leaf.der()), SystemTime::now())
        .map(|_| ())
        .map_err(|error| error.code())
}

#[test]
fn root_and_intermediate_may_be_configured_together_or_the_intermediate_alone() {
    let top = root(authority_params("Root"));
    let middle = intermediate(authority_params("Middle"), &top);
    let leaf = client(&client_params("山田 太郎", "FC12345678"), &middle);
    let (top, middle) = (certificate_of(&top), certificate_of(&middle));
    let stranger = certificate_of(&root(authority_params("Stranger")));

    for (trusted, expected) in [
        (vec![top.clone(), middle.clone()], Ok(())),
        (vec![stranger.clone(), middle.clone(), top.clone()], Ok(())),
        (vec![middle.clone()], Ok(())),
        (vec![top.clone()], Err("untrusted_issuer")),
        (vec![stranger], Err("untrusted_issuer")),
        // A client certificate among the trusted ones vouches for nobody.
        (vec![leaf.clone()], Err("untrusted_issuer")),
        (vec![], Err("untrusted_issuer")),
    ] {
        assert_eq!(verdict(trusted, &leaf), expected);
    }

    let store = TrustStore::new(vec![top.clone(), middle.clone()]);
    let path = store.path_of(&leaf, SystemTime::now()).unwrap();
    let path: Vec<_> = path.iter().map(|c| c.der()).collect();
    assert_eq!(path, [middle.der(), top.der()]);
}

#[test]
fn an_issuer_must_be_entitled_valid_and_the_real_one() {
    let name = "Middle";
    let with = |change: fn(&mut CertificateParams)| {
        let mut params = authority_params(name);
        change(&mut params);
        params
    };
    let cases: [(&str, CertificateParams, Result<(), &str>); 7] = [
        ("plain", with(|_| ()), Ok(())),
        (
            "not a CA",
            with(|p| p.is_ca = IsCa::ExplicitNoCa),
            Err("not_an_issuer"),
        ),
        (
            "says nothing",
            with(|p| p.is_ca = IsCa::NoCa),
            Err("not_an_issuer"),
        ),
        (
            "may not sign certificates",
            with(|p| p.key_usages = vec![KeyUsagePurpose::CrlSign]),
            Err("not_an_issuer"),
        ),
        (
            "expired",
            with(|p| p.not_after = (SystemTime::now() - Duration::from_hours(1)).into()),
            Err("certificate_expired"),
        ),
        (
            "not yet valid",
            with(|p| p.not_before = (SystemTime::now() + Duration::from_hours(1)).into()),
            Err("certificate_not_yet_valid"),
        ),
        (
            "with a critical extension nobody knows",
            with(|p| p.custom_extensions.push(unknown_critical())),
            Err("critical_extension"),
        ),
    ];
    for (what, params, expected) in cases {
        let top = root(authority_params("Root"));
        let middle = intermediate(params, &top);
        let leaf = client(&client_params("山田 太郎", "FC12345678"), &middle);
        let trusted = vec![certificate_of(&top), certificate_of(&middle)];
        assert_eq!(verdict(trusted, &leaf), expected, "{what}");
    }

    // The right name with another key, below the leaf and above it.
    let top = root(authority_params("Root"));
    let middle = intermediate(authority_params(name), &top);
    let leaf = client(&client_params("山田 太郎", "FC12345678"), &middle);
    let impostor = certificate_of(&intermediate(authority_params(name), &top));
    let trusted = vec![certificate_of(&top), impostor.clone()];
    assert_eq!(verdict(trusted, &leaf), Err("certificate_signature"));
    let false_top = certificate_of(&root(authority_params("Root")));
    let trusted = vec![false_top, certificate_of(&middle)];
    assert_eq!(verdict(trusted, &leaf), Err("certificate_signature"));
    // Of two with the same name, the real one is found.
    let trusted = vec![certificate_of(&top), impostor, certificate_of(&middle)];
    assert_eq!(verdict(trusted, &leaf), Ok(()));
}

#[test]
fn a_path_has_its_greatest_length() {
    let constrained = |most| {
        let mut params = authority_params("Root");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(most));
        root(params)
    };
    for (most, expected) in [(1, Ok(())), (0, Err("not_an_issuer"))] {
        let top = constrained(most);
        let middle = intermediate(authority_params("Middle"), &top);
        let leaf = client(&client_params("山田 太郎", "FC12345678"), &middle);
        let trusted = vec![certificate_of(&top), certificate_of(&middle)];
        assert_eq!(verdict(trusted, &leaf), expected, "at most {most}");
    }

    // Issuers that go round in a circle end as well.
    let first = root(authority_params("A"));
    let second = intermediate(authority_params("B"), &first);
    let first_by_second = {
        let params = authority_params("A");
        let certificate = params.signed_by(first.key(), &second).unwrap();
        Certificate::from_der(certificate.der().to_vec()).unwrap()
    };
    let leaf = client(&client_params("山田 太郎", "FC12345678"), &second);
    let trusted = vec![first_by_second, certificate_of(&second)];
    assert_eq!(verdict(trusted, &leaf), Err("untrusted_issuer"));
}

fn unknown_critical() -> CustomExtension {
    let mut extension =
        CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
    extension.set_criticality(true);
    extension
}

#[test]
fn a_holders_certificate_must_fit_its_use() {
    let top = root(authority_params("Root"));
    let trusted = vec![certificate_of(&top)];
    let with = |change: fn(&mut CertificateParams)| {
        let mut params = client_params("山田 太郎", "FC12345678");
        change(&mut params);
        client(&params, &top)
    };
    for (leaf, expected) in [
        (with(|_| ()), Ok(())),
        (
            with(|p| p.key_usages = vec![KeyUsagePurpose::ContentCommitment]),
            Ok(()),
        ),
        (
            with(|p| p.key_usages = vec![KeyUsagePurpose::KeyEncipherment]),
            Err("key_usage"),
        ),
        (with(|p| p.key_usages.clear()), Err("key_usage_missing")),
        (
            with(|p| p.custom_extensions.push(unknown_critical())),
            Err("critical_extension"),
        ),
        (
            with(|p| p.not_after = (SystemTime::now() - Duration::from_secs(2)).into()),
            Err("certificate_expired"),
        ),
    ] {
        assert_eq!(verdict(trusted.clone(), &leaf), expected);
    }

    // Non-repudiation alone does not sign anybody in.
    let leaf = with(|p| p.key_usages = vec![KeyUsagePurpose::ContentCommitment]);
    let token = serde_json::json!({
        "unverifiedCertificate": STANDARD.encode(leaf.der()),
        "algorithm": "ES256", "signature": "AAAA", "format": "web-eid:1.0",
    });
    let verifier = Verifier::new(
        "https://portal.example.jp".parse().unwrap(),
        TrustStore::new(trusted),
    );
    let verdict = verifier.verify_token(&token.to_string(), "nonce", SystemTime::now());
    assert_eq!(
        verdict.unwrap_err(),
        VerifyError::KeyUsage("authentication")
    );
}

/// The public half of an RSA key that the certificate library would not make.
struct ShortKey(Vec<u8>);

impl rcgen::PublicKeyData for ShortKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

#[test]
fn a_short_rsa_key_is_refused() {
    let top = root(authority_params("Root"));
    for (bits, good) in [(1024, false), (2048, true)] {
        let key = RsaPrivateKey::new(&mut rand::thread_rng(), bits).unwrap();
        let public = key.to_public_key().to_pkcs1_der().unwrap();
        let leaf = client_params("山田 太郎", "FC12345678")
            .signed_by(&ShortKey(public.as_bytes().to_vec()), &top)
            .unwrap();
        let key = Certificate::from_der(leaf.der().to_vec())
            .unwrap()
            .public_key();
        assert_eq!(key.is_ok(), good, "{bits}");
        if let Err(error) = key {
            assert_eq!(error.code(), "public_key");
        }
    }
}

#[test]
fn the_holder_is_read_as_the_certificate_says() {
    let top = root(authority_params("Root"));
    let middle = intermediate(authority_params("Enterprise Premium CA - G3"), &top);
    let mut params = client_params("山田 太郎", "FC12345678");
    params.serial_number = Some(rcgen::SerialNumber::from(vec![0x0a, 0xbc, 0xde]));
    params.not_before = rcgen::date_time_ymd(2026, 4, 1);
    params.not_after = rcgen::date_time_ymd(2027, 3, 31);
    assert_eq!(
        Holder::from(&client(&params, &middle)),
        Holder {
            name: "山田 太郎".to_owned(),
            organisation: Some("株式会社サンプル".to_owned()),
            certificate_id: Some("FC12345678".to_owned()),
            issuer: "Enterprise Premium CA - G3".to_owned(),
            serial: "0ABCDE".to_owned(),
            valid_from: "2026-04-01T00:00:00Z".to_owned(),
            valid_until: "2027-03-31T00:00:00Z".to_owned(),
        }
    );

    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::OrganizationalUnitName, "Only a unit");
    let holder = Holder::from(&client(&params, &middle));
    assert_eq!(holder.name, "OU=Only a unit");
    assert_eq!((holder.organisation, holder.certificate_id), (None, None));
}

#[test]
fn trust_is_read_from_files_and_folders() {
    let top = root(authority_params("Root"));
    let other = root(authority_params("Other"));
    let folder = tempfile::tempdir().unwrap();
    let both = format!("{}{}", top.pem(), other.pem());
    std::fs::write(folder.path().join("a.pem"), &both).unwrap();
    std::fs::write(folder.path().join("b.crt"), other.pem()).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "not a certificate").unwrap();

    let mut store = TrustStore::default();
    store.add_path(folder.path()).unwrap();
    assert_eq!(store.len(), 3);
    store.add_path(&folder.path().join("a.pem")).unwrap();
    assert_eq!(store.len(), 5);

    let key = KeyPair::generate().unwrap().serialize_pem();
    for (name, content) in [
        ("empty.pem", String::new()),
        ("key.pem", key),
        ("broken.pem", both.replace("MII", "AAA")),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let error = store.add_path(&path).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
    assert!(store.add_path(&folder.path().join("absent.pem")).is_err());
}
