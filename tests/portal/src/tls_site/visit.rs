//! What nginx says about the connection a request came over.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Serialize;

use super::TlsSite;
use super::refusal::{Reason, Refusal};
use crate::verifier::{Certificate, Holder, VerifyError, check_client_certificate};

/// The headers nginx sets on each request to the upstream, and the nginx
/// variable each holds. Nothing a visitor sends arrives under these names.
pub(super) const HEADERS: [(&str, &str); 7] = [
    (VERIFY, "$ssl_client_verify"),
    (CERTIFICATE, "$ssl_client_escaped_cert"),
    (PROTOCOL, "$ssl_protocol"),
    (SESSION_REUSED, "$ssl_session_reused"),
    (REQUEST_ID, "$request_id"),
    (CONNECTION, "$connection"),
    (REQUEST_OF_CONNECTION, "$connection_requests"),
];

const VERIFY: &str = "tls-client-verify";
const CERTIFICATE: &str = "tls-client-certificate";
const PROTOCOL: &str = "tls-protocol";
const SESSION_REUSED: &str = "tls-session-reused";
const REQUEST_ID: &str = "tls-request-id";
const CONNECTION: &str = "tls-connection";
const REQUEST_OF_CONNECTION: &str = "tls-request-of-connection";

/// A request over a connection whose certificate was accepted, twice: by
/// nginx and by this site's own rules.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Visit {
    /// Whose certificate it was.
    #[serde(flatten)]
    pub(super) holder: Holder,
    /// As in `TLSv1.3`.
    pub(super) tls_version: String,
    /// Whether an earlier TLS session was resumed, which takes no signature.
    pub(super) session_reused: bool,
    /// nginx's name for the request.
    pub(super) request_id: String,
    /// nginx's number for the TCP connection.
    pub(super) connection: u64,
    /// The request's number on its connection, from 1.
    pub(super) request_of_connection: u64,
}

impl Visit {
    /// The version as people write it.
    pub(super) fn tls_version_text(&self) -> String {
        self.tls_version.replace("TLSv", "TLS ")
    }

    fn accepted(headers: &HeaderMap, site: &TlsSite) -> Result<Self, Reason> {
        let escaped = text(headers, CERTIFICATE).filter(|text| !text.is_empty());
        let certificate = certificate_of(escaped.ok_or(Reason::Required)?)?;
        check_client_certificate(&certificate, &site.trust, site.clock.now())?;
        // nginx may know more than this site: it has the whole handshake.
        if text(headers, VERIFY) != Some("SUCCESS") {
            return Err(Reason::Refused);
        }
        let stated = |name| text(headers, name).unwrap_or_default();
        Ok(Self {
            holder: Holder::from(&certificate),
            tls_version: stated(PROTOCOL).to_owned(),
            session_reused: stated(SESSION_REUSED) == "r",
            request_id: stated(REQUEST_ID).to_owned(),
            connection: stated(CONNECTION).parse().unwrap_or_default(),
            request_of_connection: stated(REQUEST_OF_CONNECTION).parse().unwrap_or_default(),
        })
    }
}

impl FromRequestParts<Arc<TlsSite>> for Visit {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<TlsSite>) -> Result<Self, Refusal> {
        Self::accepted(&parts.headers, site).map_err(|reason| Refusal::new(parts, reason))
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A certificate as nginx escapes it: PEM, percent-encoded.
fn certificate_of(escaped: &str) -> Result<Certificate, VerifyError> {
    let decode = |reason: &str| VerifyError::CertificateDecode(reason.to_owned());
    let pem = unescape(escaped).ok_or_else(|| decode("a broken escape"))?;
    let der = CertificateDer::from_pem_slice(&pem).map_err(|e| decode(&e.to_string()))?;
    Certificate::from_der(der.to_vec())
}

/// Percent-decoding (RFC 3986, section 2.1).
fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        bytes.push(u8::from_str_radix(piece.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(&piece.as_bytes()[2..]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_or_refused() {
        for (text, expected) in [
            ("a%20b%2Bc%0A", Some(&b"a b+c\n"[..])),
            ("", Some(b"")),
            ("%E5%B1%B1", Some("山".as_bytes())),
            ("%", None),
            ("%2", None),
            ("%zz", None),
            ("%2山", None),
        ] {
            assert_eq!(unescape(text).as_deref(), expected, "{text}");
        }
    }
}
