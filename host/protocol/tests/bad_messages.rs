//! Bad messages to the host: each is refused with the right code and field.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use kagibashi_protocol::error::ErrorCode::{
    self, InvalidArguments, InvalidCertificate, InvalidHash, InvalidNonce, InvalidOrigin,
    MessageNotObject, MessageNotUtf8, UnknownCommand, UnknownHashFunction, UnknownMessage,
};
use kagibashi_protocol::request::{Command, MessageToHost, Prompting};
use serde_json::{Value, json};

fn refused(body: &[u8], request: Option<u32>, code: ErrorCode, field: Option<&str>) {
    let refusal = MessageToHost::parse(body).unwrap_err();
    let shown = String::from_utf8_lossy(body);
    assert_eq!(refusal.failure.code, code, "{shown}");
    assert_eq!(refusal.request, request, "{shown}");
    assert_eq!(refusal.failure.detail.field.as_deref(), field, "{shown}");
}

#[test]
fn not_an_object() {
    for body in [
        "",
        " ",
        "1",
        "null",
        "[]",
        r#"["cancel",1]"#,
        "\"{}\"",
        "{",
        "{}{}",
        "tru",
        "{\"a\":1,}",
    ] {
        refused(body.as_bytes(), None, MessageNotObject, None);
    }
    for body in [&b"\xff"[..], b"{\"type\":\"\xc3\"}", b"\xff\xfe{\0}\0"] {
        refused(body, None, MessageNotUtf8, None);
    }
}

#[test]
fn header() {
    refused(b"{}", None, UnknownMessage, None);
    refused(br#"{"type":1,"request":1}"#, None, UnknownMessage, None);
    refused(
        br#"{"type":"hello","request":1}"#,
        Some(1),
        UnknownMessage,
        None,
    );
    for id in ["0", "-1", "1.5", "4294967296", "\"1\"", "null", "{}"] {
        let body =
            format!(r#"{{"type":"request","request":{id},"command":"status","arguments":{{}}}}"#);
        refused(body.as_bytes(), None, InvalidArguments, Some("request"));
    }
}

fn request(command: &str, arguments: &Value) -> Vec<u8> {
    json!({"type": "request", "request": 7, "command": command, "arguments": arguments})
        .to_string()
        .into_bytes()
}

#[test]
fn commands_and_arguments() {
    let nonce = "n".repeat(44);
    refused(&request("sing", &json!({})), Some(7), UnknownCommand, None);
    refused(
        &request("status", &json!({"lang": "ja"})),
        Some(7),
        InvalidArguments,
        Some("lang"),
    );
    refused(
        &request("status", &json!([])),
        Some(7),
        InvalidArguments,
        Some("arguments"),
    );
    refused(
        &request("authenticate", &json!({"origin": "https://a.jp"})),
        Some(7),
        InvalidArguments,
        Some("challengeNonce"),
    );
    refused(
        &request("authenticate", &json!({"challengeNonce": nonce})),
        Some(7),
        InvalidArguments,
        Some("origin"),
    );
    refused(
        &request(
            "authenticate",
            &json!({"origin": ["https://a.jp"], "challengeNonce": nonce}),
        ),
        Some(7),
        InvalidArguments,
        Some("origin"),
    );
    for format in ["", "PEM", "p12"] {
        let arguments = json!({"certificate": "00", "format": format});
        refused(
            &request("export-certificate", &arguments),
            Some(7),
            InvalidArguments,
            Some("format"),
        );
    }
    for origin in [
        "http://a.jp",
        "ftp://a.jp",
        "null",
        "https://a.jp/",
        "https://a.jp/x",
        "",
    ] {
        refused(
            &request(
                "authenticate",
                &json!({"origin": origin, "challengeNonce": nonce}),
            ),
            Some(7),
            InvalidOrigin,
            None,
        );
    }
}

#[test]
fn nonce_lengths_count_characters() {
    for (length, good) in [
        (0, false),
        (43, false),
        (44, true),
        (128, true),
        (129, false),
    ] {
        for character in ["n", "鍵", "\u{1f511}"] {
            let arguments =
                json!({"origin": "https://a.jp", "challengeNonce": character.repeat(length)});
            let body = request("authenticate", &arguments);
            if good {
                let message = MessageToHost::parse(&body).unwrap();
                let MessageToHost::Request {
                    command: Command::Prompting(Prompting::Authenticate(command)),
                    ..
                } = message
                else {
                    panic!("not an authenticate");
                };
                assert_eq!(command.challenge_nonce, character.repeat(length));
            } else {
                refused(&body, Some(7), InvalidNonce, None);
            }
        }
    }
}

#[test]
fn hashes_and_certificates() {
    let good = json!({
        "origin": "https://a.jp",
        "certificate": "MAA=",
        "hash": "A".repeat(43) + "=",
        "hashFunction": "SHA-256",
    });
    MessageToHost::parse(&request("sign", &good)).unwrap();
    for (field, value, code) in [
        ("hash", json!(""), InvalidHash),
        ("hash", json!("A".repeat(43)), InvalidHash),
        ("hash", json!("*".repeat(44)), InvalidHash),
        ("hash", json!("A".repeat(64)), InvalidHash),
        ("hashFunction", json!("SHA-384"), InvalidHash),
        ("hashFunction", json!("SHA-1"), UnknownHashFunction),
        ("hashFunction", json!("sha-256"), UnknownHashFunction),
        ("hashFunction", json!("SHA3-256"), UnknownHashFunction),
        ("certificate", json!(""), InvalidCertificate),
        ("certificate", json!("%"), InvalidCertificate),
        ("certificate", json!("AAAA"), InvalidCertificate),
        ("certificate", json!("MAMBAg=="), InvalidCertificate),
        (
            "certificate",
            json!("A".repeat(4 * 16_384 / 3 + 8)),
            InvalidCertificate,
        ),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        refused(&request("sign", &bad), Some(7), code, None);
    }
}

#[test]
fn answers_are_told_apart_strictly() {
    for answer in [
        json!({}),
        json!({"certificate": "x", "token": "t", "pin": "1234"}),
        json!({"pin": "1234", "lastTryConfirmed": true}),
        json!({"certificate": "x", "pin": "1234", "lastTryConfirmed": true}),
        json!({"certificate": "x", "token": "t"}),
        json!({"certificate": "x", "grant": true}),
        json!({"certificate": "x", "token": "t", "pin": 1234, "lastTryConfirmed": true}),
        json!({"certificate": "x", "token": "t", "pin": "1234", "lastTryConfirmed": "yes"}),
        json!({"certificate": "x", "token": "t", "pin": "1234", "lastTryConfirmed": true, "save": true}),
        json!({"pin": "1234", "newPin": "2345"}),
        json!({"certificate": "x", "token": "t", "pin": "1234", "newPin": "2345", "lastTryConfirmed": true}),
        json!({"pin": "1234", "puk": "2345", "lastTryConfirmed": true}),
        json!({"pin": "1234", "puk": "2345", "newPin": "3456", "lastTryConfirmed": true}),
        json!({"puk": "1234", "newPin": 2345, "lastTryConfirmed": true}),
        json!({"pin": "1234", "newPin": null, "lastTryConfirmed": true}),
        json!(null),
        json!("1234"),
        json!(["x", "1234", true, null]),
    ] {
        let body = json!({"type": "answer", "request": 7, "prompt": 1, "answer": answer});
        refused(
            body.to_string().as_bytes(),
            Some(7),
            InvalidArguments,
            Some("answer"),
        );
    }
}
