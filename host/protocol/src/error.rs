//! The numbered error codes: blame and situation in one table.

use serde::{Deserialize, Deserializer, Serialize};

/// Whose move it is to set the trouble right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Blame {
    /// The page asked for something it must not or cannot get.
    Page,
    /// The person decided, or typed something else than the card wants.
    User,
    /// The card, or what is on it.
    Card,
    /// This computer: service, reader, files, the host itself.
    Host,
    /// A rule that the person or an administrator has set.
    Policy,
    /// The extension sent what it never should.
    Extension,
}

macro_rules! error_codes {
    ($($number:literal $variant:ident $name:literal $blame:ident $web_eid:literal,)*) => {
        /// A situation. Numbers and names never change their meaning and are
        /// never used again; the document lists them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the names are the documentation; PROTOCOL.md says more")]
        pub enum ErrorCode {
            $($variant,)*
        }

        impl ErrorCode {
            /// Every code, in the order of the document.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The number that crosses the wire.
            pub fn number(self) -> u16 {
                match self {
                    $(Self::$variant => $number,)*
                }
            }

            /// The code of that number.
            pub fn from_number(number: u16) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.number() == number)
            }

            /// The name that crosses the wire and keys the texts.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Whose move it is.
            pub fn blame(self) -> Blame {
                match self {
                    $(Self::$variant => Blame::$blame,)*
                }
            }

            /// What a Web eID page is told.
            pub fn web_eid(self) -> &'static str {
                match self {
                    $(Self::$variant => $web_eid,)*
                }
            }
        }
    };
}

error_codes! {
    101 InvalidOrigin "invalid-origin" Page "ERR_WEBEID_NATIVE_INVALID_ARGUMENT",
    102 InvalidNonce "invalid-nonce" Page "ERR_WEBEID_NATIVE_INVALID_ARGUMENT",
    103 InvalidHash "invalid-hash" Page "ERR_WEBEID_NATIVE_INVALID_ARGUMENT",
    104 UnknownHashFunction "unknown-hash-function" Page "ERR_WEBEID_NATIVE_INVALID_ARGUMENT",
    105 InvalidCertificate "invalid-certificate" Page "ERR_WEBEID_NATIVE_INVALID_ARGUMENT",
    106 Busy "busy" Page "ERR_WEBEID_UNKNOWN_ERROR",
    107 TooManyRequests "too-many-requests" Page "ERR_WEBEID_UNKNOWN_ERROR",
    108 PageGone "page-gone" Page "ERR_WEBEID_USER_CANCELLED",
    201 Cancelled "cancelled" User "ERR_WEBEID_USER_CANCELLED",
    202 TimedOut "timed-out" User "ERR_WEBEID_USER_TIMEOUT",
    203 WrongPin "wrong-pin" User "ERR_WEBEID_NATIVE_FATAL",
    204 PinTooShort "pin-too-short" User "ERR_WEBEID_NATIVE_FATAL",
    205 PinTooLong "pin-too-long" User "ERR_WEBEID_NATIVE_FATAL",
    206 PinNotAscii "pin-not-ascii" User "ERR_WEBEID_NATIVE_FATAL",
    207 LastTryNotConfirmed "last-try-not-confirmed" User "ERR_WEBEID_NATIVE_FATAL",
    208 PinUnchanged "pin-unchanged" User "ERR_WEBEID_NATIVE_FATAL",
    209 PinMissing "pin-missing" User "ERR_WEBEID_NATIVE_FATAL",
    210 AmbiguousCertificate "ambiguous-certificate" User "ERR_WEBEID_NATIVE_FATAL",
    211 WrongPuk "wrong-puk" User "ERR_WEBEID_NATIVE_FATAL",
    301 NoToken "no-token" Card "ERR_WEBEID_NATIVE_FATAL",
    302 UnsupportedToken "unsupported-token" Card "ERR_WEBEID_NATIVE_FATAL",
    303 TokenRemoved "token-removed" Card "ERR_WEBEID_NATIVE_FATAL",
    304 MuteToken "mute-token" Card "ERR_WEBEID_NATIVE_FATAL",
    305 TokenInUse "token-in-use" Card "ERR_WEBEID_NATIVE_FATAL",
    306 OtherToken "other-token" Card "ERR_WEBEID_NATIVE_FATAL",
    307 PinLocked "pin-locked" Card "ERR_WEBEID_USER_CANCELLED",
    308 CertificateNotFound "certificate-not-found" Card "ERR_WEBEID_NATIVE_FATAL",
    309 NoUsableCertificate "no-usable-certificate" Card "ERR_WEBEID_NATIVE_FATAL",
    310 SessionStolen "session-stolen" Card "ERR_WEBEID_NATIVE_FATAL",
    311 BadTokenData "bad-token-data" Card "ERR_WEBEID_NATIVE_FATAL",
    312 SecureMessagingFailed "secure-messaging-failed" Card "ERR_WEBEID_NATIVE_FATAL",
    313 SignatureCheckFailed "signature-check-failed" Card "ERR_WEBEID_NATIVE_FATAL",
    314 TokenRefused "token-refused" Card "ERR_WEBEID_NATIVE_FATAL",
    315 PinChangeUncertain "pin-change-uncertain" Card "ERR_WEBEID_NATIVE_FATAL",
    316 PukLocked "puk-locked" Card "ERR_WEBEID_NATIVE_FATAL",
    317 NoPuk "no-puk" Card "ERR_WEBEID_NATIVE_FATAL",
    318 SignatureUnsupported "signature-unsupported" Card "ERR_WEBEID_NATIVE_FATAL",
    401 NoSmartCardService "no-smart-card-service" Host "ERR_WEBEID_NATIVE_FATAL",
    402 NoReader "no-reader" Host "ERR_WEBEID_NATIVE_FATAL",
    403 HostFault "host-fault" Host "ERR_WEBEID_NATIVE_FATAL",
    404 AnswerTooLarge "answer-too-large" Host "ERR_WEBEID_NATIVE_FATAL",
    405 StorageFailed "storage-failed" Host "ERR_WEBEID_NATIVE_FATAL",
    406 FileNotWritten "file-not-written" Host "ERR_WEBEID_NATIVE_FATAL",
    407 TrustToolMissing "trust-tool-missing" Host "ERR_WEBEID_NATIVE_FATAL",
    408 ModuleFailed "module-failed" Host "ERR_WEBEID_NATIVE_FATAL",
    411 HostMissing "host-missing" Host "ERR_WEBEID_NATIVE_UNAVAILABLE",
    412 HostGone "host-gone" Host "ERR_WEBEID_NATIVE_UNAVAILABLE",
    413 HostIncompatible "host-incompatible" Host "ERR_WEBEID_VERSION_MISMATCH",
    501 SigningNotGranted "signing-not-granted" Policy "ERR_WEBEID_USER_CANCELLED",
    601 MessageTooLarge "message-too-large" Extension "ERR_WEBEID_UNKNOWN_ERROR",
    602 MessageTruncated "message-truncated" Extension "ERR_WEBEID_UNKNOWN_ERROR",
    603 MessageEmpty "message-empty" Extension "ERR_WEBEID_UNKNOWN_ERROR",
    604 MessageNotUtf8 "message-not-utf8" Extension "ERR_WEBEID_UNKNOWN_ERROR",
    605 MessageNotObject "message-not-object" Extension "ERR_WEBEID_UNKNOWN_ERROR",
    606 UnknownMessage "unknown-message" Extension "ERR_WEBEID_UNKNOWN_ERROR",
    607 UnknownCommand "unknown-command" Extension "ERR_WEBEID_UNKNOWN_ERROR",
    608 InvalidArguments "invalid-arguments" Extension "ERR_WEBEID_UNKNOWN_ERROR",
    609 RequestInUse "request-in-use" Extension "ERR_WEBEID_UNKNOWN_ERROR",
    610 CallerNotAllowed "caller-not-allowed" Extension "ERR_WEBEID_NATIVE_UNAVAILABLE",
    701 InsecurePage "insecure-page" Page "ERR_WEBEID_CONTEXT_INSECURE",
    702 ExtensionRestarted "extension-restarted" Extension "ERR_WEBEID_UNKNOWN_ERROR",
}

