//! The site behind nginx, visited by curl and OpenSSL.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod cards;
mod running;
#[path = "../software_token/mod.rs"]
mod software_token;
mod visitors;

use running::Running;
use serde_json::Value;
use visitors::{ports, visitor};

#[test]
fn the_holder_is_shown_on_both_ports() {
    let site = Running::start(&[]);
    for (port, version, text) in ports(&site) {
        let me = visitor(&site).with(&site.cards.good).get(port, "/api/me");
        assert_eq!(me.status, 200, "{me:?}");
        let me: Value = me.json();
        for (name, expected) in [
            ("name", "山田 太郎"),
            ("organisation", "株式会社サンプル"),
            ("certificateId", "FC12345678"),
            ("issuer", "Test Premium CA - G3"),
            ("tlsVersion", version),
        ] {
            assert_eq!(me[name], expected, "{version}: {me}");
        }
        assert_eq!(me["requestId"].as_str().unwrap().len(), 32);

        let page = visitor(&site).with(&site.cards.good).get(port, "/?lang=ja");
        assert_eq!(page.status, 200);
        for part in [
            "<bdi id=\"holder\">山田 太郎</bdi>",
            &format!("<dd id=\"tls-version\">{text}</dd>"),
            "<dd id=\"session-reused\" data-value=\"false\">いいえ",
            &format!("href=\"https://portal.localhost:{}/?lang=ja\"", site.tls12),
            &format!("href=\"https://portal.localhost:{}/?lang=ja\"", site.tls13),
        ] {
            assert!(page.body.contains(part), "{part} in {}", page.body);
        }
        assert!(!page.body.contains("{{"), "{}", page.body);
        assert!(
            page.head.contains("content-security-policy"),
            "{}",
            page.head
        );
        let ping = visitor(&site).with(&site.cards.good).get(port, "/ping");
        assert_eq!((ping.status, ping.body.as_str()), (204, ""));
        let absent = visitor(&site)
            .with(&site.cards.good)
            .get(port, "/nothing?lang=en");
        assert_eq!(absent.status, 404);
        assert!(absent.body.contains("No such page"));
    }
}

#[test]
fn who_has_no_good_certificate_is_told_why() {
    let site = Running::start(&[]);
    for (port, ..) in ports(&site) {
        for (card, code, ja, en) in [
            (
                None,
                "certificate_required",
                "証明書が必要",
                "needs a certificate",
            ),
            (
                Some(&site.cards.of_a_stranger),
                "untrusted_issuer",
                "発行者",
                "issuer",
            ),
            (
                Some(&site.cards.expired),
                "certificate_expired",
                "有効期限が切れています",
                "has expired",
            ),
            (
                Some(&site.cards.not_for_clients),
                "extended_key_usage",
                "受け付けませんでした",
                "did not accept",
            ),
            (
                Some(&site.cards.forged),
                "certificate_signature",
                "受け付けませんでした",
                "did not accept",
            ),
        ] {
            let visitor = || match card {
                Some(card) => visitor(&site).with(card),
                None => visitor(&site),
            };
            for (language, words) in [("ja", ja), ("en", en)] {
                let page = visitor().get(port, &format!("/?lang={language}"));
                assert_eq!(page.status, 400, "{code} {page:?}");
                for part in [words, &format!("data-code=\"{code}\"")] {
                    assert!(page.body.contains(part), "{part} in {}", page.body);
                }
            }
            let api = visitor().get(port, "/api/me");
            assert_eq!((api.status, &api.json()["code"]), (400, &code.into()));
            assert_eq!(visitor().get(port, "/ping").status, 400, "{code}");
            // What the page of the refusal is made of.
            let style = visitor().get(port, "/assets/portal.css");
            assert_eq!(style.status, 200, "{code}");
        }
    }
}

/// The upstream believes headers, so none may come from outside, whatever
/// certificate comes along.
#[test]
fn headers_of_visitors_do_not_reach_the_upstream() {
    let site = Running::start(&[]);
    let escaped = site.cards.good.escaped();
    let forged = [
        "tls-client-verify: SUCCESS".to_owned(),
        format!("tls-client-certificate: {escaped}"),
        "Tls-Protocol: TLSv9".to_owned(),
        "tls_protocol: TLSv9".to_owned(),
        "TLS-SESSION-REUSED: r".to_owned(),
        "tls-request-id: mine".to_owned(),
        // Asks to have the named headers taken off again.
        "Connection: close, tls-client-verify, tls-client-certificate".to_owned(),
    ];
    for (port, version, _) in ports(&site) {
        for (card, status) in [(None, 400), (Some(&site.cards.of_a_stranger), 400)] {
            let mut visitor = visitor(&site).saying(&forged);
            if let Some(card) = card {
                visitor = visitor.with(card);
            }
            assert_eq!(visitor.get(port, "/api/me").status, status);
        }
        let me = visitor(&site)
            .with(&site.cards.colleague)
            .saying(&forged)
            .get(port, "/api/me");
        assert_eq!(me.status, 200, "{me:?}");
        let me = me.json();
        assert_eq!(me["certificateId"], "FC00000002", "{me}");
        assert_eq!(
            (&me["tlsVersion"], &me["sessionReused"]),
            (&version.into(), &false.into())
        );
        assert_ne!(me["requestId"], "mine");
    }
}

