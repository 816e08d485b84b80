//! What every request must bring and every answer must carry.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Portal;
use super::api::Problem;

/// Only the site's own files, no inline script or style, no frame around it.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// Puts the security headers on every answer, refusals included.
///
/// There is no Strict-Transport-Security: on `localhost` it would bind every
/// other program of the machine to HTTPS.
pub(crate) async fn security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Refuses what another site could make a browser send: a POST must come from
/// a page of this origin and carry JSON, which no foreign form can do.
pub(super) async fn same_origin_json(
    State(portal): State<Arc<Portal>>,
    request: Request,
    next: Next,
) -> Response {
    if request.method() == Method::POST {
        let headers = request.headers();
        if text(headers, ORIGIN) != Some(portal.verifier.origin().as_str())
            || text(headers, HeaderName::from_static("sec-fetch-site"))
                .is_some_and(|site| site != "same-origin")
        {
            return Problem::FOREIGN_ORIGIN.into_response();
        }
        if !text(headers, CONTENT_TYPE).is_some_and(is_json) {
            return Problem::CONTENT_TYPE.into_response();
        }
    }
    next.run(request).await
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}
