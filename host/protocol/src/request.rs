//! Messages to the host: parsed once, into types that cannot hold nonsense.

mod fields;
mod modules;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::{ErrorCode, Failure};
use crate::limit::{NONCE_MAX, NONCE_MIN};
use crate::object::HashFunction;
use crate::origin::Origin;
use crate::view::{Answer, Operation};
use fields::Fields;

pub use modules::{ModulesErrand, ModulesErrandKind};

/// One message to the host.
#[derive(Debug)]
#[allow(missing_docs, reason = "the fields are the document's")]
pub enum MessageToHost {
    Request {
        request: u32,
        command: Command,
    },
    Answer {
        request: u32,
        prompt: u32,
        answer: Answer,
    },
    Cancel {
        request: u32,
        reason: ErrorCode,
    },
}

/// What is asked of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Answered without a person.
    Direct(Direct),
    /// Answered after a person was asked in prompts.
    Prompting(Prompting),
}

/// Commands that need no person.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the commands are the document's")]
pub enum Direct {
    Status,
    Tokens,
    Certificates,
    CertificateDetails {
        certificate: String,
    },
    ExportCertificate {
        certificate: String,
        format: ExportFormat,
    },
    TrustAuthority {
        certificate: String,
    },
    DistrustAuthority {
        certificate: String,
    },
    TrustedAuthorities,
    LogOut {
        /// Id of the token; without one every login ends.
        token: Option<String>,
    },
    Grants,
    RevokeGrant {
        origin: Origin,
    },
    Diagnose {
        language: Language,
    },
    Modules(ModulesErrand),
}

/// A language that people are spoken to in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// 日本語
    Japanese,
    /// English.
    English,
}

impl Language {
    /// The language of that name (BCP 47).
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "ja" => Some(Self::Japanese),
            "en" => Some(Self::English),
            _ => None,
        }
    }
}

/// Commands that need a person; one at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the commands are the document's")]
pub enum Prompting {
    Authenticate(Authenticate),
    GetSigningCertificate { origin: Origin },
    Sign(Sign),
    LogIn(LogIn),
    ChangePin { token: String },
    UnblockPin { token: String },
}

impl Prompting {
    /// Who asks, if the browser could tell.
    pub fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Authenticate(request) => Some(&request.origin),
            Self::GetSigningCertificate { origin } => Some(origin),
            Self::Sign(request) => Some(&request.origin),
            Self::LogIn(request) => request.origin.as_ref(),
            Self::ChangePin { .. } | Self::UnblockPin { .. } => None,
        }
    }

    /// What the window says is asked.
    pub fn operation(&self) -> Operation {
        match self {
            Self::Authenticate(_) => Operation::Authenticate,
            Self::GetSigningCertificate { .. } => Operation::SelectCertificate,
            Self::Sign(_) => Operation::Sign,
            Self::LogIn(_) => Operation::LogIn,
            Self::ChangePin { .. } => Operation::ChangePin,
            Self::UnblockPin { .. } => Operation::UnblockPin,
        }
    }
}

/// A Web eID challenge to be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticate {
    /// The asking site.
    pub origin: Origin,
    /// 44 to 128 characters, hashed as the text that it is.
    pub challenge_nonce: String,
}

impl Authenticate {
    /// Takes the arguments if they are what the document says.
    pub fn new(origin: Origin, challenge_nonce: String) -> Result<Self, Failure> {
        let length = challenge_nonce.chars().count();
        if !(NONCE_MIN..=NONCE_MAX).contains(&length) {
            return Err(ErrorCode::InvalidNonce.into());
        }
        Ok(Self {
            origin,
            challenge_nonce,
        })
    }
}

/// A hash to be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign {
    /// The asking site.
    pub origin: Origin,
    /// DER of the certificate whose key shall sign.
    pub certificate: Vec<u8>,
    /// As long as the function's output.
    pub hash: Vec<u8>,
    /// The function that made the hash.
    pub hash_function: HashFunction,
}

/// A login for TLS to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogIn {
    /// The site that is being opened.
    pub origin: Option<Origin>,
    /// Id of the certificate that a handshake waits for.
    pub certificate: Option<String>,
    /// Id of the token, for a login that no handshake waits for.
    pub token: Option<String>,
    /// How long it lasts without a signature; 0 serves only what waits now.
    pub idle_seconds: u32,
}

/// How a certificate is written into a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Base64 between two lines of words (RFC 7468).
    Pem,
    /// As it is on the token.
    Der,
    /// With its chain, as PKCS#7 without content (RFC 5652).
    P7b,
}

impl ExportFormat {
    /// The format of that name, which is also a file's ending.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "pem" => Some(Self::Pem),
            "der" => Some(Self::Der),
            "p7b" => Some(Self::P7b),
            _ => None,
        }
    }
}

/// Why a message could not be taken, and which request it belonged to, as far
/// as that could be read.
#[derive(Debug)]
pub struct Refusal {
    /// The id of the request, if the message had a good one.
    pub request: Option<u32>,
    /// What is wrong.
    pub failure: Failure,
}

