//! What somebody without an accepted certificate gets to see.

use axum::Json;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::site::language::Language;
use crate::site::page::html;
use crate::verifier::VerifyError;

const REFUSAL: &str = include_str!("../../pages/refusal.html");

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub(super) enum Reason {
    #[error("no client certificate was presented")]
    Required,
    #[error("nginx did not accept the client certificate")]
    Refused,
    #[error(transparent)]
    Broken(#[from] VerifyError),
}

impl Reason {
    fn code(&self) -> &'static str {
        match self {
            Self::Required => "certificate_required",
            Self::Refused => "certificate_refused",
            Self::Broken(error) => error.code(),
        }
    }
}

/// The answer to who is not let in: a page for a person, JSON for a script.
#[derive(Debug)]
pub(super) struct Refusal {
    reason: Reason,
    language: Language,
    for_script: bool,
}

impl Refusal {
    pub(super) fn new(request: &Parts, reason: Reason) -> Self {
        Self {
            reason,
            language: Language::of_request(request),
            for_script: request.uri.path().starts_with("/api/"),
        }
    }

    fn page(&self) -> Response {
        let code = self.reason.code();
        let problem = self.language.problem(code);
        html(REFUSAL, self.language, |name| match name {
            "refusal.code" => Some(code.to_owned()),
            "refusal.situation" => problem.map(|text| text.situation.clone()),
            "refusal.advice" => problem.map(|text| text.advice.clone()),
            _ => None,
        })
        .into_response()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let code = self.reason.code();
        tracing::info!(code, "not let in");
        let body = if self.for_script {
            Json(json!({ "code": code, "message": self.reason.to_string() })).into_response()
        } else {
            self.page()
        };
        // The status nginx itself gives in these cases.
        (StatusCode::BAD_REQUEST, body).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_refusal_says_what_to_do_in_the_readers_language() {
        for (reason, language, expected) in [
            (Reason::Required, "ja", "差し込み"),
            (Reason::Required, "en", "Plug in your USB token"),
            (Reason::Refused, "en", "issued for this site"),
            (
                Reason::Broken(VerifyError::CertificateMissing),
                "en",
                "certificate_missing",
            ),
        ] {
            let uri = format!("/?lang={language}");
            let (request, ()) = axum::http::Request::get(uri).body(()).unwrap().into_parts();
            let response = Refusal::new(&request, reason).into_response();
            assert_eq!(response.status(), 400);
            let page = axum::body::to_bytes(response.into_body(), 65536)
                .await
                .unwrap();
            let page = String::from_utf8(page.to_vec()).unwrap();
            assert!(page.contains(expected) && !page.contains("{{"), "{page}");
        }
    }
}
