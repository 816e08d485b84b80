//! Holds the Rust types against the tables of `PROTOCOL.md`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod tables;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use kagibashi_protocol::details::{
    Attribute, CertificateDetails, Check, CheckState, Extension, Fingerprints, PublicKey,
    TrustedAuthority,
};
use kagibashi_protocol::error::{Detail, ErrorCode, Failure};
use kagibashi_protocol::limit;
use kagibashi_protocol::message::{AuthenticationToken, MessageToExtension, Outcome, Service};
use kagibashi_protocol::modules::{Module, ModuleSuggestion, ModuleTrouble};
use kagibashi_protocol::object::{
    Certificate, CertificateState, Choice, CryptoAlgorithm, Grant, HashFunction, Login, Memory,
    PaddingScheme, PinStatus, Reader, ReaderState, SecureMessagingMode, SignatureAlgorithm, Site,
    Token,
};
use kagibashi_protocol::request::MessageToHost;
use kagibashi_protocol::view::{Operation, Stage, View};
use serde_json::{Value, json};

use tables::Document;

static DOCUMENT: LazyLock<Document> =
    LazyLock::new(|| Document::read(include_str!("../PROTOCOL.md")));

fn wire(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

fn choice() -> Choice {
    Choice {
        certificate: "00".repeat(32),
        token: "t".into(),
    }
}

fn certificate() -> Certificate {
    Certificate {
        id: "00".repeat(32),
        token: "t".into(),
        holder: "山田 太郎".into(),
        organisation: None,
        certificate_id: Some("FC12345678".into()),
        issuer: "CA".into(),
        serial: "01".into(),
        not_before: 0,
        not_after: 1,
        state: CertificateState::Usable,
        can_authenticate: true,
    }
}

fn token() -> Token {
    Token {
        id: "t".into(),
        reader: "r".into(),
        label: "l".into(),
        serial: "00".into(),
        manufacturer: "m".into(),
        model: "ePass2003".into(),
        firmware: None,
        pin: PinStatus {
            tries_left: Some(10),
            maximum: None,
            locked: false,
        },
        can_unblock: true,
        pin_pad: false,
        layout: "PKCS#15".into(),
        mode: Some(SecureMessagingMode::TripleDes),
        memory: Some(MEMORY),
    }
}

const MEMORY: Memory = Memory {
    total: 65_536,
    free: 12_345,
};

fn details() -> CertificateDetails {
    let name = vec![Attribute {
        oid: "2.5.4.3".into(),
        name: Some("CN".into()),
        value: "山田 太郎".into(),
        encoding: "UTF8String".into(),
    }];
    CertificateDetails {
        certificate: certificate(),
        der: "MAA=".into(),
        version: 3,
        signature_algorithm: "sha256WithRSAEncryption".into(),
        public_key: PublicKey {
            algorithm: "RSA".into(),
            bits: Some(2048),
        },
        subject: name.clone(),
        issuer: name,
        not_before: 0,
        not_after: 1,
        serial: "01".into(),
        extensions: vec![Extension {
            oid: "2.5.29.15".into(),
            name: None,
            critical: true,
            values: vec!["digitalSignature".into()],
            raw: None,
        }],
        fingerprints: Fingerprints {
            sha256: "00".repeat(32),
            sha1: "00".repeat(20),
        },
        chain: vec!["00".repeat(32)],
    }
}

fn check() -> Check {
    Check {
        id: String::new(),
        name: String::new(),
        at: None,
        state: CheckState::NotApplicable,
        situation: String::new(),
        advice: Some(String::new()),
        detail: None,
    }
}

fn module() -> Module {
    Module {
        name: "m".into(),
        path: "/m".into(),
        before_own: false,
        description: Some("d".into()),
        tokens: Some(1),
        trouble: Some(module_trouble()),
    }
}

fn module_suggestion() -> ModuleSuggestion {
    ModuleSuggestion {
        name: "m".into(),
        path: "/m".into(),
    }
}

fn module_trouble() -> ModuleTrouble {
    ModuleTrouble {
        id: String::new(),
        situation: String::new(),
        advice: String::new(),
    }
}

fn trusted_authority() -> TrustedAuthority {
    TrustedAuthority {
        certificate: "00".repeat(32),
        holder: "CA".into(),
        trusted: 0,
        stores: vec!["/home/a/.pki/nssdb".into()],
    }
}

fn login() -> Login {
    Login {
        token: "t".into(),
        label: "l".into(),
        since: 0,
        idle_seconds: 600,
        ends: 600,
    }
}

fn reader() -> Reader {
    Reader {
        name: "r".into(),
        state: ReaderState::Empty,
    }
}

const ALGORITHM: SignatureAlgorithm = SignatureAlgorithm {
    crypto_algorithm: CryptoAlgorithm::Rsa,
    hash_function: HashFunction::Sha256,
    padding_scheme: PaddingScheme::Pkcs1,
};

#[test]
fn limits() {
    let ours: BTreeMap<String, String> = limit::ALL
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.to_string()))
        .collect();
    assert_eq!(DOCUMENT.table("Frames", "limit"), ours);
}

