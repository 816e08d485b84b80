//! What a function can return, and what trouble becomes which of it.

use cryptoki_sys as ck;
use kagibashi_protocol::ErrorCode;
use kagibashi_protocol::agent::AgentError;

macro_rules! return_values {
    ($($variant:ident $code:ident,)*) => {
        /// Every `CKR_` code of this module but `CKR_OK`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ReturnValue {
            $($variant,)*
        }

        impl ReturnValue {
            /// The number.
            pub fn code(self) -> ck::CK_RV {
                match self {
                    $(Self::$variant => ck::$code,)*
                }
            }
        }
    };
}

return_values! {
    ArgumentsBad CKR_ARGUMENTS_BAD,
    AttributeSensitive CKR_ATTRIBUTE_SENSITIVE,
    AttributeTypeInvalid CKR_ATTRIBUTE_TYPE_INVALID,
    BufferTooSmall CKR_BUFFER_TOO_SMALL,
    CryptokiAlreadyInitialized CKR_CRYPTOKI_ALREADY_INITIALIZED,
    CryptokiNotInitialized CKR_CRYPTOKI_NOT_INITIALIZED,
    DataInvalid CKR_DATA_INVALID,
    DataLenRange CKR_DATA_LEN_RANGE,
    DeviceError CKR_DEVICE_ERROR,
    DeviceRemoved CKR_DEVICE_REMOVED,
    FunctionCanceled CKR_FUNCTION_CANCELED,
    FunctionNotParallel CKR_FUNCTION_NOT_PARALLEL,
    GeneralError CKR_GENERAL_ERROR,
    KeyHandleInvalid CKR_KEY_HANDLE_INVALID,
    KeyTypeInconsistent CKR_KEY_TYPE_INCONSISTENT,
    MechanismInvalid CKR_MECHANISM_INVALID,
    MechanismParamInvalid CKR_MECHANISM_PARAM_INVALID,
    NoEvent CKR_NO_EVENT,
    ObjectHandleInvalid CKR_OBJECT_HANDLE_INVALID,
    OperationActive CKR_OPERATION_ACTIVE,
    OperationNotInitialized CKR_OPERATION_NOT_INITIALIZED,
    PinIncorrect CKR_PIN_INCORRECT,
    PinLenRange CKR_PIN_LEN_RANGE,
    PinLocked CKR_PIN_LOCKED,
    RandomNoRng CKR_RANDOM_NO_RNG,
    SessionClosed CKR_SESSION_CLOSED,
    SessionCount CKR_SESSION_COUNT,
    SessionHandleInvalid CKR_SESSION_HANDLE_INVALID,
    SessionParallelNotSupported CKR_SESSION_PARALLEL_NOT_SUPPORTED,
    SlotIdInvalid CKR_SLOT_ID_INVALID,
    TokenNotPresent CKR_TOKEN_NOT_PRESENT,
    TokenNotRecognized CKR_TOKEN_NOT_RECOGNIZED,
    TokenWriteProtected CKR_TOKEN_WRITE_PROTECTED,
    UserAlreadyLoggedIn CKR_USER_ALREADY_LOGGED_IN,
    UserNotLoggedIn CKR_USER_NOT_LOGGED_IN,
    UserPinNotInitialized CKR_USER_PIN_NOT_INITIALIZED,
    UserTypeInvalid CKR_USER_TYPE_INVALID,
}

/// Shorthand of every function between `entry` and the host.
pub type Outcome<T> = Result<T, ReturnValue>;

impl From<&AgentError> for ReturnValue {
    fn from(error: &AgentError) -> Self {
        match error {
            AgentError::Failed(failure) => failure.code.into(),
            AgentError::Connect(_)
            | AgentError::Incompatible(_)
            | AgentError::Gone(_)
            | AgentError::TimedOut
            | AgentError::Garbled => Self::DeviceError,
        }
    }
}

impl From<ErrorCode> for ReturnValue {
    /// What a program can do something about has a code of its own; all else
    /// is an error of the device.
    fn from(code: ErrorCode) -> Self {
        match code {
            // Each of these ends a handshake at once, and a browser does not
            // ask again by itself.
            ErrorCode::Cancelled
            | ErrorCode::TimedOut
            | ErrorCode::PageGone
            | ErrorCode::LastTryNotConfirmed => Self::FunctionCanceled,
            // No try is spent on the last; all a program can do is ask again.
            ErrorCode::WrongPin | ErrorCode::PinNotAscii => Self::PinIncorrect,
            ErrorCode::PinTooShort | ErrorCode::PinTooLong => Self::PinLenRange,
            ErrorCode::PinLocked => Self::PinLocked,
            ErrorCode::PinMissing | ErrorCode::SessionStolen => Self::UserNotLoggedIn,
            ErrorCode::NoToken => Self::TokenNotPresent,
            ErrorCode::UnsupportedToken => Self::TokenNotRecognized,
            ErrorCode::TokenRemoved | ErrorCode::OtherToken => Self::DeviceRemoved,
            ErrorCode::CertificateNotFound | ErrorCode::NoUsableCertificate => {
                Self::KeyHandleInvalid
            }
            ErrorCode::InvalidHash => Self::DataLenRange,
            ErrorCode::UnknownHashFunction => Self::MechanismInvalid,
            _ => Self::DeviceError,
        }
    }
}
