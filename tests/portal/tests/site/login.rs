//! Signing in: what succeeds, and everything that must not.

use std::time::Duration;

use serde_json::json;

use super::{Site, TOKEN};

#[tokio::test]
async fn the_holder_of_a_token_signs_in_and_out() {
    let site = Site::start().await;
    for algorithm in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] {
        let mut visitor = site.visitor();
        assert_eq!(
            visitor.get("/api/me").await.refusal(),
            (401, "not_signed_in".to_owned())
        );
        let nonce = visitor.challenge().await;
        assert_eq!(nonce.len(), 44);
        let before = visitor.cookie.clone().unwrap();

        let token = TOKEN.authenticate(&visitor.origin, &nonce, algorithm);
        let answer = visitor.login(&token).await;
        assert_eq!(answer.status, 200, "{algorithm}: {answer:?}");
        let holder = answer.json();
        assert_eq!(holder["name"], "山田 太郎");
        assert_eq!(holder["organisation"], "株式会社サンプル");
        assert_eq!(holder["certificateId"], "FC12345678");
        assert_eq!(holder["issuer"], "Test Premium CA - G3");

        let cookie = answer.header("set-cookie").unwrap();
        for part in [
            "__Host-session=",
            "; Path=/",
            "; Secure",
            "; HttpOnly",
            "; SameSite=Strict",
        ] {
            assert!(cookie.contains(part), "{cookie}");
        }
        let after = visitor.cookie.clone().unwrap();
        assert_ne!(
            before, after,
            "a cookie from before the sign-in must not be worth it"
        );

        assert_eq!(visitor.get("/api/me").await.json(), holder);
        let page = visitor.get("/home?lang=ja").await.body;
        for text in [
            "山田 太郎",
            "株式会社サンプル",
            "FC12345678",
            "Test Premium CA - G3",
        ] {
            assert!(page.contains(text), "{text}");
        }

        assert_eq!(visitor.post("/api/logout", &json!({})).await.status, 200);
        assert_eq!(visitor.cookie, None);
        visitor.cookie = Some(after);
        assert_eq!(visitor.get("/api/me").await.status, 401);
        visitor.cookie = Some(before);
        assert_eq!(visitor.get("/api/me").await.status, 401);
    }
}

#[tokio::test]
async fn a_challenge_is_good_once() {
    let site = Site::start().await;
    let mut visitor = site.visitor();
    let nonce = visitor.challenge().await;
    let token = TOKEN.authenticate(&visitor.origin, &nonce, "RS256");
    let before = visitor.cookie.clone();
    assert_eq!(visitor.login(&token).await.status, 200);
    // With the new session, and with the one the challenge was made for.
    assert_eq!(
        visitor.login(&token).await.refusal(),
        (401, "nonce_missing".to_owned())
    );
    visitor.cookie = before;
    assert_eq!(
        visitor.login(&token).await.refusal(),
        (401, "session_missing".to_owned())
    );

    // A failed attempt uses the challenge up as well.
    let mut visitor = site.visitor();
    let nonce = visitor.challenge().await;
    let foreign = TOKEN.authenticate("https://other.example.jp", &nonce, "RS256");
    assert_eq!(visitor.login(&foreign).await.status, 401);
    let token = TOKEN.authenticate(&visitor.origin, &nonce, "RS256");
    assert_eq!(
        visitor.login(&token).await.refusal(),
        (401, "nonce_missing".to_owned())
    );
}

#[tokio::test]
async fn a_challenge_is_good_for_five_minutes() {
    let site = Site::start().await;
    for (age, expected) in [(299, None), (300, Some("nonce_expired"))] {
        let mut visitor = site.visitor();
        let nonce = visitor.challenge().await;
        site.clock.advance(Duration::from_secs(age));
        let token = TOKEN.authenticate(&visitor.origin, &nonce, "RS256");
        let answer = visitor.login(&token).await;
        match expected {
            None => assert_eq!(answer.status, 200, "{answer:?}"),
            Some(code) => assert_eq!(answer.refusal(), (401, code.to_owned())),
        }
    }
}