#[test]
fn errors() {
    let sections = &DOCUMENT.0;
    let rows = &sections["Errors"]["code"];
    let ours: Vec<Vec<String>> = ErrorCode::ALL
        .iter()
        .map(|code| {
            vec![
                code.number().to_string(),
                code.name().to_owned(),
                wire(code.blame()).as_str().unwrap().to_owned(),
                code.web_eid().to_owned(),
            ]
        })
        .collect();
    let theirs: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            assert_eq!(row.len(), 5, "{row:?}");
            vec![
                row[0].clone(),
                row[1].clone(),
                row[2].clone(),
                row[4].clone(),
            ]
        })
        .collect();
    assert_eq!(ours, theirs);

    let numbers: BTreeSet<u16> = ErrorCode::ALL.iter().map(|code| code.number()).collect();
    assert_eq!(
        numbers.len(),
        ErrorCode::ALL.len(),
        "a number is used twice"
    );

    let full = wire(Detail {
        tries_left: Some(1),
        status_word: Some(String::new()),
        path: Some(String::new()),
        version: Some(String::new()),
        field: Some(String::new()),
    });
    let details: BTreeSet<&String> = full.as_object().unwrap().keys().collect();
    let named: BTreeSet<&String> = rows
        .iter()
        .map(|row| &row[3])
        .filter(|d| !d.is_empty())
        .collect();
    assert_eq!(details, named);
    DOCUMENT.holds(
        "object error",
        "field",
        &wire(Failure::new(ErrorCode::Busy)),
    );
}

#[test]
fn objects() {
    let origin = kagibashi_protocol::Origin::parse("https://xn--wgv71a119e.jp:8443").unwrap();
    for (section, value) in [
        ("object site", wire(Site::from(&origin))),
        ("object reader", wire(reader())),
        ("object token", wire(token())),
        ("object pin-status", wire(token().pin)),
        ("object memory", wire(MEMORY)),
        ("object choice", wire(choice())),
        ("object certificate", wire(certificate())),
        ("object public-key", wire(details().public_key)),
        ("object attribute", wire(&details().subject[0])),
        ("object extension", wire(&details().extensions[0])),
        ("object fingerprints", wire(details().fingerprints)),
        ("object trusted-authority", wire(trusted_authority())),
        ("object check", wire(check())),
        ("object module", wire(module())),
        ("object module-suggestion", wire(module_suggestion())),
        ("object module-trouble", wire(module_trouble())),
        ("object login", wire(login())),
        ("object signature-algorithm", wire(ALGORITHM)),
        (
            "object grant",
            wire(Grant {
                origin: String::new(),
                granted: 0,
            }),
        ),
    ] {
        DOCUMENT.holds(section, "field", &value);
    }
}

