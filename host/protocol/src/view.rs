//! What the prompt window shows, and what it may answer.

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::ErrorCode;
use crate::object::{Certificate, Reader, Token};
use crate::secret;
use crate::text::Text;

/// What is asked of the person, in words that the window puts into a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the values are the document's")]
pub enum Operation {
    Authenticate,
    SelectCertificate,
    Sign,
    LogIn,
}

/// What the card does while the person waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the values are the document's")]
pub enum Stage {
    VerifyingPin,
    Signing,
}

/// The whole content of the prompt window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
#[allow(missing_docs, reason = "the fields are the document's")]
pub enum View {
    WaitingForToken {
        reason: ErrorCode,
        readers: Vec<Reader>,
        certificates: Vec<Certificate>,
        tokens: Vec<Token>,
    },
    ReadingToken {
        reader: Text,
    },
    ChooseCertificate {
        tokens: Vec<Token>,
        certificates: Vec<Certificate>,
    },
    GrantSigning {
        certificate: Certificate,
    },
    EnterPin {
        tokens: Vec<Token>,
        certificates: Vec<Certificate>,
        notice: Option<ErrorCode>,
        chosen: Option<String>,
    },
    Working {
        stage: Stage,
    },
}

/// What the person said; which one fits depends on the view.
#[derive(Debug)]
#[allow(missing_docs, reason = "the fields are the document's")]
pub enum Answer {
    Certificate {
        certificate: String,
    },
    Grant {
        grant: bool,
    },
    Pin {
        certificate: String,
        pin: SecretString,
        last_try_confirmed: bool,
    },
}

/// Every field that any answer may have.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AnswerFields {
    certificate: Option<String>,
    #[serde(default, deserialize_with = "some_pin")]
    pin: Option<SecretString>,
    last_try_confirmed: Option<bool>,
    grant: Option<bool>,
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Told apart by its fields and not by serde's untagged enums, which
        // would keep a copy of the PIN that nobody wipes.
        match AnswerFields::deserialize(deserializer)? {
            AnswerFields {
                certificate: Some(certificate),
                pin: Some(pin),
                last_try_confirmed: Some(last_try_confirmed),
                grant: None,
            } => Ok(Self::Pin {
                certificate,
                pin,
                last_try_confirmed,
            }),
            AnswerFields {
                certificate: Some(certificate),
                pin: None,
                last_try_confirmed: None,
                grant: None,
            } => Ok(Self::Certificate { certificate }),
            AnswerFields {
                certificate: None,
                pin: None,
                last_try_confirmed: None,
                grant: Some(grant),
            } => Ok(Self::Grant { grant }),
            _ => Err(serde::de::Error::custom("these fields make no answer")),
        }
    }
}

fn some_pin<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    secret::deserialize(deserializer).map(Some)
}
