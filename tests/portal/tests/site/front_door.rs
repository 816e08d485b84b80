//! What comes through the door at all: requests of other sites, odd bodies,
//! silent clients; and what every page carries.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Site, TOKEN};

type Headers<'a> = &'a [(&'a str, &'a str)];

#[tokio::test]
async fn requests_another_site_could_cause_are_refused() {
    let site = Site::start().await;
    let mut visitor = site.visitor();
    let origin = visitor.origin.clone();
    let own = ("Origin", origin.as_str());
    let json_type = ("Content-Type", "application/json");
    let foreign = (403, "foreign_origin");
    let cases: [(Headers, (u16, &str)); 8] = [
        (&[json_type], foreign),
        (&[json_type, ("Origin", "null")], foreign),
        (&[json_type, ("Origin", "https://evil.example.jp")], foreign),
        (
            &[json_type, ("Origin", "https://portal.localhost")],
            foreign,
        ),
        (&[json_type, own, ("Sec-Fetch-Site", "cross-site")], foreign),
        (&[own], (415, "content_type")),
        (
            &[own, ("Content-Type", "text/plain")],
            (415, "content_type"),
        ),
        (
            &[own, ("Content-Type", "application/x-www-form-urlencoded")],
            (415, "content_type"),
        ),
    ];
    for path in [
        "challenge",
        "login",
        "logout",
        "sign/prepare",
        "sign/finish",
    ] {
        for (headers, (status, code)) in cases {
            let answer = visitor
                .request("POST", &format!("/api/{path}"), headers, "{}")
                .await;
            assert_eq!(
                answer.refusal(),
                (status, code.to_owned()),
                "{path} {headers:?}"
            );
            assert_eq!(answer.header("set-cookie"), None);
        }
        let answer = visitor.get(&format!("/api/{path}")).await;
        assert_eq!(answer.refusal(), (405, "method_not_allowed".to_owned()));
    }
    let with_charset = [own, ("Content-Type", "Application/JSON; charset=utf-8")];
    let answer = visitor
        .request("POST", "/api/challenge", &with_charset, "{}")
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        visitor.get("/api/nothing").await.refusal(),
        (404, "not_found".to_owned())
    );
}

#[tokio::test]
async fn odd_bodies_are_refused() {
    let site = Site::start().await;
    let mut visitor = site.visitor();
    visitor.challenge().await;
    let origin = visitor.origin.clone();
    let headers = [
        ("Origin", origin.as_str()),
        ("Content-Type", "application/json"),
    ];
    let token = TOKEN.authenticate(&origin, "x", "RS256");
    let oversized = json!({ "authToken": token, "padding": "x".repeat(16 * 1024) });
    for (body, status, code) in [
        (String::new(), 400, "body_json"),
        ("{".to_owned(), 400, "body_json"),
        ("null".to_owned(), 400, "body_json"),
        ("{}".to_owned(), 400, "body_json"),
        (json!([token]).to_string(), 400, "body_json"),
        (
            json!({ "authToken": token, "nonce": "x" }).to_string(),
            400,
            "body_json",
        ),
        (oversized.to_string(), 413, "body_too_large"),
    ] {
        let answer = visitor.request("POST", "/api/login", &headers, &body).await;
        assert_eq!(answer.refusal(), (status, code.to_owned()), "{body:.40}");
    }
}

#[tokio::test]
async fn a_silent_client_holds_up_nobody() {
    let site = Site::start().await;
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(TcpStream::connect(site.visitor.address).await.unwrap());
    }
    let mut visitor = site.visitor();
    let answer = timeout(Duration::from_secs(5), visitor.get("/")).await;
    assert_eq!(answer.expect("an answer in time").status, 200);
}

#[tokio::test]
async fn the_certificate_is_good_for_every_name_of_the_site() {
    let site = Site::start().await;
    let host = site.visitor.host().to_owned();
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    for name in ["localhost", "portal.localhost", "127.0.0.1", "::1"] {
        let answer = site.visitor.exchange(name, request.as_bytes()).await;
        assert_eq!(answer.status, 200, "{name}");
    }
}

#[tokio::test]
async fn pages_carry_nothing_inline_and_nothing_from_elsewhere() {
    let site = Site::start().await;
    let mut visitor = site.signed_in().await;
    let home = visitor.get("/home").await;
    let mut stranger = site.visitor();
    let front = stranger.get("/").await;
    let missing = stranger.get("/nowhere").await;
    assert_eq!((home.status, front.status, missing.status), (200, 200, 404));

    let mut files = 0;
    for page in [home, front, missing] {
        let policy = page.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        assert!(!page.body.contains("<style") && !page.body.contains(" style="));
        assert!(!page.body.contains(" onclick=") && !page.body.contains("http://"));
        for script in page.body.split("<script").skip(1) {
            assert!(
                script.contains("src=\"/assets/") && script.contains("></script>"),
                "{script}"
            );
        }
        for reference in page.body.split("=\"/assets/").skip(1) {
            let name = reference.split('"').next().unwrap();
            let file = stranger.get(&format!("/assets/{name}")).await;
            assert_eq!(file.status, 200, "{name}");
            files += 1;
            for import in file.body.split("from './").skip(1) {
                let name = import.split('\'').next().unwrap();
                let file = stranger.get(&format!("/assets/{name}")).await;
                assert_eq!(
                    file.header("content-type"),
                    Some("text/javascript; charset=utf-8")
                );
            }
        }
    }
    assert!(files >= 9);
    for language in ["ja", "en"] {
        let texts = stranger
            .get(&format!("/assets/texts.{language}.json"))
            .await
            .json();
        assert!(matches!(
            texts["problems"]["ERR_WEBEID_USER_CANCELLED"],
            Value::Object(_)
        ));
    }
    let elsewhere = stranger.get("/assets/..%2f..%2fCargo.toml").await;
    assert_eq!(elsewhere.status, 404);
}

#[tokio::test]
async fn pages_speak_the_visitors_language_and_lead_to_the_right_place() {
    let site = Site::start().await;
    let mut visitor = site.visitor();
    for (path, accepted, tag) in [
        ("/", "fr", "ja"),
        ("/", "en-US,en;q=0.9,ja;q=0.8", "en"),
        ("/?lang=ja", "en", "ja"),
        ("/?lang=en", "ja", "en"),
    ] {
        let answer = visitor
            .request("GET", path, &[("Accept-Language", accepted)], "")
            .await;
        assert!(
            answer.body.contains(&format!("<html lang=\"{tag}\">")),
            "{path} {accepted}"
        );
    }

    // Who is not signed in is led to the front, who is signed in, home.
    let answer = visitor.get("/home?lang=en").await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("/?lang=en"))
    );
    let mut holder = site.signed_in().await;
    let answer = holder.get("/?lang=ja").await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("/home?lang=ja"))
    );

    // Tokens are for one origin, so the page moves there first.
    let address = visitor.address.to_string();
    let answer = visitor
        .request("GET", "/?lang=ja", &[("Host", &address)], "")
        .await;
    let own = format!("{}/?lang=ja", visitor.origin);
    assert_eq!(
        (answer.status, answer.header("location")),
        (307, Some(own.as_str()))
    );
}