#[tokio::test]
async fn a_challenge_is_good_for_its_own_session_and_the_latest_one() {
    let site = Site::start().await;
    let (mut one, mut other) = (site.visitor(), site.visitor());
    let stolen = one.challenge().await;
    other.challenge().await;
    let token = TOKEN.authenticate(&other.origin, &stolen, "RS256");
    assert_eq!(
        other.login(&token).await.refusal(),
        (401, "signature_mismatch".to_owned())
    );

    let first = one.challenge().await;
    one.challenge().await;
    let token = TOKEN.authenticate(&one.origin, &first, "RS256");
    assert_eq!(
        one.login(&token).await.refusal(),
        (401, "signature_mismatch".to_owned())
    );

    // No cookie, and a cookie the site never gave out.
    let token = TOKEN.authenticate(&one.origin, "x", "RS256");
    for cookie in [None, Some("__Host-session=invented".to_owned())] {
        let mut visitor = site.visitor();
        visitor.cookie = cookie;
        assert_eq!(
            visitor.login(&token).await.refusal(),
            (401, "session_missing".to_owned())
        );
    }
}

#[tokio::test]
async fn a_token_with_one_thing_wrong_signs_nobody_in() {
    let site = Site::start().await;
    let origin = site.visitor.origin.clone();
    let other_port = format!("{origin}0");
    let stranger = super::SoftwareToken::new("山田 太郎", "FC12345678");
    for (what, code) in [
        ("other origin", "signature_mismatch"),
        ("origin with a slash", "signature_mismatch"),
        ("origin with another port", "signature_mismatch"),
        ("claims another algorithm", "signature_mismatch"),
        ("claims a curve", "algorithm_unfit"),
        ("claims no algorithm", "algorithm_not_allowed"),
        ("tampered signature", "signature_mismatch"),
        ("shortened signature", "signature_decode"),
        ("other key", "certificate_signature"),
        ("other certificate", "algorithm_unfit"),
        ("other version", "token_format"),
        ("too long", "token_length"),
        ("no object", "token_length"),
    ] {
        let mut visitor = site.visitor();
        let nonce = visitor.challenge().await;
        let mut token = TOKEN.authenticate(&origin, &nonce, "RS256");
        match what {
            "other origin" => {
                token = TOKEN.authenticate("https://evil.example.jp", &nonce, "RS256");
            }
            "origin with a slash" => {
                token = TOKEN.authenticate(&format!("{origin}/"), &nonce, "RS256");
            }
            "origin with another port" => token = TOKEN.authenticate(&other_port, &nonce, "RS256"),
            "claims another algorithm" => token["algorithm"] = "PS256".into(),
            "claims a curve" => token["algorithm"] = "ES256".into(),
            "claims no algorithm" => token["algorithm"] = "none".into(),
            "tampered signature" => {
                let signature = token["signature"].as_str().unwrap();
                let last = &signature[signature.len() - 8..];
                let changed = if last.starts_with('A') { "B" } else { "A" };
                token["signature"] = format!(
                    "{}{changed}{}",
                    &signature[..signature.len() - 8],
                    &last[1..]
                )
                .into();
            }
            "shortened signature" => {
                token["signature"] = token["signature"].as_str().unwrap()[4..].into();
            }
            // Its issuers carry the trusted names; only the keys differ.
            "other key" => {
                token = stranger.authenticate(&origin, &nonce, "RS256");
            }
            "other certificate" => {
                token["unverifiedCertificate"] = TOKEN.colleague("佐藤 花子", "FC87654321").into();
            }
            "other version" => token["format"] = "web-eid:2.0".into(),
            "too long" => token["extra"] = "x".repeat(10_000).into(),
            "no object" => token = json!([1]),
            other => panic!("{other}"),
        }
        assert_eq!(
            visitor.login(&token).await.refusal(),
            (401, code.to_owned()),
            "{what}"
        );
        assert_eq!(visitor.get("/api/me").await.status, 401, "{what}");
    }
}

#[tokio::test]
async fn a_session_ends_after_half_an_hour_of_rest() {
    let site = Site::start().await;
    let mut visitor = site.signed_in().await;
    for (minutes, status) in [(29, 200), (29, 200), (30, 401)] {
        site.clock.advance(Duration::from_mins(minutes));
        assert_eq!(visitor.get("/api/me").await.status, status);
    }
}
