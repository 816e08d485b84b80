//! Every kind of token through the whole program: both layouts, all modes of
//! secure messaging, either way of signing or one of them alone.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;
mod openssl;
mod terminal;

use std::process::Output;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use browser::{Browser, PATIENCE};
use kagibashi_card_simulator::pcscd::PrivatePcscd;
use kagibashi_card_simulator::personalise::{self, Attributes, Layout, Request};
use kagibashi_card_simulator::{Card, Mode, Refusal, RefusedCommand, Settings};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const PIN: &str = "12345678";
const NEW_PIN: &str = "new-pin-1";
const ORIGIN: &str = "https://portal.example.jp";
const NONCE: &str = "dGVzdC1ub25jZS10ZXN0LW5vbmNlLXRlc3Qtbm9uY2U=";
const PSS: [&str; 2] = ["rsa_padding_mode:pss", "rsa_pss_saltlen:digest"];

const REFUSAL: Option<Refusal> = Some(Refusal {
    at: RefusedCommand::UseKey,
    status: 0x6F83,
});

fn issue(layout: Layout) -> personalise::Token {
    personalise::company(&Request {
        layout,
        ..Request::default()
    })
}

/// A computer, into which one token after the other is plugged.
struct Computer {
    home: tempfile::TempDir,
    pcscd: PrivatePcscd,
}

impl Computer {
    fn run(&self, arguments: &[&str], stdin: &str) -> Output {
        let mut program = browser::program(self.home.path(), &self.pcscd.socket());
        terminal::run(program.args(arguments), stdin)
    }

    /// What a command printed that succeeded, or the trouble's name.
    fn outcome(
        &self,
        arguments: &[&str],
        stdin: &str,
        troubles: &[&str],
    ) -> Result<String, String> {
        let output = self.run(arguments, stdin);
        let errors = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout).unwrap());
        }
        let trouble = troubles.iter().find(|trouble| errors.contains(**trouble));
        Err((*trouble.unwrap_or_else(|| panic!("{errors}"))).to_owned())
    }

    /// Whether the certificate of that id is listed, and can be used.
    fn lists(&self, id: &str) -> bool {
        let listed = self.run(&["certificates", "--json"], "").stdout;
        let listed: Value = serde_json::from_slice(&listed).unwrap_or_default();
        let found = listed.as_array().into_iter().flatten();
        found
            .filter(|certificate| certificate["id"] == id)
            .any(|certificate| certificate["state"] == "usable")
    }

    /// All that a person does with a token; what came of it, for the table.
    fn use_token(&self, client: &[u8]) -> [String; 6] {
        let id = hex::encode(Sha256::digest(client));
        // The service may not have noticed the token yet.
        let start = Instant::now();
        while !self.lists(&id) {
            assert!(start.elapsed() < PATIENCE, "the token is not listed");
        }

        let verify = ["pin", "verify", "--pin-stdin"];
        let wrong = self.outcome(&verify, "00000000\n", &["wrong-pin"]);
        self.outcome(&verify, PIN, &[]).unwrap();

        let troubles = ["signature-unsupported", "token-refused"];
        let authenticate = [
            "authenticate",
            "--origin",
            ORIGIN,
            "--nonce",
            NONCE,
            "--pin-stdin",
        ];
        let signed_in = self.outcome(&authenticate, PIN, &troubles).map(|token| {
            let token: Value = serde_json::from_str(&token).unwrap();
            let signed = [Sha256::digest(ORIGIN), Sha256::digest(NONCE)].concat();
            let signature = STANDARD
                .decode(token["signature"].as_str().unwrap())
                .unwrap();
            openssl::verifies(client, "sha256", &[], &signed, &signature);
        });
        let sign = |padding: &str, options: &[&str]| {
            let hash = hex::encode(Sha256::digest("document"));
            let typed = [
                "sign",
                "--certificate",
                &id,
                "--hash-function",
                "SHA-256",
                "--hash",
                &hash,
            ];
            let typed = [&typed[..], &["--padding", padding, "--pin-stdin"]].concat();
            self.outcome(&typed, PIN, &troubles).map(|signature| {
                let signature = STANDARD.decode(signature.trim()).unwrap();
                openssl::verifies(client, "sha256", options, b"document", &signature);
            })
        };
        let [rs256, ps256] = [("pkcs1", &[][..]), ("pss", &PSS)].map(|(name, how)| sign(name, how));

        let change = ["pin", "change", "--pin-stdin"];
        let changed = self.outcome(&change, &format!("{PIN}\n{NEW_PIN}\n"), &[]);
        self.outcome(&verify, NEW_PIN, &[]).unwrap();
        let status = self.outcome(&["pin", "status", "--json"], "", &[]).unwrap();
        let status: Value = serde_json::from_str(&status).unwrap();
        assert_eq!(status["triesLeft"], 10, "no try was spent");

        let told = |outcome: Result<(), String>| outcome.err().unwrap_or("signs".to_owned());
        [
            "listed".to_owned(),
            wrong.unwrap_err(),
            told(signed_in),
            told(rs256),
            told(ps256),
            changed.map_or_else(|trouble| trouble, |_| "changed".to_owned()),
        ]
    }
}

