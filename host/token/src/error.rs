//! What can go wrong between a program and its token, one variant for each situation that a person
//! would have to be told differently.

use std::time::Duration;

use kagibashi_card::channel::ChannelError;
use kagibashi_card::secure_messaging::SecureMessagingError;
use kagibashi_card::status_word::StatusWord;

use crate::algorithm::SignatureAlgorithm;
use crate::driver::pkcs11::ModuleTrouble;
use crate::pin::PinFormatError;

/// Why an operation with a token failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// No smart card service answers: pcscd does not run, or is not installed.
    #[error("the smart card service is not running")]
    ServiceUnavailable,
    /// There is no reader of this name, or none any more.
    #[error("there is no reader named {reader:?}")]
    NoSuchReader {
        /// The name that was asked for.
        reader: String,
    },
    /// The reader is empty.
    #[error("there is no card in the reader")]
    NoCard,
    /// The token was pulled out on the way. Whether the last command took effect is unknown.
    #[error("the token was removed")]
    CardRemoved,
    /// Something is in the reader but does not answer.
    #[error("the card does not answer")]
    CardMute,
    /// A card that no driver of ours knows.
    #[error("no driver knows a card with the ATR {}", hex::encode_upper(atr))]
    CardUnsupported {
        /// The card's answer to reset.
        atr: Vec<u8>,
    },
    /// The right kind of token, but without an application that is known: blank, or set up by
    /// software with a layout of its own.
    #[error("the token has no application that is known")]
    NotInitialised,
    /// Another program holds the token for itself.
    #[error("another program has held the token for {} seconds", waited.as_secs())]
    ReaderBusy {
        /// How long it was waited for.
        waited: Duration,
    },
    /// Another program reset the card or opened a session of its own, at a point where going on by
    /// itself would mean sending the PIN again. The person has to be asked once more.
    #[error("another program took over the session with the card")]
    SessionStolen,
    /// The PIN was wrong.
    #[error("the PIN is wrong")]
    PinWrong {
        /// Attempts until it locks, if the card says so.
        tries_left: Option<u8>,
    },
    /// The PIN is locked; even the right one is refused.
    #[error("the PIN is locked")]
    PinLocked,
    /// The PUK was wrong.
    #[error("the PUK is wrong")]
    PukWrong {
        /// Attempts until it locks, if the card says so.
        tries_left: Option<u8>,
    },
    /// The PUK is locked; nothing unlocks the PIN any more.
    #[error("the PUK is locked")]
    PukLocked,
    /// The token has no PUK.
    #[error("the token has no PUK")]
    NoPuk,
    /// What was typed cannot be a PIN. The card was not asked.
    #[error(transparent)]
    PinFormat(#[from] PinFormatError),
    /// The PIN could not be changed.
    #[error(transparent)]
    PinChange(#[from] PinChangeError),
    /// The token has no PIN, or none that can be asked for.
    #[error("the token has no PIN")]
    NoPin,
    /// The card has no secure messaging, which alone would keep a login from other programs. No PIN
    /// was sent.
    #[error("a login to this card would be open to every program")]
    LoginUnprotected,
    /// The key is not on the token.
    #[error("the key is not on this token")]
    KeyNotFound,
    /// The certificate is not on the token.
    #[error("the certificate is not on this token")]
    CertificateNotFound,
    /// The reader holds another token than the one the key was found on. No PIN was sent.
    #[error("another token is in the reader: {found} instead of {expected}")]
    WrongToken {
        /// Serial number of the token that has the key, in hexadecimal.
        expected: String,
        /// Serial number of the token in the reader, in hexadecimal.
        found: String,
    },
    /// The key cannot be used with this algorithm: it is too short, or of another kind.
    #[error("the key cannot sign with this algorithm")]
    AlgorithmUnsupported,
    /// The card refuses this kind of signature with a key that it has. What it may still sign are
    /// whole messages, with RSASSA-PKCS1-v1_5 and SHA-256.
    #[error(
        "the card answered {status_word} to a signature with {algorithm}, and knows no other way to one"
    )]
    SignatureUnsupported {
        /// What was asked for.
        algorithm: SignatureAlgorithm,
        /// What the card said.
        status_word: StatusWord,
    },
    /// The digest has not the length that the hash function gives.
    #[error("the digest has {found} bytes instead of {expected}")]
    DigestLength {
        /// What the algorithm wants, in bytes.
        expected: usize,
        /// What came, in bytes.
        found: usize,
    },
    /// The card refused a command, or answered it as it should not.
    #[error("the card answered {status_word} to {operation}")]
    Unexpected {
        /// The command.
        operation: Operation,
        /// What the card said.
        status_word: StatusWord,
    },
    /// Data on the card are not what they should be.
    #[error("the card holds malformed data: {what}")]
    MalformedData {
        /// Which data.
        what: &'static str,
    },
    /// What came back was not from the card the session was opened with, or was altered on the way.
    #[error("the card's answer is not authentic")]
    SecureMessaging(#[source] SecureMessagingError),
    /// The card gave a signature that its own certificate does not confirm. It was thrown away.
    #[error("the card made a wrong signature")]
    SignatureInvalid,
    /// Somebody raised the [`Cancel`](crate::Cancel) flag.
    #[error("cancelled")]
    Cancelled,
    /// The vendor's module that serves this token did not do its part.
    #[error("the module {module:?} has failed: {trouble}")]
    Module {
        /// The name that the person gave it.
        module: String,
        /// What is the matter with it.
        trouble: ModuleTrouble,
    },
    /// The PIN of this token is typed at the token itself, and this can't be done there.
    #[error("the PIN is typed at the token itself")]
    PinPad,
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers")]
    NoRandomness,
    /// Anything else the reader or its service reports.
    #[error("the reader failed")]
    Reader(#[source] ChannelError),
}

/// A PIN change or an unblocking that failed, and which PIN the token takes now.
#[derive(Debug, thiserror::Error)]
#[error("the PIN was not changed as asked; {valid}")]
pub struct PinChangeError {
    /// The PIN that is valid now.
    pub valid: ValidPin,
    /// What went wrong.
    #[source]
    pub reason: Box<TokenError>,
}

/// Which of two PINs a token takes after a failed change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValidPin {
    /// The old one; after an unblocking, whatever it was before.
    Current,
    /// The new one.
    New,
    /// One of them, and the token can no longer be asked which (it was pulled out, say).
    Unknown,
}

