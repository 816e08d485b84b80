//! A site that lets in who presents a client certificate in the TLS handshake.
//!
//! nginx speaks TLS, asks for the certificate and passes on what it saw; this
//! module is the upstream behind it, on a Unix socket that only this user can
//! reach, and trusts nobody's word twice: the certificate is checked again.

mod configuration;
mod nginx;
mod page;
mod refusal;
mod visit;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::get;

use crate::clock::Clock;
use crate::site::{asset, guard};
use crate::verifier::{Origin, TrustStore};

pub use configuration::{Configuration, Port, UPSTREAM_SOCKET};
pub use nginx::{Nginx, NginxError, find as find_nginx};

/// The state of the running site.
pub struct TlsSite {
    trust: TrustStore,
    clock: Arc<dyn Clock>,
    tls12: Origin,
    tls13: Origin,
}

impl TlsSite {
    /// A site for holders of certificates with a path to `trust`, whose nginx
    /// serves TLS 1.2 at one origin and TLS 1.3 at the other.
    pub fn new(trust: TrustStore, clock: Arc<dyn Clock>, tls12: Origin, tls13: Origin) -> Self {
        Self {
            trust,
            clock,
            tls12,
            tls13,
        }
    }
}

/// The upstream's routes. Whoever can reach them can claim any certificate:
/// serve them to nginx alone.
pub fn upstream(site: Arc<TlsSite>) -> Router {
    Router::new()
        .route("/", get(page::home))
        .route("/api/me", get(page::me))
        .route("/ping", get(page::ping))
        // The page that says why somebody is not let in needs its style too.
        .route("/assets/{name}", get(asset::serve))
        .route("/favicon.ico", get(asset::icon))
        .fallback(page::not_found)
        .layer(from_fn(guard::security_headers))
        .with_state(site)
}