#[test]
fn every_kind_of_token_does_what_it_can() {
    let computer = Computer {
        home: tempfile::tempdir().unwrap(),
        pcscd: PrivatePcscd::start().unwrap(),
    };
    let layouts = [
        ("PKCS#15", issue(Layout::Pkcs15)),
        ("ESPK", issue(Layout::Espk(Attributes::WithoutId))),
    ];
    // The way of signing that the card leaves open; sign-in, and RS256 and PS256 over a hash.
    let ways = [
        ("both", None, None, ["signs", "signs", "signs"]),
        ("raw", None, REFUSAL, ["signs", "signs", "signs"]),
        (
            "hashing",
            REFUSAL,
            None,
            ["signs", "signature-unsupported", "signature-unsupported"],
        ),
    ];
    let blank = Arc::new(Mutex::new(Card::blank(Settings::default())));
    let mut reader = computer.pcscd.insert(blank).unwrap();
    println!("| layout | mode | ways | list | wrong PIN | sign-in | RS256 | PS256 | new PIN |");
    for (layout, token) in &layouts {
        for mode in [Mode::Aes, Mode::Cmac, Mode::TripleDes] {
            for (way, raw, hashing, expected) in ways {
                let card: Card = token.card.clone().remade(|settings| {
                    settings.mode = mode;
                    settings.refuses_raw = raw;
                    settings.refuses_hashing = hashing;
                });
                reader.remove();
                *reader.card() = card;
                reader.insert().unwrap();
                let outcomes = computer.use_token(&token.clients[0]);
                println!("| {layout} | {mode:?} | {way} | {} |", outcomes.join(" | "));
                let [_, wrong, signatures @ .., changed] = &outcomes;
                assert_eq!([wrong, changed], ["wrong-pin", "changed"]);
                assert_eq!(signatures, &expected.map(str::to_owned));
            }
        }
    }
}

/// In the window: a token of the maker's software that signs nothing but what
/// it has hashed.
#[test]
fn signs_in_with_a_token_that_hashes_for_itself() {
    let issued = issue(Layout::Espk(Attributes::Few));
    let card = issued
        .card
        .remade(|settings| settings.refuses_raw = REFUSAL);
    let pcscd = PrivatePcscd::start().unwrap();
    let home = tempfile::tempdir().unwrap();
    let reader = pcscd.insert(Arc::new(Mutex::new(card))).unwrap();
    let mut browser = Browser::start(home.path(), &pcscd.socket()).greeted();
    let enter = |browser: &mut Browser, prompt: &Value, pin: &str| {
        let certificate = &prompt["view"]["certificates"][0];
        let answer = json!({"certificate": certificate["id"], "token": certificate["token"], "pin": pin, "lastTryConfirmed": false});
        browser.answer(prompt, &answer);
    };

    let arguments = json!({"origin": ORIGIN, "challengeNonce": NONCE});
    browser.request(1, "authenticate", &arguments);
    let prompt = browser.next_of("enter-pin");
    assert_eq!(prompt["view"]["certificates"][0]["holder"], "山田 太郎");
    assert_eq!(prompt["view"]["tokens"][0]["label"], "デモトークン");
    enter(&mut browser, &prompt, "00000000");
    let prompt = browser.next_of("enter-pin");
    assert_eq!(prompt["view"]["notice"], "wrong-pin");
    assert_eq!(prompt["view"]["tokens"][0]["pin"]["triesLeft"], 9);
    // Another program has the card for a moment before the PIN: it is sent once, and no try is lost.
    reader
        .card()
        .faults
        .plan(3, kagibashi_card_simulator::faults::Fault::LoseSession);
    enter(&mut browser, &prompt, PIN);
    let response = browser.next_of("response");
    let signed = [Sha256::digest(ORIGIN), Sha256::digest(NONCE)].concat();
    let signature = response["result"]["signature"].as_str().unwrap();
    let signature = STANDARD.decode(signature).unwrap();
    openssl::verifies(&issued.clients[0], "sha256", &[], &signed, &signature);

    let sign = json!({
        "origin": ORIGIN,
        "certificate": STANDARD.encode(&issued.clients[0]),
        "hash": STANDARD.encode(Sha256::digest("document")),
        "hashFunction": "SHA-256",
    });
    browser.request(2, "sign", &sign);
    let prompt = browser.next_of("grant-signing");
    browser.answer(&prompt, &json!({"grant": true}));
    let prompt = browser.next_of("enter-pin");
    assert_eq!(prompt["view"]["tokens"][0]["pin"]["triesLeft"], 10);
    enter(&mut browser, &prompt, PIN);
    let failure = browser.fails_with("signature-unsupported");
    assert_eq!(failure["error"]["detail"]["statusWord"], "6F83");
}
