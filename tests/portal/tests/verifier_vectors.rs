//! Every published token vector, with the exact rule that refuses it.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::time::{Duration, SystemTime};

use kagibashi_portal::verifier::{TrustStore, Verifier, VerifyError};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Vectors {
    ca_pem: String,
    intermediate: std::collections::BTreeMap<String, Hashes>,
    origin: String,
    nonce: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Hashes {
    hash_origin: String,
    hash_nonce: String,
    digest: String,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    origin: String,
    nonce: String,
    expect_v1: String,
    token: Value,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors/web-eid.json")).unwrap()
}

/// 2026-11-23, inside the validity of every certificate of the vectors.
fn then() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_hours(498_720)
}

fn verifier(vectors: &Vectors, origin: &str) -> Verifier {
    let mut trust = TrustStore::default();
    trust.add_pem(vectors.ca_pem.as_bytes()).unwrap();
    Verifier::new(origin.parse().unwrap(), trust)
}

/// The code of the rule that must refuse the case of that name.
fn rule(name: &str) -> &'static str {
    match name {
        "EKU emailProtection only" => "extended_key_usage",
        "KU extension missing" => "key_usage_missing",
        "algorithm NONE" | "algorithm empty" => "algorithm_not_allowed",
        "format web-eid:2.0" => "token_format",
        "other origin"
        | "origin signed with trailing slash"
        | "other nonce"
        | "nonce base64-decoded before hashing (wrong)" => "signature_mismatch",
        other => panic!("no rule is known to refuse {other:?}"),
    }
}

#[test]
fn every_vector_has_its_verdict() {
    let vectors = vectors();
    assert_eq!(vectors.cases.len(), 29);
    for case in &vectors.cases {
        let text = case.token.to_string();
        let verdict = verifier(&vectors, &case.origin).verify_token(&text, &case.nonce, then());
        match case.expect_v1.as_str() {
            "accept" | "spec-valid; PHP library rejects" => {
                verdict.unwrap_or_else(|e| panic!("{}: {e}", case.name));
            }
            "reject" => {
                let error = verdict.expect_err(&case.name);
                assert_eq!(error.code(), rule(&case.name), "{}", case.name);
            }
            other => panic!("unknown expectation {other:?}"),
        }
    }
}

#[test]
fn intermediate_hashes_are_those_of_the_vectors() {
    use kagibashi_portal::verifier::HashFunction;
    let vectors = vectors();
    assert_eq!(vectors.intermediate.len(), 3);
    for (name, expected) in &vectors.intermediate {
        let hash = HashFunction::from_name(name).unwrap();
        let origin = hash.digest(vectors.origin.as_bytes());
        let nonce = hash.digest(vectors.nonce.as_bytes());
        assert_eq!(hex::encode(&origin), expected.hash_origin);
        assert_eq!(hex::encode(&nonce), expected.hash_nonce);
        let digest = hash.digest(&[origin, nonce].concat());
        assert_eq!(hex::encode(digest), expected.digest);
    }
}

/// Each change of an accepted token, or of the time, meets its own rule.
#[test]
fn one_changed_thing_meets_its_own_rule() {
    let vectors = vectors();
    let case = |name: &str| {
        let found = vectors.cases.iter().find(|case| case.name == name);
        found
            .unwrap_or_else(|| panic!("no vector {name}"))
            .token
            .clone()
    };
    let verifier = verifier(&vectors, &vectors.origin);
    let rsa = case("RS256 rsa2048, with certificatePolicies");
    let verify = |token: &Value, when| {
        let verdict = verifier.verify_token(&token.to_string(), &vectors.nonce, when);
        verdict.map(|_| ()).map_err(|e| e.code())
    };
    assert_eq!(verify(&rsa, then()), Ok(()));

    let before = SystemTime::UNIX_EPOCH + Duration::from_hours(470_000);
    let after = SystemTime::UNIX_EPOCH + Duration::from_hours(700_000);
    assert_eq!(verify(&rsa, before), Err("certificate_not_yet_valid"));
    assert_eq!(verify(&rsa, after), Err("certificate_expired"));

    let with = |token: &Value, member: &str, value: Value| {
        let mut changed = token.clone();
        changed[member] = value;
        changed
    };
    let certificate = rsa["unverifiedCertificate"].as_str().unwrap();
    let signature = rsa["signature"].as_str().unwrap();
    for (member, value, code) in [
        ("algorithm", "RS384".into(), "signature_mismatch"),
        ("algorithm", "PS256".into(), "signature_mismatch"),
        ("algorithm", "ES256".into(), "algorithm_unfit"),
        ("algorithm", "rs256".into(), "algorithm_not_allowed"),
        ("signature", signature[4..].into(), "signature_decode"),
        (
            "signature",
            format!("{signature}!").into(),
            "signature_decode",
        ),
        (
            "signature",
            flip_first(signature).into(),
            "signature_mismatch",
        ),
        ("format", Value::Null, "token_json"),
        ("unverifiedCertificate", "".into(), "certificate_missing"),
        ("unverifiedCertificate", "AAAA".into(), "certificate_decode"),
        (
            "unverifiedCertificate",
            certificate[4..].into(),
            "certificate_decode",
        ),
    ] {
        let changed = with(&rsa, member, value);
        assert_eq!(verify(&changed, then()), Err(code), "{changed}");
    }

    // A curve goes with one hash function only.
    let p256 = case("ES256 raw R||S");
    let changed = with(&p256, "algorithm", "ES384".into());
    assert_eq!(verify(&changed, then()), Err("algorithm_unfit"));
}

/// Changes the first byte, staying within base64.
fn flip_first(base64: &str) -> String {
    let first = if base64.starts_with('B') { 'C' } else { 'B' };
    format!("{first}{}", &base64[1..])
}

#[test]
fn a_verifier_that_trusts_nobody_accepts_nobody() {
    let vectors = vectors();
    let verifier = Verifier::new(vectors.origin.parse().unwrap(), TrustStore::default());
    let text = vectors.cases[0].token.to_string();
    let error = verifier
        .verify_token(&text, &vectors.nonce, then())
        .unwrap_err();
    assert!(
        matches!(error, VerifyError::UntrustedIssuer { issuer } if issuer.contains("Vector Test CA"))
    );
}
