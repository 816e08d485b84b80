//! Signing in by challenge, and leaving.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Json, Response};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::Portal;
use super::api::{Body, Problem};
use super::session::SessionId;
use crate::verifier::{Certificate, Holder};

/// No members: `{}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// `{ "authToken": { … } }`. The token's own text is kept: its length is a rule.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct LoginRequest {
    auth_token: Box<RawValue>,
}

impl Portal {
    /// The session of the request, if it is one of the site's.
    pub(super) fn session(&self, headers: &HeaderMap) -> Option<SessionId> {
        SessionId::claimed(headers).filter(|id| self.sessions.is_alive(id, self.clock.now()))
    }

    /// Who is signed in with the request.
    pub(super) fn signed_in(&self, headers: &HeaderMap) -> Option<(SessionId, Certificate)> {
        let id = SessionId::claimed(headers)?;
        let certificate = self.sessions.holder(&id, self.clock.now())?;
        Some((id, certificate))
    }
}

/// `POST /api/challenge {}` → `{ "nonce" }`, with a session if there was none.
pub(super) async fn challenge(
    State(portal): State<Arc<Portal>>,
    headers: HeaderMap,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Response, Problem> {
    let now = portal.clock.now();
    let id = match portal.session(&headers) {
        Some(id) => id,
        None => portal.sessions.open(None, now).ok_or(Problem::INTERNAL)?,
    };
    let nonce = portal.nonces.issue(id.as_str(), now)?;
    Ok((id.cookie(), Json(json!({ "nonce": nonce.as_str() }))).into_response())
}

/// `POST /api/login { "authToken" }` → the holder's details. The nonce is
/// used up whatever the outcome; the session gets a new cookie, so that one
/// planted before the sign-in is worth nothing after it.
pub(super) async fn login(
    State(portal): State<Arc<Portal>>,
    headers: HeaderMap,
    Body(request): Body<LoginRequest>,
) -> Result<Response, Problem> {
    let before = portal.session(&headers).ok_or(Problem::SESSION_MISSING)?;
    let now = portal.clock.now();
    let nonce = portal.nonces.consume(before.as_str(), now)?;
    let certificate = portal
        .verifier
        .verify_token(request.auth_token.get(), nonce.as_str(), now)
        .map_err(|error| Problem::unauthorized(&error))?;
    let holder = Holder::from(&certificate);
    portal.sessions.close(&before);
    let id = portal
        .sessions
        .open(Some(certificate), now)
        .ok_or(Problem::INTERNAL)?;
    tracing::info!(serial = holder.serial, "signed in");
    Ok((id.cookie(), Json(holder)).into_response())
}

/// `POST /api/logout {}` → `{}`. Leaving twice is no mistake.
pub(super) async fn logout(
    State(portal): State<Arc<Portal>>,
    headers: HeaderMap,
    Body(Nothing {}): Body<Nothing>,
) -> Response {
    if let Some(id) = SessionId::claimed(&headers) {
        portal.sessions.close(&id);
    }
    (SessionId::no_cookie(), Json(json!({}))).into_response()
}

/// `GET /api/me` → the holder's details.
pub(super) async fn me(
    State(portal): State<Arc<Portal>>,
    headers: HeaderMap,
) -> Result<Json<Holder>, Problem> {
    let (_, certificate) = portal.signed_in(&headers).ok_or(Problem::NOT_SIGNED_IN)?;
    Ok(Json(Holder::from(&certificate)))
}