#[test]
fn views() {
    for view in [
        View::WaitingForToken {
            reason: ErrorCode::NoToken,
            readers: vec![reader()],
            certificates: vec![],
            tokens: vec![],
        },
        View::ReadingToken { reader: "r".into() },
        View::ChooseCertificate {
            tokens: vec![],
            certificates: vec![],
        },
        View::GrantSigning {
            certificate: certificate(),
        },
        View::EnterPin {
            tokens: vec![token()],
            certificates: vec![certificate()],
            notice: Some(ErrorCode::WrongPin),
            chosen: Some(choice()),
        },
        View::change_pin(token(), Some(ErrorCode::PinUnchanged)),
        View::unblock_pin(token(), token().pin, Some(ErrorCode::WrongPuk)),
        View::Working {
            stage: Stage::VerifyingPin,
        },
    ] {
        let value = wire(view);
        let kind = value["kind"].as_str().unwrap().to_owned();
        DOCUMENT.holds(&format!("view {kind}"), "field", &value);
    }
}

#[test]
fn messages_to_the_extension() {
    let result = Outcome::RevokeGrant { revoked: true };
    let origin = kagibashi_protocol::Origin::parse("https://a.jp").unwrap();
    for message in [
        MessageToExtension::hello("0.1.0"),
        MessageToExtension::Response { request: 1, result },
        MessageToExtension::Failure {
            request: None,
            error: ErrorCode::Busy.into(),
        },
        MessageToExtension::Prompt {
            request: 1,
            prompt: 1,
            operation: Operation::Authenticate,
            site: Some(Site::from(&origin)),
            view: View::ReadingToken { reader: "r".into() },
        },
        MessageToExtension::Logins {
            logins: vec![login()],
        },
        MessageToExtension::Handshake {
            certificate: certificate(),
            waiting: 1,
        },
        MessageToExtension::Readers {
            readers: vec![reader()],
        },
        MessageToExtension::TokenInserted { token: token() },
        MessageToExtension::TokenRemoved { token: token() },
        MessageToExtension::HandshakeEnded {
            certificate: String::new(),
            error: None,
        },
    ] {
        let value: Value = serde_json::from_slice(&message.to_bytes()).unwrap();
        let kind = value["type"].as_str().unwrap().to_owned();
        DOCUMENT.holds(&format!("message {kind}"), "field", &value);
    }
}

#[test]
fn results() {
    for (command, outcome) in [
        (
            "status",
            Outcome::Status {
                version: String::new(),
                service: Service::Running,
                readers: vec![],
            },
        ),
        ("tokens", Outcome::Tokens { tokens: vec![] }),
        (
            "certificates",
            Outcome::Certificates {
                tokens: vec![],
                certificates: vec![],
            },
        ),
        (
            "authenticate",
            Outcome::Authenticate(AuthenticationToken {
                unverified_certificate: String::new(),
                algorithm: String::new(),
                signature: String::new(),
                format: String::new(),
                app_version: String::new(),
            }),
        ),
        (
            "get-signing-certificate",
            Outcome::GetSigningCertificate {
                certificate: String::new(),
                supported_signature_algorithms: vec![],
            },
        ),
        (
            "sign",
            Outcome::Sign {
                signature: String::new(),
                signature_algorithm: ALGORITHM,
            },
        ),
        (
            "log-in",
            Outcome::LogIn {
                login: Some(login()),
            },
        ),
        ("log-out", Outcome::LogOut { ended: 0 }),
        (
            "certificate-details",
            Outcome::CertificateDetails(Box::new(details())),
        ),
        (
            "export-certificate",
            Outcome::ExportCertificate {
                path: String::new(),
            },
        ),
        (
            "trust-authority",
            Outcome::TrustAuthority { stores: vec![] },
        ),
        (
            "diagnose",
            Outcome::Diagnose {
                checks: vec![check()],
            },
        ),
        (
            "modules",
            Outcome::Modules {
                modules: vec![module()],
                suggestions: vec![module_suggestion()],
            },
        ),
        (
            "add-module",
            Outcome::ModuleChanged {
                refusal: Some(module_trouble()),
            },
        ),
        ("remove-module", Outcome::ModuleChanged { refusal: None }),
        ("prefer-module", Outcome::ModuleChanged { refusal: None }),
        (
            "trusted-authorities",
            Outcome::TrustedAuthorities {
                authorities: vec![trusted_authority()],
            },
        ),
        ("distrust-authority", Outcome::Done {}),
        ("change-pin", Outcome::Done {}),
        ("unblock-pin", Outcome::Done {}),
        ("grants", Outcome::Grants { grants: vec![] }),
        ("revoke-grant", Outcome::RevokeGrant { revoked: false }),
    ] {
        DOCUMENT.holds(&format!("command {command}"), "result", &wire(outcome));
    }
}

