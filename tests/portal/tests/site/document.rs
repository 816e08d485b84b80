//! Document signatures.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kagibashi_portal::verifier::HashFunction;
use serde_json::{Value, json};

use super::browser::Browser;
use super::{Site, TOKEN};

const DOCUMENT: &str = "届出書\n担当者を山田太郎に変更します。\n";

async fn prepare(visitor: &mut Browser, hash_function: &str) -> Value {
    let body = json!({
        "document": DOCUMENT,
        "hashFunction": hash_function,
        "certificate": TOKEN.certificate,
    });
    let answer = visitor.post("/api/sign/prepare", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn a_document_is_signed_with_every_algorithm_of_the_key() {
    let site = Site::start().await;
    let mut visitor = site.signed_in().await;
    for (hash_function, algorithm, padding) in [
        ("SHA-256", "RS256", "PKCS1.5"),
        ("SHA-384", "RS384", "PKCS1.5"),
        ("SHA-512", "RS512", "PKCS1.5"),
        ("SHA-256", "PS256", "PSS"),
        ("SHA-384", "PS384", "PSS"),
        ("SHA-512", "PS512", "PSS"),
    ] {
        let prepared = prepare(&mut visitor, hash_function).await;
        let expected = HashFunction::from_name(hash_function)
            .unwrap()
            .digest(DOCUMENT.as_bytes());
        assert_eq!(prepared["hash"], STANDARD.encode(&expected));
        assert_eq!(prepared["hashFunction"], hash_function);

        let signed = TOKEN.sign(prepared["hash"].as_str().unwrap(), algorithm);
        let answer = visitor.post("/api/sign/finish", &signed).await;
        assert_eq!(answer.status, 200, "{algorithm}: {answer:?}");
        let report = answer.json();
        assert_eq!(report["algorithm"], algorithm);
        assert_eq!(report["signatureAlgorithm"]["paddingScheme"], padding);
        assert_eq!(report["hash"], hex::encode(&expected));
        assert_eq!(report["signature"], signed["signature"]);
        assert_eq!(report["documentLength"], DOCUMENT.len());
        assert_eq!(report["signer"]["name"], "山田 太郎");

        // One document, one signature.
        let again = visitor.post("/api/sign/finish", &signed).await;
        assert_eq!(again.refusal(), (409, "document_missing".to_owned()));
    }
}

#[tokio::test]
async fn a_wrong_signature_is_refused() {
    let site = Site::start().await;
    let mut visitor = site.signed_in().await;
    for (what, status, code) in [
        ("another document", 422, "signature_mismatch"),
        ("another padding", 422, "signature_mismatch"),
        ("another hash function", 422, "hash_function_differs"),
        ("another key type", 422, "algorithm_unfit"),
        ("a padding that is none", 422, "algorithm_not_allowed"),
        ("no base64", 422, "signature_decode"),
        ("an empty signature", 422, "signature_decode"),
        ("too late", 409, "document_missing"),
    ] {
        let prepared = prepare(&mut visitor, "SHA-256").await;
        let mut signed = TOKEN.sign(prepared["hash"].as_str().unwrap(), "RS256");
        match what {
            "another document" => {
                let other = HashFunction::Sha256.digest(b"I owe you everything.");
                signed = TOKEN.sign(&STANDARD.encode(other), "RS256");
            }
            "another padding" => signed["signatureAlgorithm"]["paddingScheme"] = "PSS".into(),
            "another hash function" => {
                signed["signatureAlgorithm"]["hashFunction"] = "SHA-384".into();
            }
            "another key type" => {
                signed["signatureAlgorithm"] = json!({
                    "cryptoAlgorithm": "ECC", "hashFunction": "SHA-256", "paddingScheme": "NONE",
                });
            }
            "a padding that is none" => {
                signed["signatureAlgorithm"]["paddingScheme"] = "NONE".into();
            }
            "no base64" => signed["signature"] = "*".into(),
            "an empty signature" => signed["signature"] = "".into(),
            "too late" => site.clock.advance(Duration::from_mins(5)),
            other => panic!("{other}"),
        }
        let answer = visitor.post("/api/sign/finish", &signed).await;
        assert_eq!(answer.refusal(), (status, code.to_owned()), "{what}");
    }
}

#[tokio::test]
async fn what_cannot_be_signed_is_not_prepared() {
    let site = Site::start().await;
    let mut visitor = site.signed_in().await;
    let good = json!({
        "document": DOCUMENT, "hashFunction": "SHA-256", "certificate": TOKEN.certificate,
    });
    let colleague = TOKEN.colleague("佐藤 花子", "FC87654321");
    for (member, value, status, code) in [
        ("document", "".into(), 422, "document_length"),
        (
            "document",
            "あ".repeat(21_846).into(),
            422,
            "document_length",
        ),
        (
            "document",
            "x".repeat(256 * 1024).into(),
            413,
            "body_too_large",
        ),
        ("hashFunction", "SHA-1".into(), 422, "algorithm_not_allowed"),
        ("certificate", "".into(), 422, "certificate_missing"),
        ("certificate", "AAAA".into(), 422, "certificate_decode"),
        ("certificate", colleague.into(), 422, "signer_differs"),
        ("document", Value::Null, 400, "body_json"),
        ("hash", "AAAA".into(), 400, "body_json"),
    ] {
        let mut body = good.clone();
        body[member] = value;
        let answer = visitor.post("/api/sign/prepare", &body).await;
        assert_eq!(answer.refusal(), (status, code.to_owned()), "{member}");
    }
    let mut longest = good.clone();
    longest["document"] = "x".repeat(64 * 1024).into();
    assert_eq!(
        visitor.post("/api/sign/prepare", &longest).await.status,
        200
    );

    let mut nobody = site.visitor();
    nobody.challenge().await;
    let refused = (401, "not_signed_in".to_owned());
    assert_eq!(
        nobody.post("/api/sign/prepare", &good).await.refusal(),
        refused
    );
    let signed = TOKEN.sign(&STANDARD.encode([0; 32]), "RS256");
    assert_eq!(
        nobody.post("/api/sign/finish", &signed).await.refusal(),
        refused
    );
}
