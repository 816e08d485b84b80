//! Messages to the extension.

use serde::Serialize;

use crate::details::{CertificateDetails, Check, TrustedAuthority};
use crate::error::{ErrorCode, Failure};
use crate::limit::{MESSAGE_TO_EXTENSION_MAX, PROTOCOL_VERSION};
use crate::modules::{Module, ModuleSuggestion, ModuleTrouble};
use crate::object::{Certificate, Grant, Login, Reader, SignatureAlgorithm, Site, Token};
use crate::view::{Operation, View};

/// One message to the extension.
#[derive(Clone, Debug, Serialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
#[allow(missing_docs, reason = "the fields are the document's")]
pub enum MessageToExtension {
    Hello {
        protocol: u32,
        version: String,
    },
    Response {
        request: u32,
        result: Outcome,
    },
    Failure {
        request: Option<u32>,
        error: Failure,
    },
    Prompt {
        request: u32,
        prompt: u32,
        operation: Operation,
        site: Option<Site>,
        view: View,
    },
    Logins {
        logins: Vec<Login>,
    },
    Handshake {
        certificate: Certificate,
        waiting: u32,
    },
    HandshakeEnded {
        certificate: String,
        error: Option<Failure>,
    },
    Readers {
        readers: Vec<Reader>,
    },
    TokenInserted {
        token: Token,
    },
    TokenRemoved {
        token: Token,
    },
}

impl MessageToExtension {
    /// The greeting of a host of that version.
    pub fn hello(version: &str) -> Self {
        Self::Hello {
            protocol: PROTOCOL_VERSION,
            version: version.to_owned(),
        }
    }

    /// The request that the message belongs to.
    pub fn request(&self) -> Option<u32> {
        match self {
            Self::Hello { .. }
            | Self::Logins { .. }
            | Self::Handshake { .. }
            | Self::HandshakeEnded { .. }
            | Self::Readers { .. }
            | Self::TokenInserted { .. }
            | Self::TokenRemoved { .. } => None,
            Self::Response { request, .. } | Self::Prompt { request, .. } => Some(*request),
            Self::Failure { request, .. } => *request,
        }
    }

    /// The JSON bytes of a frame.
    ///
    /// Bounded texts and lists keep every message far under the limit; should
    /// one ever be larger, its request fails with `answer-too-large` instead.
    pub fn to_bytes(&self) -> Vec<u8> {
        match serde_json::to_vec(self) {
            Ok(bytes) if bytes.len() <= MESSAGE_TO_EXTENSION_MAX => bytes,
            Ok(_) => Self::in_place_of(self.request(), ErrorCode::AnswerTooLarge),
            Err(_) => Self::in_place_of(self.request(), ErrorCode::HostFault),
        }
    }

    fn in_place_of(request: Option<u32>, code: ErrorCode) -> Vec<u8> {
        let failure = Self::Failure {
            request,
            error: code.into(),
        };
        serde_json::to_vec(&failure).expect("a failure without details is plain JSON")
    }
}

/// The result of a command.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the fields are the document's")]
pub enum Outcome {
    Status {
        version: String,
        service: Service,
        readers: Vec<Reader>,
    },
    Tokens {
        tokens: Vec<Token>,
    },
    Certificates {
        tokens: Vec<Token>,
        certificates: Vec<Certificate>,
    },
    CertificateDetails(Box<CertificateDetails>),
    ExportCertificate {
        path: String,
    },
    TrustAuthority {
        stores: Vec<String>,
    },
    TrustedAuthorities {
        authorities: Vec<TrustedAuthority>,
    },
    Authenticate(AuthenticationToken),
    GetSigningCertificate {
        certificate: String,
        supported_signature_algorithms: Vec<SignatureAlgorithm>,
    },
    Sign {
        signature: String,
        signature_algorithm: SignatureAlgorithm,
    },
    LogIn {
        login: Option<Login>,
    },
    LogOut {
        ended: usize,
    },
    Grants {
        grants: Vec<Grant>,
    },
    RevokeGrant {
        revoked: bool,
    },
    Diagnose {
        checks: Vec<Check>,
    },
    Modules {
        modules: Vec<Module>,
        suggestions: Vec<ModuleSuggestion>,
    },
    /// Of the commands that add, remove or change a module.
    ModuleChanged {
        refusal: Option<ModuleTrouble>,
    },
    /// Of the commands whose success is all there is to say.
    Done {},
}

/// The system's smart card service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the values are the document's")]
pub enum Service {
    Running,
    Stopped,
}

/// A Web eID authentication token, format `web-eid:1.0`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct AuthenticationToken {
    pub unverified_certificate: String,
    pub algorithm: String,
    pub signature: String,
    pub format: String,
    pub app_version: String,
}
