//! Questions of the module and answers of the host.

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Algorithm, PATIENCE, PROTOCOL_VERSION, SIGNATURE_PATIENCE};
use crate::error::{ErrorCode, Failure};
use crate::object::PinStatus;
use crate::secret;
use crate::text::Text;

/// What the module asks.
#[derive(Serialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the fields are the document's")]
pub enum Question {
    Hello {
        protocol: u32,
    },
    Change,
    Tokens,
    Sign {
        token: Text,
        certificate: String,
        algorithm: Algorithm,
        #[serde(with = "base64_bytes")]
        digest: Vec<u8>,
    },
    Login {
        token: Text,
        #[serde(serialize_with = "secret::serialize")]
        pin: SecretString,
    },
    Logout {
        token: Text,
    },
}

/// What the host answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the fields are the document's")]
pub enum Answer {
    Hello {
        protocol: u32,
        login: LoginBy,
    },
    Change {
        change: u64,
    },
    Tokens {
        change: u64,
        tokens: Vec<SlotToken>,
    },
    Signature {
        #[serde(with = "base64_bytes")]
        signature: Vec<u8>,
    },
    Done,
    Failure {
        error: Failure,
    },
}

/// Who asks the person for the PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoginBy {
    /// The host, in a window of the extension.
    Window,
    /// The program, which passes it to `C_Login`.
    Module,
}

/// A token as the module shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct SlotToken {
    pub id: Text,
    pub since: u64,
    pub reader: Text,
    pub label: Text,
    pub serial: Text,
    pub manufacturer: Text,
    pub model: Text,
    pub firmware: Option<Text>,
    pub pin: PinStatus,
    pub certificates: Vec<SlotCertificate>,
}

/// A certificate on a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct SlotCertificate {
    pub id: String,
    #[serde(with = "base64_bytes")]
    pub der: Vec<u8>,
    pub label: Text,
    pub has_key: bool,
}

impl Question {
    /// The first question on every connection.
    pub fn hello() -> Self {
        Self::Hello {
            protocol: PROTOCOL_VERSION,
        }
    }

    /// What it is called on the wire; this may be logged, the fields may not.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hello { .. } => "hello",
            Self::Change => "change",
            Self::Tokens => "tokens",
            Self::Sign { .. } => "sign",
            Self::Login { .. } => "login",
            Self::Logout { .. } => "logout",
        }
    }

    /// How long the module waits for its answer.
    pub fn patience(&self) -> Duration {
        match self {
            Self::Sign { .. } | Self::Login { .. } => SIGNATURE_PATIENCE,
            _ => PATIENCE,
        }
    }

    /// The body of a frame, wiped when dropped.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        // Room for the longest login: a buffer that grows leaves copies
        // behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(4_096));
        serde_json::to_writer(&mut *bytes, self)
            .expect("texts and numbers always have a JSON form");
        bytes
    }

    /// Reads the body of a frame. The failure is the answer to a bad one; it
    /// quotes nothing of it.
    pub fn parse(body: &[u8]) -> Result<Self, Failure> {
        let text = std::str::from_utf8(body).map_err(|_| ErrorCode::MessageNotUtf8)?;
        // Not by serde's tagged enums, which would keep a copy of the PIN
        // that nobody wipes: first the kind alone, then the fields of it.
        // serde takes a list for a struct; here only an object will do.
        if !text.trim_ascii_start().starts_with('{') {
            return Err(ErrorCode::MessageNotObject.into());
        }
        let kind: Kind = serde_json::from_str(text).map_err(|_| ErrorCode::MessageNotObject)?;
        let Some(serde_json::Value::String(ask)) = kind.ask else {
            return Err(ErrorCode::UnknownMessage.into());
        };
        match ask.as_str() {
            "hello" => fields(text).map(|Hello { protocol, .. }| Self::Hello { protocol }),
            "change" => fields(text).map(|Nothing { .. }| Self::Change),
            "tokens" => fields(text).map(|Nothing { .. }| Self::Tokens),
            "sign" => fields::<Sign>(text).and_then(Sign::checked),
            "login" => fields(text).map(|Login { token, pin, .. }| Self::Login { token, pin }),
            "logout" => fields(text).map(|Logout { token, .. }| Self::Logout { token }),
            _ => Err(ErrorCode::UnknownCommand.into()),
        }
    }
}

impl fmt::Debug for Question {
    /// The name alone, so that neither PIN nor digest gets into a log.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Question({})", self.name())
    }
}

impl Answer {
    /// The body of a frame.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and numbers always have a JSON form")
    }
}

impl From<Failure> for Answer {
    fn from(error: Failure) -> Self {
        Self::Failure { error }
    }
}

#[derive(Deserialize)]
struct Kind {
    ask: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {
    #[serde(rename = "ask")]
    _ask: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hello {
    #[serde(rename = "ask")]
    _ask: String,
    protocol: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sign {
    #[serde(rename = "ask")]
    _ask: String,
    token: Text,
    certificate: String,
    algorithm: Algorithm,
    #[serde(with = "base64_bytes")]
    digest: Vec<u8>,
}

impl Sign {
    fn checked(self) -> Result<Question, Failure> {
        if self.digest.len() != self.algorithm.digest_size() {
            return Err(ErrorCode::InvalidHash.into());
        }
        Ok(Question::Sign {
            token: self.token,
            certificate: self.certificate,
            algorithm: self.algorithm,
            digest: self.digest,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    #[serde(rename = "ask")]
    _ask: String,
    token: Text,
    #[serde(deserialize_with = "secret::deserialize")]
    pin: SecretString,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Logout {
    #[serde(rename = "ask")]
    _ask: String,
    token: Text,
}

fn fields<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, Failure> {
    // The parser's own words may quote the PIN, so none of them is passed on.
    serde_json::from_str(text).map_err(|_| ErrorCode::InvalidArguments.into())
}

/// Bytes as base64.
mod base64_bytes {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD
            .decode(text)
            .map_err(|_| serde::de::Error::custom("not base64"))
    }
}