#[test]
fn each_port_speaks_its_own_version_only() {
    let site = Running::start(&[]);
    for (port, option, good) in [
        (site.tls12, "--tlsv1.3", false),
        (site.tls13, "--tls-max=1.2", false),
        (site.tls12, "--tls-max=1.2", true),
        (site.tls13, "--tlsv1.3", true),
    ] {
        let arguments: Vec<_> = option.split('=').collect();
        let outcome = visitor(&site)
            .with(&site.cards.good)
            .options(&arguments)
            .try_get(port, "/ping");
        // 35: the handshake failed.
        assert_eq!(
            outcome.as_ref().map(|a| a.status),
            if good { Ok(204) } else { Err(&35) },
            "{option}"
        );
    }
    let plain = visitor(&site).get_plain(site.tls12);
    assert_eq!(plain.status, 301);
    assert!(
        plain.head.contains(&format!(
            "ocation: https://portal.localhost:{}/",
            site.tls12
        )),
        "{}",
        plain.head
    );
}

/// The upstream names the authorities it takes, so that browsers offer only
/// certificates that will do.
#[test]
fn the_handshake_names_the_accepted_issuers() {
    let site = Running::start(&[]);
    for (port, ..) in ports(&site) {
        let said = visitors::s_client(&site, port);
        for name in ["CN = Test Root", "CN = Test Premium CA - G3"] {
            assert!(said.contains(name), "{said}");
        }
    }
}

#[test]
fn sessions_are_resumed_and_connections_kept_only_where_configured() {
    for (options, resumed, kept) in [
        (&[][..], true, true),
        (&["--no-keepalive"][..], true, false),
        (&["--no-resumption", "--no-keepalive"][..], false, false),
    ] {
        let site = Running::start(options);
        for (port, version, _) in ports(&site) {
            let [first, second] = visitor(&site)
                .with(&site.cards.good)
                .get_twice(port, "/api/me");
            assert_eq!(first["sessionReused"], false);
            assert_eq!(second["certificateId"], "FC12345678");
            let same = first["connection"] == second["connection"];
            assert_eq!(same, kept, "{version} {options:?}");
            assert_eq!(second["requestOfConnection"], if kept { 2 } else { 1 });
            if !kept {
                assert_eq!(second["sessionReused"], resumed, "{version} {options:?}");
            }
        }
    }
}

#[test]
fn every_request_is_noted_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("a $uri \"log\".jsonl");
    let site = Running::start(&["--access-log", log.to_str().unwrap()]);
    visitor(&site)
        .with(&site.cards.good)
        .get(site.tls12, "/ping");
    visitor(&site).get(site.tls13, "/ping");
    drop(site);
    let noted = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<Value> = noted
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let seen: Vec<_> = lines
        .iter()
        .map(|l| {
            (
                l["tlsVersion"].as_str().unwrap(),
                l["clientVerify"].as_str().unwrap(),
                l["status"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [("TLSv1.2", "SUCCESS", 204), ("TLSv1.3", "NONE", 400)]
    );
}

#[test]
fn nginx_ends_with_the_program_however_that_ends() {
    for signal in ["TERM", "INT", "KILL"] {
        let mut site = Running::start(&[]);
        let folder = site.nginx_folder();
        assert!(folder.is_some());
        site.signal(signal);
        assert!(site.ports_close(), "{signal}");
        if signal != "KILL" {
            assert!(!folder.unwrap().exists(), "{signal}");
        }
    }
}

#[test]
fn what_is_missing_is_said() {
    let cards = cards::Cards::issue();
    let alone = cards.folder.path().join("alone.pem");
    std::fs::write(&alone, &cards.intermediate_pem).unwrap();
    let trust = cards.trust.clone();
    for (arguments, trust, expected) in [
        (
            &["--nginx", "no-such-nginx"][..],
            &trust,
            "nginx is missing: there is no `no-such-nginx`",
        ),
        (
            &["--nginx", "/absent/nginx"],
            &trust,
            "apt install nginx-light",
        ),
        (
            &["--nginx", "/bin/false"],
            &trust,
            "nginx ended (exit status: 1)",
        ),
        (
            &["--tls12", "192.0.2.1:1"],
            &trust,
            "cannot listen on 192.0.2.1:1",
        ),
        (&[], &alone, "names no root certificate"),
    ] {
        let said = running::failure(arguments, trust);
        assert!(said.contains(expected), "{expected} in {said}");
    }
}
