//! What the prompt window shows, and what it may answer.

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::ErrorCode;
use crate::limit::{PIN_MAX, PIN_MIN};
use crate::object::{Certificate, Choice, PinStatus, Reader, Token};
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
    ChangePin,
    UnblockPin,
}

/// What the card does while the person waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the values are the document's")]
pub enum Stage {
    VerifyingPin,
    PinAtToken,
    Signing,
    ChangingPin,
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
        chosen: Option<Choice>,
    },
    ChangePin {
        token: Token,
        notice: Option<ErrorCode>,
        minimum: usize,
        maximum: usize,
    },
    UnblockPin {
        token: Token,
        puk: PinStatus,
        notice: Option<ErrorCode>,
        minimum: usize,
        maximum: usize,
    },
    Working {
        stage: Stage,
    },
}

impl View {
    /// The view that asks for the current and a new PIN.
    pub fn change_pin(token: Token, notice: Option<ErrorCode>) -> Self {
        Self::ChangePin {
            token,
            notice,
            minimum: PIN_MIN,
            maximum: PIN_MAX,
        }
    }

    /// The view that asks for the PUK and a new PIN.
    pub fn unblock_pin(token: Token, puk: PinStatus, notice: Option<ErrorCode>) -> Self {
        Self::UnblockPin {
            token,
            puk,
            notice,
            minimum: PIN_MIN,
            maximum: PIN_MAX,
        }
    }
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
        choice: Choice,
        pin: SecretString,
        last_try_confirmed: bool,
    },
    ChangePin {
        pin: SecretString,
        new_pin: SecretString,
        last_try_confirmed: bool,
    },
    UnblockPin {
        puk: SecretString,
        new_pin: SecretString,
        last_try_confirmed: bool,
    },
}

/// Every field that any answer may have.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AnswerFields {
    certificate: Option<String>,
    token: Option<Text>,
    #[serde(default, deserialize_with = "some_pin")]
    pin: Option<SecretString>,
    #[serde(default, deserialize_with = "some_pin")]
    new_pin: Option<SecretString>,
    #[serde(default, deserialize_with = "some_pin")]
    puk: Option<SecretString>,
    last_try_confirmed: Option<bool>,
    grant: Option<bool>,
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Told apart by its fields and not by serde's untagged enums, which
        // would keep a copy of the PIN that nobody wipes.
        let AnswerFields {
            certificate,
            token,
            pin,
            new_pin,
            puk,
            last_try_confirmed,
            grant,
        } = AnswerFields::deserialize(deserializer)?;
        let secrets = (pin, new_pin, puk);
        match ((certificate, token), secrets, last_try_confirmed, grant) {
            (
                (Some(certificate), Some(token)),
                (Some(pin), None, None),
                Some(last_try_confirmed),
                None,
            ) => Ok(Self::Pin {
                choice: Choice { certificate, token },
                pin,
                last_try_confirmed,
            }),
            ((None, None), (Some(pin), Some(new_pin), None), Some(last_try_confirmed), None) => {
                Ok(Self::ChangePin {
                    pin,
                    new_pin,
                    last_try_confirmed,
                })
            }
            ((None, None), (None, Some(new_pin), Some(puk)), Some(last_try_confirmed), None) => {
                Ok(Self::UnblockPin {
                    puk,
                    new_pin,
                    last_try_confirmed,
                })
            }
            ((Some(certificate), None), (None, None, None), None, None) => {
                Ok(Self::Certificate { certificate })
            }
            ((None, None), (None, None, None), None, Some(grant)) => Ok(Self::Grant { grant }),
            _ => Err(serde::de::Error::custom("these fields make no answer")),
        }
    }
}

fn some_pin<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    secret::deserialize(deserializer).map(Some)
}
