//! Trouble with a token, as the numbered situations that people are told.

use kagibashi_protocol::{ErrorCode, Failure};
use kagibashi_token::{PinFormatError, TokenError};

/// The failure that a person or a page is told of.
pub fn of_token(error: &TokenError) -> Failure {
    let mut failure = Failure::new(code_of_token(error));
    match error {
        TokenError::PinWrong { tries_left } | TokenError::PukWrong { tries_left } => {
            failure.detail.tries_left = *tries_left;
        }
        TokenError::Unexpected { status_word, .. }
        | TokenError::SignatureUnsupported { status_word, .. } => {
            failure.detail.status_word = Some(status_word.to_string());
        }
        TokenError::PinChange(change) => return of_token(&change.reason),
        _ => {}
    }
    failure
}

/// The code alone.
pub fn code_of_token(error: &TokenError) -> ErrorCode {
    match error {
        TokenError::ServiceUnavailable => ErrorCode::NoSmartCardService,
        TokenError::NoSuchReader { .. } | TokenError::CardRemoved => ErrorCode::TokenRemoved,
        TokenError::NoCard => ErrorCode::NoToken,
        TokenError::CardMute => ErrorCode::MuteToken,
        TokenError::CardUnsupported { .. }
        | TokenError::NotInitialised
        | TokenError::NoPin
        | TokenError::PinPad
        | TokenError::LoginUnprotected => ErrorCode::UnsupportedToken,
        TokenError::ReaderBusy { .. } => ErrorCode::TokenInUse,
        TokenError::SessionStolen => ErrorCode::SessionStolen,
        TokenError::PinWrong { .. } => ErrorCode::WrongPin,
        TokenError::PinLocked => ErrorCode::PinLocked,
        TokenError::PukWrong { .. } => ErrorCode::WrongPuk,
        TokenError::PukLocked => ErrorCode::PukLocked,
        TokenError::NoPuk => ErrorCode::NoPuk,
        TokenError::PinFormat(format) => code_of_pin_format(*format),
        TokenError::PinChange(change) => code_of_token(&change.reason),
        TokenError::KeyNotFound | TokenError::CertificateNotFound => ErrorCode::CertificateNotFound,
        TokenError::WrongToken { .. } => ErrorCode::OtherToken,
        TokenError::Unexpected { .. } => ErrorCode::TokenRefused,
        TokenError::SignatureUnsupported { .. } | TokenError::AlgorithmUnsupported => {
            ErrorCode::SignatureUnsupported
        }
        TokenError::MalformedData { .. } => ErrorCode::BadTokenData,
        TokenError::SecureMessaging(_) => ErrorCode::SecureMessagingFailed,
        TokenError::SignatureInvalid => ErrorCode::SignatureCheckFailed,
        TokenError::Module { .. } => ErrorCode::ModuleFailed,
        TokenError::Cancelled => ErrorCode::Cancelled,
        _ => ErrorCode::HostFault,
    }
}

/// Why something typed cannot be a PIN.
pub fn code_of_pin_format(error: PinFormatError) -> ErrorCode {
    match error {
        PinFormatError::TooShort => ErrorCode::PinTooShort,
        PinFormatError::TooLong => ErrorCode::PinTooLong,
        PinFormatError::NotAscii => ErrorCode::PinNotAscii,
    }
}