impl std::fmt::Display for ValidPin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Current => "the old PIN is still valid",
            Self::New => "the new PIN is valid",
            Self::Unknown => "either the old or the new PIN is valid",
        })
    }
}

/// The commands that a card may refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// GET DATA
    GetData,
    /// INITIALIZE UPDATE or EXTERNAL AUTHENTICATE of secure messaging.
    Handshake,
    /// SELECT
    Select,
    /// READ BINARY
    ReadBinary,
    /// GET CHALLENGE
    GetChallenge,
    /// EXTERNAL AUTHENTICATE with a PIN.
    VerifyPin,
    /// Writing a new PIN.
    UpdatePin,
    /// MANAGE SECURITY ENVIRONMENT
    SelectKey,
    /// PERFORM SECURITY OPERATION with a private key.
    UseKey,
    /// PERFORM SECURITY OPERATION that finishes a hash.
    Hash,
}

impl std::fmt::Display for Operation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::GetData => "GET DATA",
            Self::Handshake => "the handshake of secure messaging",
            Self::Select => "SELECT",
            Self::ReadBinary => "READ BINARY",
            Self::GetChallenge => "GET CHALLENGE",
            Self::VerifyPin => "EXTERNAL AUTHENTICATE",
            Self::UpdatePin => "UPDATE SECRET",
            Self::SelectKey => "MANAGE SECURITY ENVIRONMENT",
            Self::UseKey => "PERFORM SECURITY OPERATION",
            Self::Hash => "PERFORM SECURITY OPERATION: HASH",
        })
    }
}

impl From<ChannelError> for TokenError {
    fn from(error: ChannelError) -> Self {
        match error {
            ChannelError::ServiceUnavailable => Self::ServiceUnavailable,
            ChannelError::NoSuchReader { reader } => Self::NoSuchReader { reader },
            ChannelError::NoCard => Self::NoCard,
            ChannelError::Removed => Self::CardRemoved,
            ChannelError::Mute => Self::CardMute,
            ChannelError::WasReset => Self::SessionStolen,
            ChannelError::Busy { waited } => Self::ReaderBusy { waited },
            ChannelError::Cancelled => Self::Cancelled,
            other => Self::Reader(other),
        }
    }
}
