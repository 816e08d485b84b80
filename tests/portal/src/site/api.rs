//! What the JSON interface takes and what it says when it refuses.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::verifier::{NonceError, VerifyError};

/// A refusal: an HTTP status, a stable code for programs and an English
/// sentence for developers. The page has its own words for people.
#[derive(Debug, Clone, Serialize)]
pub struct Problem {
    #[serde(skip)]
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
}

impl Problem {
    pub(super) const NOT_FOUND: Self = Self::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "there is no such address",
    );
    pub(super) const METHOD_NOT_ALLOWED: Self = Self::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "this address does not take that method",
    );
    pub(super) const FOREIGN_ORIGIN: Self = Self::new(
        StatusCode::FORBIDDEN,
        "foreign_origin",
        "only pages of this site may ask",
    );
    pub(super) const CONTENT_TYPE: Self = Self::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "content_type",
        "the body must be application/json",
    );
    pub(super) const SESSION_MISSING: Self = Self::new(
        StatusCode::UNAUTHORIZED,
        "session_missing",
        "there is no session, or it has ended",
    );
    pub(super) const NOT_SIGNED_IN: Self = Self::new(
        StatusCode::UNAUTHORIZED,
        "not_signed_in",
        "nobody is signed in",
    );
    pub(super) const DOCUMENT_LENGTH: Self = Self::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "document_length",
        "a document has 1 to 65536 bytes",
    );
    pub(super) const DOCUMENT_MISSING: Self = Self::new(
        StatusCode::CONFLICT,
        "document_missing",
        "no document is waiting for a signature",
    );
    pub(super) const SIGNER_DIFFERS: Self = Self::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "signer_differs",
        "the signing certificate belongs to somebody else than is signed in",
    );
    pub(super) const HASH_FUNCTION_DIFFERS: Self = Self::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "hash_function_differs",
        "the signature was made with another hash function than was asked for",
    );
    pub(super) const INTERNAL: Self = Self::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "the site cannot do this now",
    );

    const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self {
            status,
            code,
            message: Cow::Borrowed(message),
        }
    }

    /// Somebody's proof of who they are was refused.
    pub(super) fn unauthorized(error: &VerifyError) -> Self {
        Self::refused(StatusCode::UNAUTHORIZED, error)
    }

    /// A certificate or signature for a document was refused.
    pub(super) fn unacceptable(error: &VerifyError) -> Self {
        Self::refused(StatusCode::UNPROCESSABLE_ENTITY, error)
    }

    fn refused(status: StatusCode, error: &VerifyError) -> Self {
        Self {
            status,
            code: error.code(),
            message: error.to_string().into(),
        }
    }
}

impl From<NonceError> for Problem {
    fn from(error: NonceError) -> Self {
        let (status, code) = match error {
            NonceError::Missing => (StatusCode::UNAUTHORIZED, "nonce_missing"),
            NonceError::Expired => (StatusCode::UNAUTHORIZED, "nonce_expired"),
            NonceError::NoRandomness => return Self::INTERNAL,
        };
        Self {
            status,
            code,
            message: error.to_string().into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        tracing::info!(code = self.code, status = self.status.as_u16(), "refused");
        (self.status, Json(self)).into_response()
    }
}

/// A request body of exactly the JSON members that `T` names.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, state).await.map_err(|error| {
            let status = error.status();
            let code = match status {
                StatusCode::PAYLOAD_TOO_LARGE => "body_too_large",
                _ => "body_unreadable",
            };
            Problem {
                status,
                code,
                message: error.body_text().into(),
            }
        })?;
        let malformed = |message: Cow<'static, str>| Problem {
            status: StatusCode::BAD_REQUEST,
            code: "body_json",
            message,
        };
        // A derived struct would also be read from an array of its members.
        if !bytes.trim_ascii_start().starts_with(b"{") {
            return Err(malformed("the body must be a JSON object".into()));
        }
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| malformed(error.to_string().into()))
    }
}
