//! Holds the types of `agent` against the tables of `AGENT.md`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod tables;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use kagibashi_protocol::ErrorCode;
use kagibashi_protocol::agent::{
    self, Algorithm, Answer, LoginBy, Question, SlotCertificate, SlotToken,
};
use kagibashi_protocol::error::Failure;
use kagibashi_protocol::object::PinStatus;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use tables::Document;

static DOCUMENT: LazyLock<Document> = LazyLock::new(|| Document::read(include_str!("../AGENT.md")));

fn questions() -> Vec<Question> {
    vec![
        Question::hello(),
        Question::Change,
        Question::Tokens,
        Question::Sign {
            token: "t".into(),
            certificate: "c".into(),
            algorithm: Algorithm::Ps256,
            digest: vec![0xA5; 32],
        },
        Question::Login {
            token: "t".into(),
            pin: SecretString::from("1234\"\\鍵"),
        },
        Question::Logout { token: "t".into() },
    ]
}

fn slot_token() -> SlotToken {
    SlotToken {
        id: "t".into(),
        since: 1,
        reader: "r".into(),
        label: "l".into(),
        serial: "00".into(),
        manufacturer: "m".into(),
        model: "ePass2003".into(),
        firmware: None,
        pin: PinStatus {
            tries_left: Some(3),
            maximum: None,
            locked: false,
        },
        certificates: vec![SlotCertificate {
            id: "c".into(),
            der: vec![0x30, 0],
            label: "l".into(),
            has_key: true,
        }],
    }
}

fn answers() -> Vec<Answer> {
    let mut wrong_pin = Failure::new(ErrorCode::WrongPin);
    wrong_pin.detail.tries_left = Some(2);
    vec![
        Answer::Hello {
            protocol: agent::PROTOCOL_VERSION,
            login: LoginBy::Window,
        },
        Answer::Change { change: 1 },
        Answer::Tokens {
            change: 1,
            tokens: vec![slot_token()],
        },
        Answer::Signature { signature: vec![1] },
        Answer::Done,
        Answer::from(wrong_pin),
    ]
}

fn value(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

/// The headings of that kind, without it.
fn documented(kind: &str) -> BTreeSet<String> {
    let headings = DOCUMENT.0.keys();
    headings
        .filter_map(|heading| heading.strip_prefix(kind))
        .map(|name| name.trim().to_owned())
        .collect()
}

#[test]
fn limits() {
    let ours: BTreeMap<String, String> = [
        ("QUESTION_MAX", agent::QUESTION_MAX as u128),
        ("ANSWER_MAX", agent::ANSWER_MAX as u128),
        ("PATIENCE_MS", agent::PATIENCE.as_millis()),
        (
            "SIGNATURE_PATIENCE_MS",
            agent::SIGNATURE_PATIENCE.as_millis(),
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_string()))
    .into();
    assert_eq!(DOCUMENT.table("Frames", "limit"), ours);
}

#[test]
fn every_documented_question_is_taken_and_nothing_else() {
    let mut seen = BTreeSet::new();
    for question in questions() {
        let good = value(&question.to_bytes());
        seen.insert(question.name().to_owned());
        DOCUMENT.holds(&format!("question {}", question.name()), "field", &good);
        let again = Question::parse(&question.to_bytes()).unwrap();
        assert_eq!(value(&again.to_bytes()), good);

        for field in good.as_object().unwrap().keys() {
            for odd in [None, Some(json!([])), Some(json!(null)), Some(json!(-1))] {
                let mut bad = good.clone();
                match odd {
                    None => drop(bad.as_object_mut().unwrap().remove(field)),
                    Some(value) => bad[field] = value,
                }
                Question::parse(bad.to_string().as_bytes()).expect_err(&bad.to_string());
            }
        }
        let mut extra = good.clone();
        extra["extra"] = json!(1);
        Question::parse(extra.to_string().as_bytes()).expect_err(&extra.to_string());
    }
    assert_eq!(documented("question"), seen);
}

#[test]
fn every_documented_answer_comes_back() {
    let mut seen = BTreeSet::new();
    for answer in answers() {
        let wire = value(&answer.to_bytes());
        let name = wire["answer"].as_str().unwrap().to_owned();
        DOCUMENT.holds(&format!("answer {name}"), "field", &wire);
        seen.insert(name);

        // A newer host may say more.
        let mut more = wire.clone();
        more["more"] = json!({"a": 1});
        assert_eq!(serde_json::from_value::<Answer>(more).unwrap(), answer);
    }
    assert_eq!(documented("answer"), seen);
    let token = serde_json::to_value(slot_token()).unwrap();
    DOCUMENT.holds("object slot-token", "field", &token);
    DOCUMENT.holds(
        "object slot-certificate",
        "field",
        &token["certificates"][0],
    );
}

#[test]
fn bad_questions_are_told_apart_and_not_quoted() {
    let sign = |algorithm: &str, digest: &str| {
        json!({"ask": "sign", "token": "t", "certificate": "c", "algorithm": algorithm, "digest": digest})
            .to_string()
    };
    let sha256 = "A".repeat(43) + "=";
    for (body, code) in [
        (vec![0xFF], ErrorCode::MessageNotUtf8),
        (b"[\"change\"]".to_vec(), ErrorCode::MessageNotObject),
        (b"{".to_vec(), ErrorCode::MessageNotObject),
        (b"{}".to_vec(), ErrorCode::UnknownMessage),
        (b"{\"ask\":\"erase\"}".to_vec(), ErrorCode::UnknownCommand),
        (sign("RS384", &sha256).into_bytes(), ErrorCode::InvalidHash),
        (
            sign("RS2", &sha256).into_bytes(),
            ErrorCode::InvalidArguments,
        ),
        (sign("RS256", "?").into_bytes(), ErrorCode::InvalidArguments),
    ] {
        let failure = Question::parse(&body).unwrap_err();
        assert_eq!(failure.code, code, "{}", String::from_utf8_lossy(&body));
        assert_eq!(failure.detail, kagibashi_protocol::Detail::default());
    }
    Question::parse(sign("RS256", &sha256).as_bytes()).unwrap();
}

#[test]
fn a_pin_is_neither_shown_nor_copied() {
    let question = questions().swap_remove(4);
    assert_eq!(format!("{question:?}"), "Question(login)");
    let bytes = question.to_bytes();
    let Ok(Question::Login { pin, .. }) = Question::parse(&bytes) else {
        panic!("not a login");
    };
    assert_eq!(pin.expose_secret(), "1234\"\\鍵");

    // The longest that a program may pass, in the longest spelling, fits the
    // buffer that was made for it: it has not grown and left a copy behind.
    let longest = Question::Login {
        token: "鍵".repeat(128).as_str().into(),
        pin: SecretString::from("\u{1}".repeat(255)),
    };
    assert_eq!(longest.to_bytes().capacity(), 4_096);
}

#[test]
fn an_unknown_number_is_a_failing_host() {
    let newer = json!({"code": 9999, "name": "new", "blame": "card", "detail": {}});
    let failure: Failure = serde_json::from_value(newer).unwrap();
    assert_eq!(failure, ErrorCode::HostFault.into());
}
