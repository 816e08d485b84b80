//! The site: two pages for a person and a JSON interface for their script.

mod api;
pub(crate) mod asset;
pub(crate) mod guard;
pub(crate) mod language;
mod login;
pub(crate) mod page;
mod session;
mod signing;
pub(crate) mod template;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};

use crate::clock::Clock;
use crate::verifier::{NonceStore, Origin, Verifier};
use api::Problem;
use session::SessionStore;

/// Everything but a document fits: a token is at most 10000 characters.
const BODY_LIMIT: usize = 16 * 1024;

/// A document of 64 KiB, even when JSON escapes many of its characters.
const DOCUMENT_BODY_LIMIT: usize = 256 * 1024;

/// The state of the running site.
pub struct Portal {
    verifier: Verifier,
    clock: Arc<dyn Clock>,
    sessions: SessionStore,
    nonces: NonceStore,
    tls_site: Option<Origin>,
}

impl Portal {
    /// A site without visitors.
    pub fn new(verifier: Verifier, clock: Arc<dyn Clock>) -> Self {
        Self {
            verifier,
            clock,
            sessions: SessionStore::default(),
            nonces: NonceStore::default(),
            tls_site: None,
        }
    }

    /// The same site with a link on its front page to `tls_site`, where the
    /// certificate is presented in the TLS handshake.
    #[must_use]
    pub fn with_tls_site(self, tls_site: Option<Origin>) -> Self {
        Self { tls_site, ..self }
    }
}

/// The site's routes. The server below must speak TLS: cookies are `Secure`.
pub fn router(portal: Arc<Portal>) -> Router {
    let api = Router::new()
        .route("/challenge", post(login::challenge))
        .route("/login", post(login::login))
        .route("/logout", post(login::logout))
        .route("/me", get(login::me))
        .route(
            "/sign/prepare",
            post(signing::prepare).layer(DefaultBodyLimit::max(DOCUMENT_BODY_LIMIT)),
        )
        .route("/sign/finish", post(signing::finish))
        .layer(from_fn_with_state(portal.clone(), guard::same_origin_json))
        .method_not_allowed_fallback(async || Problem::METHOD_NOT_ALLOWED)
        .fallback(async || Problem::NOT_FOUND);
    Router::new()
        .nest("/api", api)
        .route("/", get(page::front))
        .route("/home", get(page::home))
        .route("/ping", get(ping))
        .route("/assets/{name}", get(asset::serve))
        .route("/favicon.ico", get(asset::icon))
        .fallback(page::not_found)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn(guard::security_headers))
        .with_state(portal)
}

/// `GET /ping`: nothing, at once; for measuring a browser's other traffic.
pub(crate) async fn ping() -> StatusCode {
    StatusCode::NO_CONTENT
}
