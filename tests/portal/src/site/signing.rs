//! Signing a document: its hash goes out, its signature comes back.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Json;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::Portal;
use super::api::{Body, Problem};
use super::session::PendingDocument;
use crate::verifier::{HashFunction, Holder, SignatureAlgorithm, date_of};

/// Longest document, in bytes of UTF-8.
const LONGEST_DOCUMENT: usize = 64 * 1024;

/// How long a prepared document waits: two PIN dialogs of two minutes, and a
/// little more.
const PATIENCE: Duration = Duration::from_mins(5);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PrepareRequest {
    document: String,
    hash_function: String,
    certificate: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Prepared {
    /// Base64.
    hash: String,
    hash_function: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FinishRequest {
    signature: String,
    signature_algorithm: SignatureAlgorithm,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignatureReport {
    /// The JWA name.
    algorithm: &'static str,
    signature_algorithm: SignatureAlgorithm,
    /// Hexadecimal.
    hash: String,
    /// Base64.
    signature: String,
    /// In bytes.
    document_length: usize,
    /// RFC 3339.
    signed_at: String,
    signer: Holder,
}

/// `POST /api/sign/prepare { "document", "hashFunction", "certificate" }` →
/// `{ "hash", "hashFunction" }`. The site computes the hash of its own copy;
/// it takes none from the page.
pub(super) async fn prepare(
    State(portal): State<Arc<Portal>>,
    headers: HeaderMap,
    Body(request): Body<PrepareRequest>,
) -> Result<Json<Prepared>, Problem> {
    let (session, holder) = portal.signed_in(&headers).ok_or(Problem::NOT_SIGNED_IN)?;
    let document = request.document.as_bytes();
    if document.is_empty() || document.len() > LONGEST_DOCUMENT {
        return Err(Problem::DOCUMENT_LENGTH);
    }
    let hash_function = HashFunction::from_name(&request.hash_function)
        .map_err(|error| Problem::unacceptable(&error))?;
    let now = portal.clock.now();
    let signer = portal
        .verifier
        .check_signing_certificate(&request.certificate, now)
        .map_err(|error| Problem::unacceptable(&error))?;
    if !signer.has_subject_of(&holder) {
        return Err(Problem::SIGNER_DIFFERS);
    }
    let hash = hash_function.digest(document);
    let prepared = Prepared {
        hash: STANDARD.encode(&hash),
        hash_function: hash_function.name(),
    };
    let pending = PendingDocument {
        certificate: request.certificate,
        hash_function,
        hash,
        length: document.len(),
        prepared: now,
    };
    portal.sessions.keep_document(&session, pending, now);
    Ok(Json(prepared))
}

/// `POST /api/sign/finish { "signature", "signatureAlgorithm" }` → what was
/// signed, how and by whom.
pub(super) async fn finish(
    State(portal): State<Arc<Portal>>,
    headers: HeaderMap,
    Body(request): Body<FinishRequest>,
) -> Result<Json<SignatureReport>, Problem> {
    let (session, _) = portal.signed_in(&headers).ok_or(Problem::NOT_SIGNED_IN)?;
    let now = portal.clock.now();
    let pending = portal
        .sessions
        .take_document(&session, now)
        .filter(|pending| {
            now.duration_since(pending.prepared)
                .is_ok_and(|waited| waited < PATIENCE)
        })
        .ok_or(Problem::DOCUMENT_MISSING)?;
    if request.signature_algorithm.hash_function != pending.hash_function.name() {
        return Err(Problem::HASH_FUNCTION_DIFFERS);
    }
    let (signer, algorithm) = portal
        .verifier
        .verify_document(
            &pending.certificate,
            &pending.hash,
            &request.signature,
            &request.signature_algorithm,
            now,
        )
        .map_err(|error| Problem::unacceptable(&error))?;
    tracing::info!(algorithm = algorithm.jwa(), "document signed");
    Ok(Json(SignatureReport {
        algorithm: algorithm.jwa(),
        signature_algorithm: algorithm.into(),
        hash: hex::encode(&pending.hash),
        signature: request.signature,
        document_length: pending.length,
        signed_at: date_of(now),
        signer: Holder::from(&signer),
    }))
}
