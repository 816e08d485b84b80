//! What can go wrong with a module.

use std::fmt;

use cryptoki_sys as ck;

/// Why a module did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// The system does not load it.
    #[error("it can't be loaded: {0}")]
    NotLoaded(String),
    /// It has no `C_GetFunctionList`, or nothing behind it.
    #[error("it is no PKCS#11 module")]
    NoModule,
    /// A function is missing.
    #[error("it lacks {0}")]
    Missing(&'static str),
    /// A function failed.
    #[error("{function} answered {value}")]
    Refused {
        /// The function's name in the standard.
        function: &'static str,
        /// What it returned.
        value: ReturnValue,
    },
    /// It said something that can't be true.
    #[error("{0} told nonsense")]
    Nonsense(&'static str),
}

impl ModuleError {
    /// What the function returned, if that is the trouble.
    pub fn value(&self) -> Option<ReturnValue> {
        match self {
            Self::Refused { value, .. } => Some(*value),
            _ => None,
        }
    }
}

/// A `CK_RV` other than `CKR_OK`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReturnValue(pub ck::CK_RV);

macro_rules! return_values {
    ($($name:ident $value:ident,)*) => {
        impl ReturnValue {
            $(
                #[doc = stringify!($value)]
                pub const $name: Self = Self(ck::$value);
            )*

            fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => Some(stringify!($value)),)*
                    _ => None,
                }
            }
        }
    };
}

return_values! {
    HOST_MEMORY CKR_HOST_MEMORY,
    SLOT_ID_INVALID CKR_SLOT_ID_INVALID,
    GENERAL_ERROR CKR_GENERAL_ERROR,
    FUNCTION_FAILED CKR_FUNCTION_FAILED,
    ARGUMENTS_BAD CKR_ARGUMENTS_BAD,
    CANT_LOCK CKR_CANT_LOCK,
    ATTRIBUTE_SENSITIVE CKR_ATTRIBUTE_SENSITIVE,
    ATTRIBUTE_TYPE_INVALID CKR_ATTRIBUTE_TYPE_INVALID,
    DATA_INVALID CKR_DATA_INVALID,
    DATA_LEN_RANGE CKR_DATA_LEN_RANGE,
    DEVICE_ERROR CKR_DEVICE_ERROR,
    DEVICE_MEMORY CKR_DEVICE_MEMORY,
    DEVICE_REMOVED CKR_DEVICE_REMOVED,
    FUNCTION_CANCELED CKR_FUNCTION_CANCELED,
    FUNCTION_NOT_SUPPORTED CKR_FUNCTION_NOT_SUPPORTED,
    KEY_HANDLE_INVALID CKR_KEY_HANDLE_INVALID,
    KEY_TYPE_INCONSISTENT CKR_KEY_TYPE_INCONSISTENT,
    KEY_FUNCTION_NOT_PERMITTED CKR_KEY_FUNCTION_NOT_PERMITTED,
    MECHANISM_INVALID CKR_MECHANISM_INVALID,
    MECHANISM_PARAM_INVALID CKR_MECHANISM_PARAM_INVALID,
    OBJECT_HANDLE_INVALID CKR_OBJECT_HANDLE_INVALID,
    OPERATION_ACTIVE CKR_OPERATION_ACTIVE,
    OPERATION_NOT_INITIALIZED CKR_OPERATION_NOT_INITIALIZED,
    PIN_INCORRECT CKR_PIN_INCORRECT,
    PIN_INVALID CKR_PIN_INVALID,
    PIN_LEN_RANGE CKR_PIN_LEN_RANGE,
    PIN_EXPIRED CKR_PIN_EXPIRED,
    PIN_LOCKED CKR_PIN_LOCKED,
    SESSION_CLOSED CKR_SESSION_CLOSED,
    SESSION_HANDLE_INVALID CKR_SESSION_HANDLE_INVALID,
    SESSION_COUNT CKR_SESSION_COUNT,
    TOKEN_NOT_PRESENT CKR_TOKEN_NOT_PRESENT,
    TOKEN_NOT_RECOGNIZED CKR_TOKEN_NOT_RECOGNIZED,
    TOKEN_WRITE_PROTECTED CKR_TOKEN_WRITE_PROTECTED,
    USER_ALREADY_LOGGED_IN CKR_USER_ALREADY_LOGGED_IN,
    USER_NOT_LOGGED_IN CKR_USER_NOT_LOGGED_IN,
    USER_PIN_NOT_INITIALIZED CKR_USER_PIN_NOT_INITIALIZED,
    USER_TYPE_INVALID CKR_USER_TYPE_INVALID,
    USER_ANOTHER_ALREADY_LOGGED_IN CKR_USER_ANOTHER_ALREADY_LOGGED_IN,
    BUFFER_TOO_SMALL CKR_BUFFER_TOO_SMALL,
    CRYPTOKI_NOT_INITIALIZED CKR_CRYPTOKI_NOT_INITIALIZED,
    CRYPTOKI_ALREADY_INITIALIZED CKR_CRYPTOKI_ALREADY_INITIALIZED,
}

/// The standard's name, or the number.
impl fmt::Display for ReturnValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => formatter.write_str(name),
            None => write!(formatter, "0x{:08X}", self.0),
        }
    }
}