impl Serialize for ErrorCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What a failure tells beyond its code; most tell nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Detail {
    /// PIN tries left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tries_left: Option<u8>,
    /// SW1 SW2, four hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_word: Option<String>,
    /// The file that could not be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The version that does not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The field that is missing, of the wrong type or not expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// A request that did not succeed: the code and its details.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} ({})", code.name(), code.number())]
pub struct Failure {
    /// The situation.
    pub code: ErrorCode,
    /// What there is to tell beyond it.
    pub detail: Detail,
}

impl Failure {
    /// A failure without details.
    pub fn new(code: ErrorCode) -> Self {
        Self {
            code,
            detail: Detail::default(),
        }
    }

    /// `invalid-arguments`, naming the field.
    pub fn invalid_arguments(field: &str) -> Self {
        let mut failure = Self::new(ErrorCode::InvalidArguments);
        // The name may be an unknown field's own: never echo it at length.
        failure.detail.field = Some(field.chars().take(64).collect());
        failure
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

impl Serialize for Failure {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            code: u16,
            name: &'a str,
            blame: Blame,
            detail: &'a Detail,
        }
        Wire {
            code: self.code.number(),
            name: self.code.name(),
            blame: self.code.blame(),
            detail: &self.detail,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Failure {
    /// A number that is not known here comes from a newer host: all that can
    /// be said of it is that the host failed.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            code: u16,
            detail: Detail,
        }
        let Wire { code, detail } = Wire::deserialize(deserializer)?;
        Ok(Self {
            code: ErrorCode::from_number(code).unwrap_or(ErrorCode::HostFault),
            detail,
        })
    }
}
