//! The holder's page and what its script asks for.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Response};

use super::TlsSite;
use super::visit::Visit;
use crate::site::language::Language;
use crate::site::page::{NOT_FOUND, holder_value, html};

const HOME: &str = include_str!("../../pages/tls.html");

/// `GET /`: what the certificate and the connection say.
pub(super) async fn home(
    State(site): State<Arc<TlsSite>>,
    visit: Visit,
    request: Parts,
) -> Html<String> {
    tracing::info!(
        serial = visit.holder.serial,
        version = visit.tls_version,
        reused = visit.session_reused,
        "page shown"
    );
    page(&site, &visit, Language::of_request(&request))
}

/// `GET /api/me`: the same as JSON.
pub(super) async fn me(visit: Visit) -> Json<Visit> {
    Json(visit)
}

/// `GET /ping`: nothing, at once, to whoever is let in.
pub(super) async fn ping(_: Visit) -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Every other address.
pub(super) async fn not_found(_: Visit, request: Parts) -> Response {
    let language = Language::of_request(&request);
    (StatusCode::NOT_FOUND, html(NOT_FOUND, language, |_| None)).into_response()
}

fn page(site: &TlsSite, visit: &Visit, language: Language) -> Html<String> {
    html(HOME, language, |name| {
        let reused = visit.session_reused.to_string();
        Some(match name {
            "connection.tls-version" => visit.tls_version_text(),
            "connection.resumed-text" => {
                language.text(&format!("tls.resumed.{reused}"))?.to_owned()
            }
            "connection.session-reused" => reused,
            "connection.request-id" => visit.request_id.clone(),
            "site.tls12" => site.tls12.to_string(),
            "site.tls13" => site.tls13.to_string(),
            _ => return holder_value(&visit.holder, name),
        })
    })
}