/// Good arguments for every command of the document.
fn good_arguments(command: &str) -> Value {
    let hash = "A".repeat(43) + "=";
    match command {
        "authenticate" => json!({"origin": "https://a.jp", "challengeNonce": "n".repeat(44)}),
        "get-signing-certificate" | "revoke-grant" => json!({"origin": "https://a.jp"}),
        "log-in" => {
            json!({"origin": "https://a.jp", "certificate": null, "token": null, "idleSeconds": 600})
        }
        "log-out" | "change-pin" | "unblock-pin" => json!({"token": "t"}),
        "certificate-details" | "trust-authority" | "distrust-authority" => {
            json!({"certificate": "00"})
        }
        "diagnose" | "modules" => json!({"language": "ja"}),
        "add-module" => json!({"path": "/m", "name": null, "language": "ja"}),
        "remove-module" => json!({"name": "m", "language": "en"}),
        "prefer-module" => json!({"name": "m", "beforeOwn": true, "language": "ja"}),
        "export-certificate" => json!({"certificate": "00", "format": "p7b"}),
        "sign" => {
            json!({"origin": "https://a.jp", "certificate": "MAA=", "hash": hash, "hashFunction": "SHA-256"})
        }
        _ => json!({}),
    }
}

#[test]
fn every_documented_message_is_taken_and_nothing_else() {
    let mut good = vec![
        (
            "message cancel",
            json!({"type": "cancel", "request": 1, "reason": "timed-out"}),
        ),
        (
            "message answer",
            json!({"type": "answer", "request": 1, "prompt": 1, "answer": {"grant": true}}),
        ),
    ];
    for section in DOCUMENT.0.keys() {
        if let Some(command) = section.strip_prefix("command ") {
            let arguments = good_arguments(command);
            DOCUMENT.holds(section, "argument", &arguments);
            good.push((
                "message request",
                json!({"type": "request", "request": 1, "command": command, "arguments": arguments}),
            ));
        }
    }
    assert_eq!(
        good.len(),
        2 + 22,
        "a command is missing here or in the document"
    );

    for (section, message) in good {
        DOCUMENT.holds(section, "field", &message);
        MessageToHost::parse(message.to_string().as_bytes()).unwrap();
        for field in message.as_object().unwrap().keys() {
            for odd in [
                None,
                Some(json!([])),
                Some(json!(null)),
                Some(json!(-1)),
                Some(json!("x")),
            ] {
                let mut bad = message.clone();
                match odd {
                    None => drop(bad.as_object_mut().unwrap().remove(field)),
                    Some(value) => bad[field] = value,
                }
                MessageToHost::parse(bad.to_string().as_bytes()).expect_err(&bad.to_string());
            }
        }
        let mut extra = message.clone();
        extra["extra"] = json!(1);
        MessageToHost::parse(extra.to_string().as_bytes()).expect_err(&extra.to_string());
    }
}

#[test]
fn answers_of_the_views() {
    for (view, answer) in [
        ("choose-certificate", json!({"certificate": "x"})),
        ("grant-signing", json!({"grant": false})),
        (
            "enter-pin",
            json!({"certificate": "x", "token": "t", "pin": "1\n", "lastTryConfirmed": false}),
        ),
        (
            "change-pin",
            json!({"pin": "1", "newPin": "2", "lastTryConfirmed": false}),
        ),
        (
            "unblock-pin",
            json!({"puk": "1", "newPin": "2", "lastTryConfirmed": true}),
        ),
    ] {
        DOCUMENT.holds(&format!("view {view}"), "answer", &answer);
        let message = json!({"type": "answer", "request": 1, "prompt": 1, "answer": answer});
        MessageToHost::parse(message.to_string().as_bytes()).unwrap();
    }
}
