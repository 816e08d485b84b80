//! The host as a browser meets it: frames, callers, floods. No card needed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;

use std::collections::BTreeSet;
use std::path::Path;

use browser::Browser;
use serde_json::{Value, json};

const NO_PCSCD: &str = "/nonexistent/pcscd.comm";

fn started() -> (tempfile::TempDir, Browser) {
    let home = tempfile::tempdir().unwrap();
    let browser = Browser::start(home.path(), Path::new(NO_PCSCD)).greeted();
    (home, browser)
}

fn error(message: &Value) -> &str {
    message["error"]["name"].as_str().unwrap_or("none")
}

#[test]
fn greets_and_answers() {
    let (_home, mut browser) = started();
    browser.request(1, "status", &json!({}));
    let response = browser.receive().unwrap();
    assert_eq!(
        response,
        json!({"type": "response", "request": 1, "result": {
            "version": env!("CARGO_PKG_VERSION"), "service": "stopped", "readers": [],
        }})
    );
    browser.close();
    assert!(browser.ended().success());
    assert_eq!(browser.receive(), None);
}

#[test]
fn lengths_that_end_the_connection() {
    for (bytes, name) in [
        (0_u32.to_ne_bytes().to_vec(), "message-empty"),
        (65_537_u32.to_ne_bytes().to_vec(), "message-too-large"),
        (u32::MAX.to_ne_bytes().to_vec(), "message-too-large"),
    ] {
        let (_home, mut browser) = started();
        browser.send_bytes(&bytes);
        let failure = browser.receive().unwrap();
        assert_eq!((error(&failure), &failure["request"]), (name, &Value::Null));
        assert!(!browser.ended().success());
    }
}

#[test]
fn streams_that_end_inside_a_frame() {
    let whole = [&2_u32.to_ne_bytes()[..], b"{}"].concat();
    for cut in 1..whole.len() {
        let (_home, mut browser) = started();
        browser.send_bytes(&whole[..cut]);
        browser.close();
        assert_eq!(
            error(&browser.receive().unwrap()),
            "message-truncated",
            "cut at {cut}"
        );
        assert!(!browser.ended().success());
    }
}

#[test]
fn bodies_that_are_refused_and_forgotten() {
    let (_home, mut browser) = started();
    for (body, name) in [
        (&b"1"[..], "message-not-object"),
        (b"null", "message-not-object"),
        (b"[]", "message-not-object"),
        (b"{", "message-not-object"),
        (b"\xff\xfe", "message-not-utf8"),
        (b"{}", "unknown-message"),
    ] {
        browser.send_body(body);
        assert_eq!(error(&browser.receive().unwrap()), name);
    }
    browser.request(1, "open-sesame", &json!({}));
    assert_eq!(error(&browser.receive().unwrap()), "unknown-command");
    browser.request(
        1,
        "authenticate",
        &json!({"origin": "http://a.jp", "challengeNonce": "n".repeat(44)}),
    );
    assert_eq!(error(&browser.receive().unwrap()), "invalid-origin");
    browser.request(1, "status", &json!({}));
    assert_eq!(browser.receive().unwrap()["type"], "response");
}

#[test]
fn serves_our_extension_alone() {
    for arguments in [
        &["chrome-extension://abcdefghijklmnopabcdefghijklmnop/"][..],
        &["chrome-extension://"],
        &[
            "/home/a/.mozilla/native-messaging-hosts/jp.kagibashi.host.json",
            "other@example.org",
        ],
    ] {
        let home = tempfile::tempdir().unwrap();
        let mut browser = Browser::start_for(home.path(), Path::new(NO_PCSCD), arguments);
        let failure = browser.receive().unwrap();
        assert_eq!(
            (&failure["type"], error(&failure)),
            (&json!("failure"), "caller-not-allowed")
        );
        assert!(!browser.ended().success());
        assert_eq!(browser.receive(), None);
    }
}

#[test]
fn a_second_person_is_not_asked() {
    let (_home, mut browser) = started();
    let arguments = json!({"origin": "https://a.jp", "challengeNonce": "n".repeat(44)});
    browser.request(1, "authenticate", &arguments);
    let waiting = browser.next_of("waiting-for-token");
    assert_eq!(waiting["view"]["reason"], "no-smart-card-service");
    browser.request(1, "status", &json!({}));
    assert_eq!(error(&browser.receive().unwrap()), "request-in-use");
    browser.request(
        2,
        "get-signing-certificate",
        &json!({"origin": "https://b.jp"}),
    );
    assert_eq!(error(&browser.receive().unwrap()), "busy");
    // What needs no person is served meanwhile.
    browser.request(3, "status", &json!({}));
    assert_eq!(browser.receive().unwrap()["request"], 3);

    for (reason, name) in [
        ("cancelled", "cancelled"),
        ("timed-out", "timed-out"),
        ("page-gone", "page-gone"),
    ] {
        browser.send(&json!({"type": "cancel", "request": 1, "reason": reason}));
        let failure = browser.fails_with(name);
        assert_eq!(failure["request"], 1);
        browser.request(1, "authenticate", &arguments);
        browser.next_of("waiting-for-token");
    }
    // A cancel of what is not there is nobody's fault.
    browser.send(&json!({"type": "cancel", "request": 9, "reason": "cancelled"}));
    browser.close();
    assert!(browser.ended().success());
}

#[test]
fn a_thousand_requests_at_once() {
    let (_home, mut browser) = started();
    for request in 1..=1_000 {
        let command = if request % 2 == 0 {
            "certificates"
        } else {
            "authenticate"
        };
        let arguments = if request % 2 == 0 {
            json!({})
        } else {
            json!({"origin": "https://a.jp", "challengeNonce": "n".repeat(44)})
        };
        browser.request(request, command, &arguments);
    }
    let mut open: BTreeSet<u64> = (2..=1_000).collect();
    while !open.is_empty() {
        let message = browser.receive().unwrap();
        if message["type"] == "prompt" {
            assert_eq!(message["request"], 1, "only the first has a person");
            continue;
        }
        assert!(
            message["type"] == "response"
                || ["busy", "too-many-requests"].contains(&error(&message)),
            "{message}"
        );
        assert!(
            open.remove(&message["request"].as_u64().unwrap()),
            "answered twice: {message}"
        );
    }
    browser.close();
    assert!(browser.ended().success());
}