impl MessageToHost {
    /// Reads the body of a frame.
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let nowhere = |code: ErrorCode| Refusal {
            request: None,
            failure: code.into(),
        };
        let text = std::str::from_utf8(body).map_err(|_| nowhere(ErrorCode::MessageNotUtf8))?;
        // Only the header first: an answer holds a PIN and must not pass
        // through a `Value`, which nobody wipes.
        let header: Header =
            from_object(text).ok_or_else(|| nowhere(ErrorCode::MessageNotObject))?;
        let Some(Value::String(kind)) = header.kind else {
            return Err(nowhere(ErrorCode::UnknownMessage));
        };
        let Some(request) = header.request.as_ref().and_then(id) else {
            return Err(Refusal {
                request: None,
                failure: Failure::invalid_arguments("request"),
            });
        };
        let message = match kind.as_str() {
            "request" => parse_request(request, text),
            "answer" => parse_answer(text),
            "cancel" => parse_cancel(request, text),
            _ => Err(ErrorCode::UnknownMessage.into()),
        };
        message.map_err(|failure| Refusal {
            request: Some(request),
            failure,
        })
    }
}

/// The two fields that every message has; all others are passed over here.
///
/// A missing or odd field is told apart from something that is no object at
/// all, so both are values of any type.
#[derive(Deserialize)]
struct Header {
    #[serde(rename = "type")]
    kind: Option<Value>,
    request: Option<Value>,
}

fn id(value: &Value) -> Option<u32> {
    value
        .as_u64()
        .and_then(|id| u32::try_from(id).ok())
        .filter(|id| *id > 0)
}

fn parse_request(request: u32, text: &str) -> Result<MessageToHost, Failure> {
    let mut message = Fields::of(text)?;
    message.take("type");
    message.take("request");
    let command = message.string("command")?;
    let Some(Value::Object(arguments)) = message.take("arguments") else {
        return Err(Failure::invalid_arguments("arguments"));
    };
    message.end()?;
    let mut arguments = Fields(arguments);
    let command = match command.as_str() {
        "status" => Command::Direct(Direct::Status),
        "tokens" => Command::Direct(Direct::Tokens),
        "certificates" => Command::Direct(Direct::Certificates),
        "log-in" => Command::Prompting(Prompting::LogIn(arguments.log_in()?)),
        "log-out" => Command::Direct(Direct::LogOut {
            token: arguments.string_or_null("token")?,
        }),
        "change-pin" => Command::Prompting(Prompting::ChangePin {
            token: arguments.string("token")?,
        }),
        "unblock-pin" => Command::Prompting(Prompting::UnblockPin {
            token: arguments.string("token")?,
        }),
        "certificate-details" => Command::Direct(Direct::CertificateDetails {
            certificate: arguments.string("certificate")?,
        }),
        "export-certificate" => Command::Direct(Direct::ExportCertificate {
            certificate: arguments.string("certificate")?,
            format: ExportFormat::from_name(&arguments.string("format")?)
                .ok_or_else(|| Failure::invalid_arguments("format"))?,
        }),
        "trust-authority" => Command::Direct(Direct::TrustAuthority {
            certificate: arguments.string("certificate")?,
        }),
        "distrust-authority" => Command::Direct(Direct::DistrustAuthority {
            certificate: arguments.string("certificate")?,
        }),
        "trusted-authorities" => Command::Direct(Direct::TrustedAuthorities),
        "grants" => Command::Direct(Direct::Grants),
        "revoke-grant" => Command::Direct(Direct::RevokeGrant {
            origin: arguments.origin()?,
        }),
        "diagnose" => Command::Direct(Direct::Diagnose {
            language: arguments.language()?,
        }),
        "modules" => Command::Direct(Direct::Modules(arguments.list_modules()?)),
        "add-module" => Command::Direct(Direct::Modules(arguments.add_module()?)),
        "remove-module" => Command::Direct(Direct::Modules(arguments.remove_module()?)),
        "prefer-module" => Command::Direct(Direct::Modules(arguments.prefer_module()?)),
        "authenticate" => {
            let origin = arguments.origin()?;
            let nonce = arguments.string("challengeNonce")?;
            Command::Prompting(Prompting::Authenticate(Authenticate::new(origin, nonce)?))
        }
        "get-signing-certificate" => Command::Prompting(Prompting::GetSigningCertificate {
            origin: arguments.origin()?,
        }),
        "sign" => Command::Prompting(Prompting::Sign(arguments.sign()?)),
        _ => return Err(ErrorCode::UnknownCommand.into()),
    };
    arguments.end()?;
    Ok(MessageToHost::Request { request, command })
}

fn parse_answer(text: &str) -> Result<MessageToHost, Failure> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct AnswerMessage<'a> {
        #[serde(rename = "type")]
        _kind: String,
        request: u32,
        prompt: u32,
        #[serde(borrow)]
        answer: &'a RawValue,
    }
    // The parser's own words may quote the PIN, so none of them is passed on.
    let refused = || Failure::invalid_arguments("answer");
    let message: AnswerMessage = serde_json::from_str(text).map_err(|_| refused())?;
    Ok(MessageToHost::Answer {
        request: message.request,
        prompt: message.prompt,
        answer: from_object(message.answer.get()).ok_or_else(refused)?,
    })
}

/// serde would take an array for a struct, its fields in their order; our
/// messages are objects.
fn from_object<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    let object = text.trim_ascii_start().starts_with('{');
    object.then(|| serde_json::from_str(text).ok()).flatten()
}

fn parse_cancel(request: u32, text: &str) -> Result<MessageToHost, Failure> {
    let mut message = Fields::of(text)?;
    message.take("type");
    message.take("request");
    let reason = match message.string("reason")?.as_str() {
        "cancelled" => ErrorCode::Cancelled,
        "timed-out" => ErrorCode::TimedOut,
        "page-gone" => ErrorCode::PageGone,
        _ => return Err(Failure::invalid_arguments("reason")),
    };
    message.end()?;
    Ok(MessageToHost::Cancel { request, reason })
}
