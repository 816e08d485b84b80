//! The real site over TLS, visited with a software token.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod browser;
mod document;
mod front_door;
mod login;
#[path = "../software_token/mod.rs"]
mod software_token;

use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

use browser::Browser;
use kagibashi_portal::clock::ManualClock;
use kagibashi_portal::site::{self, Portal};
use kagibashi_portal::verifier::Verifier;
use kagibashi_portal::{server, server_certificate};
use serde_json::{Value, json};
use software_token::SoftwareToken;
use tokio::net::TcpListener;

/// One token for all tests: an RSA key takes its time.
static TOKEN: LazyLock<SoftwareToken> =
    LazyLock::new(|| SoftwareToken::new("山田 太郎", "FC12345678"));

struct Site {
    clock: Arc<ManualClock>,
    visitor: Browser,
}

impl Site {
    /// A site that trusts the token's issuers, on a free port.
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let origin = format!("https://portal.localhost:{}", address.port());
        let origin = origin.parse().unwrap();
        let certificate = server_certificate::make(&origin).unwrap();
        let visitor = Browser::new(address, origin.as_str(), &certificate.authority_pem);
        let clock = Arc::new(ManualClock::starting_at(SystemTime::now()));
        let portal = Portal::new(Verifier::new(origin, TOKEN.trust()), clock.clone());
        let router = site::router(Arc::new(portal));
        tokio::spawn(server::serve(
            listener,
            certificate.tls,
            router,
            std::future::pending(),
        ));
        Self { clock, visitor }
    }

    /// A new visitor without cookies.
    fn visitor(&self) -> Browser {
        self.visitor.clone()
    }

    /// A visitor who has signed in.
    async fn signed_in(&self) -> Browser {
        let mut visitor = self.visitor();
        let nonce = visitor.challenge().await;
        let token = TOKEN.authenticate(&visitor.origin, &nonce, "RS256");
        let answer = visitor.login(&token).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        visitor
    }
}

impl Browser {
    async fn challenge(&mut self) -> String {
        let answer = self.post("/api/challenge", &json!({})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["nonce"].as_str().unwrap().to_owned()
    }

    async fn login(&mut self, token: &Value) -> browser::Answer {
        self.post("/api/login", &json!({ "authToken": token }))
            .await
    }
}
